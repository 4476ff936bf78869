"""`mainspring backup`, `verify`, `migrate`: look after a database file, without a server or beside one.

    backup DEST    a copy as of one moment; a server may go on meanwhile
    verify         is the file whole, and are the runs in it?
    migrate        bring the schema up to date, as the start of a server would

    command.py     the three commands: options, text and JSON, a progress bar on a terminal

What is done to a file is `mainspring.server.persistence.sqlite`'s, which alone knows its tables. It blocks, so nothing
here has an event loop.
"""
