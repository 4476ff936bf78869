"""The service: one coroutine per RPC. Validate, route, answer; nothing here decides what happens to a run.

    transport --(request, Call)--> group.snake_case_of_rpc --> protobuf reply | RawReply | raises ServiceError

Methods are grouped in plain classes, one file per part of the API:

    namespaces  the registry every request goes through; Register, Describe, List, Update, Deprecate
    system      GetSystemInfo, GetClusterInfo, GetSearchAttributes
    operator    the operator service
    workers     worker heartbeats
    refusals    what is answered for RPCs that are not served

`process.binding` joins the groups and finds each RPC's method by its name: a new RPC is a new method and nothing else.
A method checks its request in the order of the real server, since clients see the first error only: the namespace, then
the fields.

May import: history, matching, visibility, persistence, engine. Runs no loop; `operator` removes deleted namespaces in
tasks of its own.
Start reading at `call`, then `system`.
"""
