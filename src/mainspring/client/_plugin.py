"""Plugins: one object that configures a client, how it connects, and (if it is a worker's plugin too) its workers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mainspring.service import ConnectConfig, ServiceClient

if TYPE_CHECKING:
    from mainspring.client._config import ClientConfig


class Plugin(ABC):
    """What `Client(plugins=...)` takes. Earlier plugins wrap later ones when the client connects."""

    def name(self) -> str:
        """What to call the plugin in messages: by default where its class is."""
        kind = type(self)
        return f"{kind.__module__}.{kind.__qualname__}"

    @abstractmethod
    def configure_client(self, config: ClientConfig) -> ClientConfig:
        """The configuration to use instead of `config`, which may be changed in place."""

    @abstractmethod
    async def connect_service_client(
        self, config: ConnectConfig, next: Callable[[ConnectConfig], Awaitable[ServiceClient]]
    ) -> ServiceClient:
        """Connect by `next(config)`, with a changed config or around it."""
