"""The process: configuration, transports, lifecycle; wires the rooms together.

    config_source --Config--> server.run --> assembly.assemble --Methods--> grpc_server
                                                  |
                                  store, matching, history, visibility, groups of the frontend

    config          every setting, one tree          config_source   from TOML and environment, all errors at once
    assembly        which room gets which            server          open, listen, stop on a signal
    binding         RPC -> coroutine by its name      grpc_methods    one RPC: bytes in, bytes or a status out
    grpc_server     listens, keepalive               client_versions who may talk to this server
    http_listener   a port for HTTP, served when somebody comes
    http_server     serves HTTP, without a loop of its own
    http_doors      what is spoken over HTTP: the UI, the API, metrics
    answering       the methods as doors in this process call them
    statistics      what was called and how long it took; metrics writes it out
    http_service    the service as the HTTP API calls it
    ui_service      the service as the web UI calls it
    health          grpc.health.v1                   reflection      grpc.reflection.v1 and v1alpha
    logs            what a line of the log looks like

May import every room of the server; nothing in the server imports it. Loops: grpcio's. Start reading at `server.run`.
"""
