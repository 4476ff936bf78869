"""One RPC as a method of a service object: bound once per client, when it is first asked for.

provide(OperatorService, "operator", descriptor)        each RPC of the descriptor becomes a method of the class
client.operator_service.list_search_attributes  ->      bound the first time, found from then on
"""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

    from mainspring.service._client import ServiceClient

Metadata = Mapping[str, str | bytes]
NO_METADATA: Final[Metadata] = {}

RequestT_contra = TypeVar("RequestT_contra", bound=Message, contravariant=True)
ResponseT_co = TypeVar("ResponseT_co", bound=Message, covariant=True)


class Rpc(Protocol[RequestT_contra, ResponseT_co]):
    """One RPC of one client.

    Raises: RPCError: the call failed, and was not tried again or not with success. `retry` tries again what time may
    heal, as `ConnectConfig.retry_config` says.
    """

    async def __call__(
        self, req: RequestT_contra, retry: bool = False, metadata: Metadata = ..., timeout: timedelta | None = None
    ) -> ResponseT_co: ...


@dataclass(frozen=True)
class Method:
    """What is known of an RPC without a client."""

    service: str
    """Short name of its service: workflow, operator, cloud, test, health."""
    name: str
    """In snake_case, as it is called here."""
    path: str
    """`/package.Service/Method`, as gRPC has it."""
    response_type: type[Message]

    @property
    def is_task_poll(self) -> bool:
        """A worker waits for a task with it, for as long as it takes."""
        return self.service == "workflow" and self.name in _TASK_POLLS

    @property
    def may_wait(self) -> bool:
        """The server may hold a request for about a minute before it answers."""
        return self.service == "workflow" and (self.name in _LONG_POLLS or self.name in _TASK_POLLS)


_TASK_POLLS: Final = frozenset({"poll_workflow_task_queue", "poll_activity_task_queue", "poll_nexus_task_queue"})
_LONG_POLLS: Final = frozenset(
    {
        "get_workflow_execution_history",
        "update_workflow_execution",
        "poll_workflow_execution_update",
        "execute_multi_operation",
        "poll_activity_execution",
        "poll_nexus_operation_execution",
        "describe_activity_execution",
        "poll_workflow_execution_time_skipping",
    }
)


def snake_case(name: str) -> str:
    """`StartWorkflowExecution` -> `start_workflow_execution`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def method_of(service: str, rpc: MethodDescriptor) -> Method:
    """The method for an RPC of a descriptor."""
    path = f"/{rpc.containing_service.full_name}/{rpc.name}"
    return Method(service, snake_case(rpc.name), path, GetMessageClass(rpc.output_type))


class Service:
    """The RPCs of one service over one client."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client


class _Unbound:
    """An RPC as the class has it: it binds itself to the client of the object that is asked for it.

    The object then has the bound one under the same name, so that this is asked once. Of the class it is a function
    of the object and the request, as any method is.
    """

    def __init__(self, kind: type[Service], service: str, rpc: MethodDescriptor) -> None:
        self._kind = kind
        self._service = service
        self._rpc = rpc
        self._name = snake_case(rpc.name)

    def __get__(self, of: Service | None, _kind: type[Service]) -> Any:
        if of is None:
            return self.__func__
        bound = of._client._bind(method_of(self._service, self._rpc))  # pyright: ignore[reportPrivateUsage] # one thing, two files
        of.__dict__[self._name] = bound
        return bound

    @cached_property
    def __func__(self) -> Call:
        name = self._name

        async def call(
            self: Service,
            req: Message,
            retry: bool = False,
            metadata: Metadata = NO_METADATA,
            timeout: timedelta | None = None,
        ) -> Any:
            return await getattr(self, name)(req, retry=retry, metadata=metadata, timeout=timeout)

        call.__name__ = name
        call.__qualname__ = f"{self._kind.__name__}.{name}"
        return call


def provide(kind: type[Service], service: str, descriptor: ServiceDescriptor) -> None:
    """Give a class a method for each unary RPC of the descriptor; `service` is its short name."""
    for rpc in descriptor.methods:
        if not (rpc.client_streaming or rpc.server_streaming):
            setattr(kind, snake_case(rpc.name), _Unbound(kind, service, rpc))


Call = Callable[..., Coroutine[Any, Any, Any]]
"""A bound RPC, as transports make it: the shape of `Rpc`."""
