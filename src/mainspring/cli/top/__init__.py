"""`mainspring top`: what a namespace does, looked at again and again.

    looking.py     Snapshot: runs by status, task queues with pollers and backlog, the runs that have waited longest
    drawing.py     a snapshot and the one before -> sections: titles, columns, rows; with rates; pure
    command.py     a terminal: the sections anew every --interval, until q or Ctrl-C; else once, as text or JSON
    keys.py        whether q was pressed

Why runs wait is told by `mainspring.explain`, as in `mainspring doctor`. One look costs two calls, one for each run and
queue that is looked at, and no more than `--limit` runs are.
"""
