"""Server reflection, so that grpcurl and the like need no proto files.

    grpc.reflection.v1.ServerReflection        what current tools ask
    grpc.reflection.v1alpha.ServerReflection   the same messages under their older name

grpcio's package answers under the older name only; on the wire the two differ in nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Sequence
from typing import Final, cast

import grpc
from grpc_reflection.v1alpha._async import ReflectionServicer
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

from mainspring.server.process import handlers
from mainspring.server.process.grpc_methods import Context

_NAMES: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")

Answers = Callable[[AsyncIterable[ServerReflectionRequest], Context], AsyncIterator[ServerReflectionResponse]]


def reflection_handlers(services: Sequence[str]) -> dict[str, handlers.RpcHandler]:
    """Method handlers by path; `services` are the full names to list beside reflection itself."""
    servicer = ReflectionServicer([*services, *_NAMES])
    answers = cast("Answers", servicer.ServerReflectionInfo)  # pyright: ignore[reportUnknownMemberType] - open in the stubs

    async def info(
        requests: AsyncIterator[ServerReflectionRequest], context: Context
    ) -> AsyncIterator[ServerReflectionResponse]:
        async def valid() -> AsyncIterator[ServerReflectionRequest]:
            async for request in requests:
                if request.WhichOneof("message_request") is None:
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "invalid MessageRequest: <nil>")
                yield request

        async for response in answers(valid(), context):
            yield response

    handler = handlers.streams(ServerReflectionRequest, info)
    return {f"/{name}/ServerReflectionInfo": handler for name in _NAMES}
