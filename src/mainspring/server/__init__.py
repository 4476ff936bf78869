"""Everything behind the API: from the bytes of an RPC to the rows of the store, and back.

    process      configuration, gRPC transport, metrics, lifecycle; wires the rooms together
       |
    ui           pages for people: a client of the service
    frontend     one method per RPC: validate, route, answer
       |
    history      runs a transition: load, lock, call the engine, commit, publish; timers; outbox
    matching     task queues: waiting pollers meet ready tasks
    visibility   query language -> store query; search attributes
       |
    persistence  the Store protocol and its stores
       |
    engine       pure: what happens to a run, decided without I/O, clock or randomness

A room imports only what stands below it; rooms of one floor never import each other: what one needs of another comes in
as a constructor argument, typed by a small `Protocol` in the using room. `tests/test_imports.py` holds this. Each
room's `__init__.py` says what it owns, what it may import, which loops run in it and where to start reading.

One request, all the way down: `process` decodes it and calls `frontend`; `frontend` checks it and calls `history`;
`history` loads the run and calls a transition of `engine`, which returns `Changes`; `history` commits them through
`persistence`, and only then tells `matching` of new tasks, wakes who waits, and lets `frontend` answer.
"""
