"""Names derive from the protocol, so that one search finds the code.

EVENT_TYPE_TIMER_FIRED     ->  `timer_fired` in engine/events*.py, the only place that builds it
COMMAND_TYPE_START_TIMER   ->  `start_timer` in the engine, after `check_start_timer` where the run has a say
StartWorkflowExecution     ->  the method `start_workflow_execution` in frontend
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest
from temporalio.api.enums.v1 import CommandType, EventType
from temporalio.api.operatorservice.v1 import service_pb2 as operator_service
from temporalio.api.workflowservice.v1 import service_pb2 as workflow_service

from tests.house import ENGINE, Source, lines_of, sample, sources
from tests.test_tidy import Function, functions

pytestmark = pytest.mark.house

NOT_WRITTEN = {  # event types, with the reason why nothing makes them
    "unspecified": "no event",
    "workflow_execution_update_admitted": "comes with reset, which carries updates over",
    "workflow_execution_update_rejected": "the real server writes none: a rejected update leaves no trace",
    "workflow_properties_modified_externally": "the real server writes none",
    "activity_properties_modified_externally": "the real server writes none",
    "workflow_execution_paused": "comes with pausing of workflows",
    "workflow_execution_unpaused": "comes with pausing of workflows",
    "workflow_execution_time_skipping_transitioned": "comes with time skipping",
    **{
        f"nexus_operation_{name}": "comes with Nexus"
        for name in (
            *("scheduled", "started", "completed", "failed", "canceled", "timed_out"),
            *("cancel_requested", "cancel_request_completed", "cancel_request_failed"),
        )
    },
}
NOT_APPLIED = {  # command types, with the reason why no function has their name
    "unspecified": "no command",
    "protocol_message": "stands for the message that it names: engine/update.py",
    "schedule_nexus_operation": "comes with Nexus",
    "request_cancel_nexus_operation": "comes with Nexus",
}


def snake_case(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def wanted(names: Iterable[str], prefix: str, without: Mapping[str, str]) -> set[str]:
    return {name.removeprefix(prefix).lower() for name in names} - without.keys()


def constructors(files: Iterable[Source]) -> dict[str, list[str]]:
    """Function -> the files that have one of this name."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for source in files:
        for name, _ in functions(source):
            found[name].append(source.path.name)
    return found


def event_files() -> list[Source]:
    return [
        source for source in sources("src") if source.path.parent == ENGINE and source.path.name.startswith("events")
    ]


def engine_files() -> list[Source]:
    return [source for source in sources("src") if source.room == "engine"]


def foreign_constructors(source: Source) -> list[str]:
    """Events that are built outside their constructor: `...event(..._TYPE_X)` in a function that is not called x."""
    found: list[str] = []
    for name, node in functions(source):
        for call in (inner for inner in ast.walk(node) if isinstance(inner, ast.Call)):
            built = [argument.attr for argument in call.args if isinstance(argument, ast.Attribute)]
            types = [attr.removeprefix("EVENT_TYPE_").lower() for attr in built if attr.startswith("EVENT_TYPE_")]
            is_event = isinstance(call.func, ast.Attribute) and call.func.attr == "event"
            found += [source.at(call, f"{name} builds {kind}") for kind in types if is_event and kind != name]
    return found


def takes_a_call(node: Function) -> bool:
    annotations = [argument.annotation for argument in node.args.args]
    return any(isinstance(annotation, ast.Name) and annotation.id == "Call" for annotation in annotations)


def wrongly_named_methods(source: Source, rpcs: set[str]) -> list[str]:
    """Methods with the shape of an RPC and the name of none."""
    return [
        source.at(node, f"no RPC is called {method}")
        for owner, _, method, node in ((*name.rpartition("."), node) for name, node in functions(source))
        if owner and isinstance(node, ast.AsyncFunctionDef) and takes_a_call(node)
        if not method.startswith("_") and method not in rpcs and owner[0].isupper() and "." not in owner
    ]


def served_rpcs() -> set[str]:
    files = [workflow_service.DESCRIPTOR, operator_service.DESCRIPTOR]
    services = [service for file in files for service in file.services_by_name.values()]
    return {snake_case(method.name) for service in services for method in service.methods}


def test_each_event_type_has_one_constructor_of_its_name() -> None:
    made = constructors(event_files())
    events = wanted(EventType.keys(), "EVENT_TYPE_", NOT_WRITTEN)
    assert {name: made.get(name, []) for name in events if len(made.get(name, [])) != 1} == {}


def test_no_event_is_built_elsewhere() -> None:
    found = [complaint for source in engine_files() for complaint in foreign_constructors(source)]
    assert not found, lines_of(found)


def test_each_command_type_has_a_function_of_its_name() -> None:
    applied = constructors(engine_files())
    commands = wanted(CommandType.keys(), "COMMAND_TYPE_", NOT_APPLIED)
    assert sorted(name for name in commands if name not in applied) == []


def test_rpc_methods_are_named_as_their_rpc() -> None:
    rpcs = served_rpcs()
    frontend = [source for source in sources("src") if source.room == "frontend"]
    found = [complaint for source in frontend for complaint in wrongly_named_methods(source, rpcs)]
    assert not found, lines_of(found)


def test_an_event_built_elsewhere_is_found() -> None:
    good = "def timer_fired(run, timer):\n    event = run.history.event(EventType.EVENT_TYPE_TIMER_FIRED)"
    assert not foreign_constructors(sample(good))
    assert foreign_constructors(sample(good.replace("def timer_fired", "def fire_due_timers")))


def test_a_wrongly_named_method_is_found() -> None:
    good = "class Workflows:\n    async def start_workflow_execution(self, request: Request, call: Call): ..."
    assert not wrongly_named_methods(sample(good), served_rpcs())
    assert wrongly_named_methods(sample(good.replace("start_workflow", "start_a_workflow")), served_rpcs())
