"""Task tokens as requests carry them: whole, of the right kind, and of the namespace that the request names."""

from __future__ import annotations

from mainspring.server.engine.changes import TaskKind
from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.frontend.namespaces import NamespaceRegistry
from mainspring.server.history.tokens import TaskToken, task_token


def token_of(registry: NamespaceRegistry, token: bytes, kind: TaskKind, namespace: str) -> TaskToken:
    """The task token of a request, which belongs to the namespace that the request names, if it names one.

    Raises: NamespaceNotFound; InvalidArgument: it is missing, broken or another's; NotFound: it is of another kind.
    """
    named = registry.named(namespace) if namespace else None
    decoded = task_token(token, kind)
    if named is None or named.id != decoded.run.namespace_id:
        check_token_namespace(registry, decoded.run.namespace_id, namespace)
    return decoded


def check_token_namespace(registry: NamespaceRegistry, namespace_id: str, namespace: str) -> None:
    """A token's namespace is the one that its request names, if it names one."""
    record = registry.with_id(namespace_id)
    if namespace and record.name != namespace:
        raise InvalidArgument("Operation requested with a token from a different namespace.")
