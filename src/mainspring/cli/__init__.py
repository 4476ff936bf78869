"""Commands. `main` holds the group; each group of commands is a file that is imported when it is asked for.

    mainspring --version
    mainspring replay               is the workflow code of today true to these histories?
    mainspring server start-dev     a server for development, with the flags of the official one
    mainspring server start         a server from a configuration file
    mainspring server verify        is the file whole?
    mainspring server backup        copy the file while it is in use

May import the server only inside commands, so that `mainspring --help` answers at once.
"""
