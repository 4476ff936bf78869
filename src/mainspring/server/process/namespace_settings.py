"""The settings of each namespace as the engine's runs see them, kept in step with the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mainspring.server.engine.errors import NamespaceNotFound
from mainspring.server.engine.limits import Limits
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.frontend.namespaces import NamespaceRegistry


class Settings:
    """One object per namespace, shared by all its runs and changed in place."""

    def __init__(self, registry: NamespaceRegistry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits
        self._ids = NamespaceIds(registry)
        self._known: dict[str, NamespaceSettings] = {}
        registry.watch(self._changed)

    def settings(self, namespace_id: str) -> NamespaceSettings:
        """Raises: NamespaceNotFound."""
        known = self._known.get(namespace_id)
        if known is None:
            raise NamespaceNotFound(namespace_id)
        return known

    def _changed(self, namespace_id: str) -> None:
        if not self._registry.has_id(namespace_id):
            self._known.pop(namespace_id, None)
            return
        record = self._registry.with_id(namespace_id)
        settings = self._known.setdefault(namespace_id, NamespaceSettings(id=record.id, name=record.name))
        settings.name = record.name
        settings.limits = self._limits
        settings.retention_ns = record.retention_ns
        attributes = self._registry.search_attributes(namespace_id)
        settings.search_attributes = {name: int(kind) for name, kind in attributes.items()}
        settings.namespace_ids = self._ids


class NamespaceIds(Mapping[str, str]):
    """Ids of all namespaces by name, read from the registry as they are now."""

    def __init__(self, registry: NamespaceRegistry) -> None:
        self._registry = registry

    def __getitem__(self, name: str) -> str:
        if not self._registry.has(name):
            raise KeyError(name)
        return self._registry.named(name).id

    def __iter__(self) -> Iterator[str]:
        return iter(record.name for record in self._registry.all())

    def __len__(self) -> int:
        return len(self._registry.all())
