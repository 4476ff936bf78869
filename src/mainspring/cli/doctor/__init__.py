"""`mainspring doctor`: what is stuck in a namespace, and why.

    cli/open_runs     runs, and why each does not go on: asked of the server, answered by `mainspring.explain`
    grouping.py       runs that wait for the same thing are one group; pure
    command.py        options, text and JSON, exit status

A group that needs somebody has a reason that will not go away by itself; what is tried again counts among them once it
has failed five times in a row. It looks at `--limit` runs at most, and says how many it did not look at.
"""
