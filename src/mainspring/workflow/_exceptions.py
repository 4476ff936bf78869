"""Errors that workflow code meets, beside those of `mainspring.exceptions`.

TemporalError
├── NondeterminismError           a replay went another way than the history
├── ReadOnlyContextError          a query or validator tried to change the run
└── NotInWorkflowEventLoopError  a function of this package was called outside a workflow
BaseException
└── ContinueAsNewError            not an error: how `continue_as_new` leaves the workflow function
"""

from __future__ import annotations

from mainspring.exceptions import TemporalError


class NondeterminismError(TemporalError):
    """A replay made other commands than the history holds."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ReadOnlyContextError(TemporalError):
    """A query or an update validator tried to do what changes the run."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotInWorkflowEventLoopError(TemporalError):
    """What needs a running workflow was called outside one."""

    def __init__(self, *args: object) -> None:  # any, since pickling passes the message
        del args
        super().__init__("Not in workflow event loop")
        self.message = "Not in workflow event loop"


class ContinueAsNewError(BaseException):
    """Leaves the workflow function when it continues as a new run: never catch it, and never make one."""

    def __init__(self, *args: object) -> None:
        if type(self) is ContinueAsNewError:
            raise RuntimeError("Cannot instantiate ContinueAsNewError directly")
        super().__init__(*args)
