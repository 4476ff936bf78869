"""`mainspring run app.py`: a worker made of a module, for development and for production.

    app.py --loading--> module --finding--> Found --working--> a worker for each task queue, until a signal
                                                       |
                                             a server (remote), or --embedded FILE (a server in this process)

    --reload    reloading: this process watches the files and runs the same line in another, anew after each change

    command.py      options, and which of the ways      finding.py      workflows and activities of a module
    working.py      workers, signals, the end           reloading.py    files, the other process

A worker's process imports the user's code, so it is the user's: it never changes the code or how it is imported.
"""
