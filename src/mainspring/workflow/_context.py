"""What workflow code can ask of its run, and tell it: properties, memo, search attributes, handlers.

Each is one method of the runtime. They raise `_NotInWorkflowEventLoopError` outside a workflow, but for `in_workflow`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from mainspring.common import MetricMeter, SearchAttributes, SearchAttributeUpdate
from mainspring.common._arguments import arg_unset
from mainspring.common._search_attributes import warn_on_deprecated_search_attributes
from mainspring.types import AnyType, ParamType
from mainspring.workflow._event_groups import EventGroup
from mainspring.workflow._info import Info
from mainspring.workflow._runtime import Runtime

if TYPE_CHECKING:
    from mainspring.converter import PayloadConverter

Handler = Callable[..., Any]


def in_workflow() -> bool:
    """Whether the calling code runs in a workflow."""
    return Runtime.maybe_current() is not None


def info() -> Info:
    """The running workflow."""
    return Runtime.current().workflow_info()


def instance() -> Any:
    """The workflow object."""
    return Runtime.current().workflow_instance()


def cancellation_reason() -> str | None:
    """What was said by whoever asked this run to cancel, maybe nothing; None if nobody asked.

    It tells a cancelled run from a task that the workflow itself cancelled.
    """
    return Runtime.current().workflow_cancellation_reason()


def is_failure_exception(err: BaseException) -> bool:
    """Whether this exception would fail the workflow; another one fails its task, which is tried again."""
    return Runtime.current().workflow_is_failure_exception(err)


def extern_functions() -> Mapping[str, Callable[..., Any]]:
    """Functions that interceptors handed in from outside."""
    return Runtime.current().workflow_extern_functions()


def metric_meter() -> MetricMeter:
    """A meter that counts nothing in a replay."""
    return Runtime.current().workflow_metric_meter()


def payload_converter() -> PayloadConverter:
    """The payload converter, which knows that it serves this run; dynamic workflows convert raw values by it."""
    return Runtime.current().workflow_payload_converter()


def has_last_completion_result() -> bool:
    """Whether a run before this one, by cron or schedule, left a result."""
    return Runtime.current().workflow_has_last_completion_result()


@overload
def get_last_completion_result() -> Any | None: ...


@overload
def get_last_completion_result(type_hint: type[ParamType]) -> ParamType | None: ...


def get_last_completion_result(type_hint: type | None = None) -> Any | None:
    """The result of the run before this one, by cron or schedule; None if there is none, or if it is None."""
    return Runtime.current().workflow_last_completion_result(type_hint)


def get_last_failure() -> BaseException | None:
    """How the run before this one failed; None if it did not."""
    return Runtime.current().workflow_last_failure()


def get_current_details() -> str:
    """What `set_current_details` said last."""
    return Runtime.current().workflow_get_current_details()


def set_current_details(description: str) -> None:
    """Say where the workflow stands, in Markdown, for user interfaces. A query reads it; it is not in the history."""
    Runtime.current().workflow_set_current_details(description)


def memo() -> Mapping[str, Any]:
    """The memo, converted without type hints: a dataclass comes as a dictionary."""
    return Runtime.current().workflow_memo()


@overload
def memo_value(key: str, default: Any = arg_unset) -> Any: ...


@overload
def memo_value(key: str, *, type_hint: type[ParamType]) -> ParamType: ...


@overload
def memo_value(key: str, default: AnyType, *, type_hint: type[ParamType]) -> AnyType | ParamType: ...


def memo_value(key: str, default: Any = arg_unset, *, type_hint: type | None = None) -> Any:
    """One value of the memo.

    Raises:
        KeyError: it is not there, and no default was given.
    """
    return Runtime.current().workflow_memo_value(key, default, type_hint=type_hint)


def upsert_memo(updates: Mapping[str, Any], *, event_groups: Sequence[EventGroup] | None = None) -> None:
    """Set values of the memo; None removes one. Others stay as they are."""
    Runtime.current().workflow_upsert_memo(updates, event_groups=event_groups)


def upsert_search_attributes(
    attributes: SearchAttributes | Sequence[SearchAttributeUpdate[Any]],
    *,
    event_groups: Sequence[EventGroup] | None = None,
) -> None:
    """Set or unset search attributes: `[key.value_set(...), other.value_unset()]`. A dictionary is deprecated."""
    if not attributes:
        return
    warn_on_deprecated_search_attributes(attributes)
    Runtime.current().workflow_upsert_search_attributes(attributes, event_groups=event_groups)


# -- Handlers ----------------------------------------------------------------------------------------------------------


def all_handlers_finished() -> bool:
    """Whether no handler of a signal or an update is running.

    `await workflow.wait_condition(workflow.all_handlers_finished)` before the end lets them finish.
    """
    return Runtime.current().workflow_all_handlers_finished()


def get_signal_handler(name: str) -> Handler | None:
    """The handler of a signal. The dynamic one does not count."""
    return Runtime.current().workflow_get_signal_handler(name)


def set_signal_handler(name: str, handler: Handler | None) -> None:
    """Set a signal's handler, or unset it with None. Signals that came before it are handed to it at once."""
    Runtime.current().workflow_set_signal_handler(name, handler)


def get_dynamic_signal_handler() -> Handler | None:
    """The handler of signals that have none."""
    return Runtime.current().workflow_get_signal_handler(None)


def set_dynamic_signal_handler(handler: Handler | None) -> None:
    """Set the handler of signals that have none, or unset it with None."""
    Runtime.current().workflow_set_signal_handler(None, handler)


def get_query_handler(name: str) -> Handler | None:
    """The handler of a query. The dynamic one does not count."""
    return Runtime.current().workflow_get_query_handler(name)


def set_query_handler(name: str, handler: Handler | None) -> None:
    """Set a query's handler, or unset it with None."""
    Runtime.current().workflow_set_query_handler(name, handler)


def get_dynamic_query_handler() -> Handler | None:
    """The handler of queries that have none."""
    return Runtime.current().workflow_get_query_handler(None)


def set_dynamic_query_handler(handler: Handler | None) -> None:
    """Set the handler of queries that have none, or unset it with None."""
    Runtime.current().workflow_set_query_handler(None, handler)


def get_update_handler(name: str) -> Handler | None:
    """The handler of an update. The dynamic one does not count."""
    return Runtime.current().workflow_get_update_handler(name)


def set_update_handler(name: str, handler: Handler | None, *, validator: Handler | None = None) -> None:
    """Set an update's handler and its validator, or unset them with None."""
    Runtime.current().workflow_set_update_handler(name, handler, validator)


def get_dynamic_update_handler() -> Handler | None:
    """The handler of updates that have none."""
    return Runtime.current().workflow_get_update_handler(None)


def set_dynamic_update_handler(handler: Handler | None, *, validator: Handler | None = None) -> None:
    """Set the handler of updates that have none, and its validator, or unset them with None."""
    Runtime.current().workflow_set_update_handler(None, handler, validator)
