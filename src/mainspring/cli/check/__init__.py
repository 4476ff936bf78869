"""`mainspring check PATHS`: what would fail when workflows are registered, called or replayed, told before they are.

    files --program--> modules, and the activities that they have
        |--> determinism.check_module     calls that do not repeat
        |--> definitions                  what `@workflow.defn`, `@activity.defn` and workers refuse
        '--> calls                        activities without a timeout, not awaited, or called as what they are not
                --> Complaint: path, line, code, message with what to write instead

    command.py      options, text and JSON

Code is read as registration reads it; nothing of it is imported or run, so it may stand anywhere and lack its packages.
What the text does not say (a name from a file that was not given, a decorator made elsewhere) is not complained of.
"""
