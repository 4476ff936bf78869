"""The settings of each namespace as the engine's runs see them, kept in step with the registry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mainspring.server.engine.limits import Limits
from mainspring.server.engine.settings import NamespaceSettings
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.persistence.store import NamespaceRecord


class Settings:
    """One object per namespace, shared by all its runs; looking it up brings it up to date."""

    def __init__(self, registry: NamespaceRegistry, limits: Limits) -> None:
        self._registry = registry
        self._limits = limits
        self._ids = NamespaceIds(registry)
        self._known: dict[str, tuple[NamespaceRecord, object, NamespaceSettings]] = {}

    def settings(self, namespace_id: str) -> NamespaceSettings:
        """Raises: NamespaceNotFound."""
        record = self._registry.with_id(namespace_id)
        attributes = self._registry.search_attributes(namespace_id)
        known = self._known.get(namespace_id)
        if known is not None and known[0] is record and known[1] is attributes:
            return known[2]
        settings = NamespaceSettings(id=record.id, name=record.name) if known is None else known[2]
        settings.name = record.name
        settings.limits = self._limits
        settings.retention_ns = record.retention_ns
        settings.search_attributes = {name: int(kind) for name, kind in attributes.items()}
        settings.namespace_ids = self._ids
        self._known[namespace_id] = (record, attributes, settings)
        return settings


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
