"""Commands. `main` holds the group; each group of commands is a file that is imported when it is asked for.

    mainspring --version
    mainspring run                  a worker with the workflows and activities of a module: see run/
    mainspring check                what would fail in workflow code: see check/
    mainspring doctor               what is stuck, and why: see doctor/
    mainspring top                  what happens, live: see top/
    mainspring replay               is the workflow code of today true to these histories?
    mainspring server start-dev     a server for development, with the flags of the official one
    mainspring server start         a server from a configuration file
    mainspring backup, verify, migrate, import-history    look after a database file: see database/

    mainspring workflow ...         start, list and operate on workflows, as the official command line does
    mainspring activity ...         the same for activities      batch     operations on all that a query finds
    mainspring operator ...         namespaces, search attributes, clusters, Nexus
    mainspring task-queue, worker   pollers, limits, workers, deployments
    mainspring schedule ...         workflows that are started again and again
    mainspring config, env          where to connect, by name; completion    scripts for shells
    mainspring options              what every command takes

    main, lazy     groups that import a command when it is called      global_options, command   flags that all take
    batches, paging, counting, start_parts      what several groups of verbs share
    remote, local  how a function becomes a command                    connection, session       what talks to a server
    output/        text, JSON, terminals                               endings                   exit statuses

A new verb is a coroutine function with `@remote.command(...)` in a file of its own, a line in its group's table, and a
case in `tests/cli/cases_*.py`.
May import the server only inside commands, so that `mainspring --help` answers at once.
"""
