"""Runs transitions: load the run, lock it, let the engine decide, commit, and only then tell the world.

    frontend ──> Starts, Tasks, Queries, ... ──> Runs.change(key, decide) ──> engine ──> Store.commit ──> publish
                                                                                            │
                     matching (tasks) <── publish ──> Outbox (effects), Wakeups (deadlines), waiters

Owns the runs in memory, one lock per workflow id, and three loops: `Wakeups` (what is due), `Outbox` (effects on other
runs) and nothing else. Everything it knows can be lost at any instant: the store has it all.

May import `engine` and `persistence`; what it needs of matching and of namespaces comes in by the protocols of `ports`.
Start reading at `runs.Runs`.
"""

from mainspring.server.history.service import History

__all__ = ["History"]
