"""Mainspring: a durable execution engine in one process and one SQLite file, speaking Temporal's wire protocol.

    async with mainspring.embedded("app.db", workflows=[add_node], activities=[create_vm]) as client:
        await client.execute_workflow(add_node, AddNodeInput("n1"), id="n1")

    mainspring.workflow, .activity, .client, .worker, .testing, ...     the SDK, with the official Python SDK's names
    mainspring server start-dev                                         a server for workers and clients of any SDK
    mainspring.server                                                   everything behind the API: internal

Public is what `__all__` of this package and of the SDK's modules lists, and the commands of `mainspring --help`. All
else may change any day.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# Before anything loads gRPC, which the API's types do: its handlers of fork crash the children of process pools, which
# never use a connection of ours.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

if TYPE_CHECKING:
    from mainspring._embedded import embedded

__all__ = ["__version__", "embedded"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Load what opens an engine when it is asked for: the command line starts faster without asyncio."""
    if name == "embedded":
        from mainspring._embedded import embedded

        return embedded
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
