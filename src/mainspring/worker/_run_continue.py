"""How a workflow function is left to continue as a new run."""

from __future__ import annotations

from mainspring.worker._interceptor import ContinueAsNewInput
from mainspring.worker._run_requests import continue_as_new
from mainspring.worker._run_state import RunState
from mainspring.workflow._event_groups import event_group_markers
from mainspring.workflow._exceptions import ContinueAsNewError


class ContinueAsNew(ContinueAsNewError):
    """Raised by `workflow.continue_as_new`; whoever runs the workflow function asks for the new run."""

    def __init__(self, state: RunState, input: ContinueAsNewInput) -> None:
        super().__init__("Continue as new")
        self._state = state
        self._input = input
        self._markers = event_group_markers(input.event_groups)

    def ask(self) -> None:
        request = continue_as_new(self._state, self._input)
        request.event_groups = self._markers
        self._state.ask(request)
