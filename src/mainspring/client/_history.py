"""A workflow's history, as a whole or event by event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict, MessageToJson
from temporalio.api.enums.v1 import HistoryEventFilterType
from temporalio.api.history.v1 import History, HistoryEvent
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

from mainspring.client._calls import call, execution
from mainspring.client._history_json import history_from_json
from mainspring.client._pages import Pages

if TYPE_CHECKING:
    from mainspring.client._client import Client
    from mainspring.client._inputs import FetchWorkflowHistoryEventsInput


class WorkflowHistoryEventFilterType(IntEnum):
    """Which events to fetch. Values are those of the API's enum."""

    ALL_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT
    CLOSE_EVENT = HistoryEventFilterType.HISTORY_EVENT_FILTER_TYPE_CLOSE_EVENT


@dataclass(frozen=True)
class WorkflowHistory:
    """All that happened to one run."""

    workflow_id: str
    events: Sequence[HistoryEvent]

    @property
    def run_id(self) -> str:
        """The run that the events are of.

        Raises: RuntimeError: the first event does not say it.
        """
        if not self.events:
            raise RuntimeError("No events")
        if not self.events[0].HasField("workflow_execution_started_event_attributes"):
            raise RuntimeError("First event is not workflow start")
        return self.events[0].workflow_execution_started_event_attributes.original_execution_run_id

    @staticmethod
    def from_json(workflow_id: str, history: str | dict[str, Any]) -> WorkflowHistory:
        """Read what `to_json`, a command line or a user interface wrote: text, or an object parsed from it.

        Raises: ValueError: it is not a history.
        """
        return WorkflowHistory(workflow_id, history_from_json(history).events)

    def to_json(self) -> str:
        """The events as JSON; the workflow's id is not in it."""
        return MessageToJson(History(events=self.events))

    def to_json_dict(self) -> dict[str, Any]:
        """The events as an object that JSON can hold; the workflow's id is not in it."""
        return MessageToDict(History(events=self.events))


class WorkflowHistoryEventAsyncIterator(Pages[HistoryEvent]):
    """The events of one run, in their order; waits for those to come if its input says so."""

    def __init__(self, client: Client, input: FetchWorkflowHistoryEventsInput) -> None:
        super().__init__(page_size=input.page_size or 0, next_page_token=input.next_page_token)
        self._client = client
        self._input = input

    async def _fetch(self, page_size: int, token: bytes) -> tuple[Sequence[HistoryEvent], bytes]:
        sent = self._input
        request = GetWorkflowExecutionHistoryRequest(
            namespace=self._client.namespace,
            execution=execution(sent.id, sent.run_id),
            maximum_page_size=page_size,
            next_page_token=token,
            wait_new_event=sent.wait_new_event,
            history_event_filter_type=HistoryEventFilterType.ValueType(sent.event_filter_type),
            skip_archival=sent.skip_archival,
        )
        reply = await call(self._client.workflow_service.get_workflow_execution_history, request, sent)
        return list(reply.history.events), reply.next_page_token
