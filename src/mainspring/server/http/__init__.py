"""The HTTP door: what stands in front of everything that is spoken over HTTP, whatever listens.

    request -> Host allowed? -> /healthz, /readyz
                             -> the routes of a door behind, such as the web UI

    door        the ASGI application             hosts         which names a browser may call this server by
    rest        the API as HTTP and JSON         bindings      which RPC a path stands for
    requests    parts of a request -> message    payload_json  payloads by their values
    json_body   what a body may look like        text_values   what a path or a query may say
    cors        pages of other sites             json_text     what is JSON at all
    openapi     the document of the API          schemas       its messages
    statuses    code of gRPC -> status           description   where the document is found, as yaml_text too

A page of another site can make a browser resolve that site's name to this machine and then read what a server without
passwords answers (DNS rebinding). The browser still sends the other site's name as `Host`: a server on loopback
refuses names that are not this machine's own.

May import: `frontend`, and the engine's errors. Runs no loop. `process.http_server` listens. Start reading at `door`.
"""

from __future__ import annotations

from mainspring.server.http.door import door
from mainspring.server.http.hosts import allowed_hosts

__all__ = ["allowed_hosts", "door"]
