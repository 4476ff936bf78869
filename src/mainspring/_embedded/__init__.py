"""An engine in this process: the one door from the SDK to the server's code.

    async with embedded("app.db", workflows=[...], activities=[...]) as client:      engine, worker and client
    async with open_engine("app.db") as engine:          engine: service.Engine, for a DirectServiceClient

Calls go from the client to the same methods that gRPC calls reach, as messages, on the same loop: no port, no bytes, no
second process. Everything that holds for the server holds here, since it is the server: a call answers when what it did
is durable, and after a kill the next opening of the file finds all of it.

May import: server.process and every room of the SDK; what is imported here loads none of them. Begin reading in
_engine.py; _testing.py has the engines of test environments.
"""

from mainspring._embedded._open import embedded

__all__ = ["embedded"]
