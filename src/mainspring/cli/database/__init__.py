"""`mainspring backup`, `verify`, `migrate`, `import-history`: database files, without a server or beside one.

    backup DEST    a copy as of one moment; a server may go on meanwhile
    verify         is the file whole, and are the runs in it?
    migrate        bring the schema up to date, as the start of a server would
    import-history FILES    histories from elsewhere as closed runs

    command.py     the four commands: options, text and JSON, a progress bar on a terminal
    importing.py   files to histories to runs; how a run is made of a history is the engine's `imported`

What is done to a file is `mainspring.server.persistence.sqlite`'s, which alone knows its tables. It blocks, so nothing
here has an event loop.
"""
