"""A namespace registry over a store in memory, and calls without a transport."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from mainspring.server.engine.limits import Limits
from mainspring.server.frontend.call import Call
from mainspring.server.frontend.namespaces import NamespaceRegistry, new_namespace
from mainspring.server.persistence.sqlite import open_sqlite

CALL = Call()
LIMITS = Limits()


@asynccontextmanager
async def a_registry(*names: str) -> AsyncGenerator[NamespaceRegistry]:
    """Holds these namespaces, or `default`."""
    store = await open_sqlite(None)
    try:
        registry = NamespaceRegistry(store, LIMITS)
        await registry.load()
        for name in names or ("default",):
            await registry.create(new_namespace(name, retention_s=86_400))
        yield registry
    finally:
        await store.close()
