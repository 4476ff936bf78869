"""Server reflection, so that grpcurl and the like need no proto files.

    grpc.reflection.v1.ServerReflection        what current tools ask
    grpc.reflection.v1alpha.ServerReflection   the same messages under their older name

grpcio's package answers under the older name only; on the wire the two differ in nothing else.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import grpc
import grpc.aio
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest, ServerReflectionResponse

_NAMES: Final = ("grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection")


def reflection_handlers(services: Sequence[str]) -> dict[str, grpc.RpcMethodHandler[Any, Any]]:
    """Method handlers by path; `services` are the full names to list beside reflection itself."""
    from grpc_reflection.v1alpha._async import ReflectionServicer

    servicer = ReflectionServicer([*services, *_NAMES])

    async def info(
        requests: AsyncIterator[ServerReflectionRequest], context: grpc.aio.ServicerContext[Any, Any]
    ) -> AsyncIterator[ServerReflectionResponse]:
        async def valid() -> AsyncIterator[ServerReflectionRequest]:
            async for request in requests:
                if request.WhichOneof("message_request") is None:
                    await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "invalid MessageRequest: <nil>")
                yield request

        async for response in servicer.ServerReflectionInfo(valid(), context):
            yield response

    handler = grpc.stream_stream_rpc_method_handler(
        info,
        request_deserializer=ServerReflectionRequest.FromString,
        response_serializer=ServerReflectionResponse.SerializeToString,
    )
    return {f"/{name}/ServerReflectionInfo": handler for name in _NAMES}
