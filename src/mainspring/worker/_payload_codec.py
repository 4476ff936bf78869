"""Codec and storage around workflow tasks: what comes is fetched and decoded before workflow code sees it, what goes is
encoded and stored.

    codec = TaskCodec(converter).of_run(namespace, workflow_id, run_id)
    await codec.decode_task(polled) ; await codec.decode_history(page) ; await codec.encode_answer(request)

Workflow code and the replay core only ever hold decoded payloads. Search attributes are never encoded, since the server
reads them; headers are, if the worker is told so. A codec that wants to know for whom it works is told, so that an
activity's result is decoded in the activity's context; drivers are told for whom they store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import History
from temporalio.api.workflowservice.v1 import PollWorkflowTaskQueueResponse, RespondWorkflowTaskCompletedRequest

from mainspring.converter import DataConverter, PayloadCodec, StorageDriverStoreContext, WithSerializationContext
from mainspring.converter._external_storage import all_or_none
from mainspring.converter._storage_references import NOT_CONFIGURED, may_hold_references, stands_for_another
from mainspring.worker._payload_parts import Answer, Part, RunParts, asked_in, told_in
from mainspring.worker._payload_walk import Change, any_payload, change_payloads
from mainspring.worker._update_requests import UpdateRequests


class TaskCodec:
    """Codec and storage of one worker; without them, nothing is touched."""

    def __init__(
        self, data_converter: DataConverter, *, encodes_headers: bool = False, most_stored_at_once: int = 1
    ) -> None:
        self._converter = data_converter
        self._encodes_headers = encodes_headers
        self._most_stored_at_once = most_stored_at_once

    def of_run(self, namespace: str, workflow_id: str, run_id: str) -> RunCodec:
        """What changes the payloads of one run's tasks."""
        return RunCodec(
            self._converter,
            RunParts(namespace, workflow_id, run_id),
            encodes_headers=self._encodes_headers,
            most_stored_at_once=self._most_stored_at_once,
        )


class RunCodec:
    """See the module. Kept as long as the run is."""

    def __init__(
        self, data_converter: DataConverter, parts: RunParts, *, encodes_headers: bool, most_stored_at_once: int
    ) -> None:
        self._converter = data_converter
        self._codec = data_converter.payload_codec
        self._storage = data_converter.external_storage
        self._parts = parts
        self._update_requests = UpdateRequests()
        self._headers = encodes_headers
        self._most_stored_at_once = most_stored_at_once

    async def decode_task(self, polled: PollWorkflowTaskQueueResponse) -> None:
        """The history that came with the task, and its queries and updates.

        Raises: RuntimeError: something is stored elsewhere, and the worker has no external storage. What a codec or a
            driver raises is raised.
        """
        if self._codec is None and self._storage is None:
            if may_hold_references(polled):
                self._refuse_references((*told_in(polled.history), *asked_in(polled)))
        else:
            self._update_requests.keep(polled.messages)
            await self._decode(list(self._parts.of_task(polled)))

    async def decode_history(self, history: History) -> None:
        """One page, in the order of pages. Raises: what `decode_task` does."""
        if self._codec is None and self._storage is None:
            if may_hold_references(history):
                self._refuse_references(told_in(history))
        else:
            await self._decode(list(self._parts.of_history(history)))

    async def encode_answer(self, answer: Answer) -> None:
        """All payloads of an answer.

        Raises: RuntimeError: a codec or a driver failed.
        """
        if self._codec is None and self._storage is None:
            return
        if isinstance(answer, RespondWorkflowTaskCompletedRequest):
            self._update_requests.take_out(answer.messages)
        try:
            await self._encode(list(self._parts.of_answer(answer)))
        except Exception as error:
            raise RuntimeError(f"Failed encoding completion: {error}") from error
        self._update_requests.put_back()

    async def _decode(self, parts: Sequence[Part]) -> None:
        stored = [part for part in parts if self._holds(part.message, stands_for_another)]
        if stored and self._storage is None:
            raise RuntimeError(NOT_CONFIGURED)
        await self._all(stored, self._retrieval)
        if self._codec is not None:
            for part in parts:
                await change_payloads(part.message, _told(self._codec, part).decode, headers=self._headers)

    async def _encode(self, parts: Sequence[Part]) -> None:
        if self._codec is not None:
            for part in parts:
                await change_payloads(part.message, _told(self._codec, part).encode, headers=self._headers)
        if self._storage is not None:
            least_bytes = self._storage.payload_size_threshold
            large = [part for part in parts if self._holds(part.message, lambda one: one.ByteSize() >= least_bytes)]
            await self._all(large, self._storing)

    def _refuse_references(self, messages: Iterable[Message]) -> None:
        if any(self._holds(message, stands_for_another) for message in messages):
            raise RuntimeError(NOT_CONFIGURED)

    def _holds(self, message: Message, is_meant: Callable[[Payload], bool]) -> bool:
        return any_payload(message, is_meant, headers=self._headers)

    async def _all(self, parts: Sequence[Part], change_of: Callable[[Part], Change]) -> None:
        """Change parts side by side, each by what its context and target make of it."""
        free = asyncio.Semaphore(self._most_stored_at_once)

        async def change(part: Part) -> None:
            async with free:
                await change_payloads(part.message, change_of(part), headers=self._headers)

        await all_or_none([change(part) for part in parts])

    def _retrieval(self, part: Part) -> Change:
        converter = self._converter.with_context(part.context) if part.context is not None else self._converter
        return converter._external_retrieve_payload_sequence  # pyright: ignore[reportPrivateUsage] - the official name

    def _storing(self, part: Part) -> Change:
        context = StorageDriverStoreContext(part.target or self._parts.own_target)
        return self._converter._with_store_context(context)._external_store_payload_sequence  # pyright: ignore[reportPrivateUsage] - the official name


def _told(codec: PayloadCodec, part: Part) -> PayloadCodec:
    if part.context is None or not isinstance(codec, WithSerializationContext):
        return codec
    return codec.with_context(part.context)
