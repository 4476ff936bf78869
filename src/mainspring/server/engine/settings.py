"""What a run's namespace gives it: limits, its search attributes, how long closed runs are kept.

One mutable object per namespace, owned by the history room and shared by all its runs in memory, so that a changed
setting holds from the next transition on.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mainspring.server.engine.limits import Limits


class NamespaceSettings(msgspec.Struct, kw_only=True):
    """The settings of one namespace."""

    id: str
    name: str
    limits: Limits = Limits()
    retention_ns: int = 24 * 3600 * 1_000_000_000  # 0: closed runs are kept for ever
    search_attributes: dict[str, int] = {}  # custom: name -> IndexedValueType
    namespace_ids: Mapping[str, str] = {}  # of all namespaces, by name
