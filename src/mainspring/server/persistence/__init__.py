"""Persistence: the rows behind every run, and the one place where a transaction begins and ends.

    history, matching, visibility, frontend
        |  coroutines of the Store protocol (store.py); they block the loop for brief commits only
        v
    sqlite/store.py ---- commit and small writes ----> writer -- one database transaction per group --> file
        |                                                  one connection; the only one that writes: a thread's,
        |                                                  or the loop's in an embedded engine, while commits are brief
        '------- loads, lists, histories ------------> reader threads, a connection each (WAL: they never wait for it)

    memory/             the same protocol over dicts, for simulation and tests; held to it by the same suite
    sqlite/schema.sql   the whole schema; sqlite/migrations/ is how a file gets there
    sqlite/*.sql        every statement, by name

What it owns: tables, statements, migrations, the lock on the file, group commit, verify and backup. It decides nothing
about a run: what is in `Changes` is written, all or nothing, and durable before `commit` returns.

Lock order, the same in every statement sequence of one transition, so that databases which lock rows cannot deadlock:
`runs` (in the transition's order) < `current_runs` < `history` < `pending` < `tasks` < `outbox` < `visibility`.
In the process: `<file>.lock` is taken before the file is opened and let go after it is closed; nothing else is held.

May import: `engine`. Loops: one writer thread, two reader threads per SQLite file; none runs while nothing is asked.
Start reading at store.py (what is promised), sqlite/transitions.py (what is written), sqlite/writer.py (when, by whom).
"""
