"""Task queues: waiting pollers meet ready tasks, in process.

    offer(task) ──> Matching ──> TaskQueue ──┬── backlog.py   tasks in memory, and how far the table is known
                                             ├── order.py     priority, fairness, age
                                             ├── pollers.py   who waits, who was here
                                             └── rates.py     how fast it may go, how fast it goes
    ask(query)  ──> queries.py                └─ rows.py      pages from the store, rows dropped from it

Owns no truth: every task but a speculative one has a row that outlives the process, and starting a task twice is
refused by its run. What this room must see to is that none is lost while the process lives, and none handed out twice.

May import `engine` and `persistence`. Runs no loop: one timer sweeps idle queues each minute, and a page is read when a
queue runs low. Start reading at `matching.Matching`, then `task_queue`, then `backlog`.
"""
