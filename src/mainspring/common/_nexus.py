"""Which Nexus service and operation is meant: by a definition of the package `nexusrpc`, a handler, or a name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import nexusrpc


def operation_of(given: Any) -> nexusrpc.Operation[Any, Any]:
    """The operation of a service definition, or the one that a method of a handler carries out.

    Raises: ValueError: it is neither.
    """
    import nexusrpc

    if isinstance(given, nexusrpc.Operation):
        return cast("nexusrpc.Operation[Any, Any]", given)  # type: ignore[redundant-cast] # not so for pyright
    if not callable(given):
        raise ValueError(f"Operation is not a Nexus operation: {given}")
    found = nexusrpc.get_operation(given)
    if found is None:
        raise ValueError(f"Operation callable is not a Nexus operation: {given}")
    return found


def service_name_of(service: type | str) -> str:
    """The name of a service, given by its definition, its handler's class or its name.

    Raises: ValueError: the class is neither.
    """
    if isinstance(service, str):
        return service
    import nexusrpc

    definition = nexusrpc.get_service_definition(service)
    if definition is None:
        raise ValueError(
            "`service` may be a name (str), or a class decorated with either @nexusrpc.handler.service_handler or "
            f"@nexusrpc.service. Invalid service type: {type(service)}"
        )
    return definition.name
