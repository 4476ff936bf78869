"""The pure core: what happens to a run, decided without I/O, clock or randomness.

    (state of the run, cause, now, ids)  ->  transition  ->  Changes

A *run* is one workflow execution. Every change of a run is a transition: a function named for what happened, which
mutates the `Run` in memory; `run.take_changes()` then gives all that must be committed together. One module per concern
(`start`, `workflow_task`, `activity`, `timer`, `signal`, `child`, `external`, `update`, `close`, ...). Events are built
in `history_builder`, one constructor per event type and nowhere else.

Imports nothing of ours. Start reading at `state.Run`, then `workflow_task`, then any concern.
"""
