"""A pytest plugin for the official SDK's own tests on Mainspring's SDK: `swapped_suite.py` loads it.

It makes test files importable that name what Mainspring does not have, and fakes nothing:

    PRIVATE   modules of the official SDK's inside that tests name, with what is ours behind their names
    ELSEWHERE names that tests take from such a module, and that ours has in another one
    ABSENT    packages that do not exist here; a test that uses one fails with `AbsentError`
    leave-outs.tsv beside this file: tests that are not run, each with its reason
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mainspring.converter
import mainspring.worker
from mainspring.converter import _storage_references
from mainspring.nexus import _workflow_run
from mainspring.worker import _flags

PRIVATE: Mapping[str, Mapping[str, object]] = {
    "mainspring.nexus._operation_handlers": {
        "WorkflowRunOperationHandler": _workflow_run.WorkflowRunOperationHandler,
        "_cancel_workflow": _workflow_run.cancel_workflow,
    },
    "mainspring.converter._extstore": {
        "_REFERENCE_ENCODING": _storage_references.LEGACY_ENCODING,
        "_StorageReference": _storage_references.LegacyReference,
    },
    "mainspring.worker._workflow_instance": {
        "logger": logging.getLogger("mainspring.worker"),
        "_WorkflowLogicFlag": _flags.WorkflowLogicFlag,
        "_DEFAULT_ENABLED_WORKFLOW_LOGIC_FLAGS": _flags.DEFAULT_FLAGS,
        "UnsandboxedWorkflowRunner": mainspring.worker.UnsandboxedWorkflowRunner,
    },
}
ELSEWHERE: Mapping[str, Mapping[str, object]] = {
    "mainspring.converter._payload_converter": {
        "JSONProtoPayloadConverter": mainspring.converter.JSONProtoPayloadConverter,
    },
}
ABSENT = (
    "mainspring.bridge",
    "mainspring.worker._command_aware_visitor",
    "mainspring.worker._nexus",
)
ABSENT_NAMES = {  # of modules that do exist
    "mainspring.worker": (
        "WorkflowInstance",
        "WorkflowInstanceDetails",
    ),
}


class AbsentError(Exception):
    """A test uses what Mainspring does not have."""


class Absent:
    """A name that stands for nothing: it can be imported, named in annotations, subclassed, and used as a decorator."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._name}.{name}")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if len(args) == 1 and not kwargs and callable(args[0]):
            return args[0]
        raise AbsentError(f"not in Mainspring: {self._name}")

    def __getitem__(self, item: object) -> Absent:
        return self

    def __or__(self, other: object) -> Absent:
        return self

    def __ror__(self, other: object) -> Absent:
        return self

    def __mro_entries__(self, bases: Sequence[object]) -> tuple[type, ...]:
        return ()


class _AbsentModule(ModuleType):
    def __getattr__(self, name: str) -> Absent:
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self.__name__}.{name}")


class _AbsentModules(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        is_absent = any(fullname == name or fullname.startswith(f"{name}.") for name in ABSENT)
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True) if is_absent else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        return _AbsentModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        del module


def _install() -> None:
    sys.meta_path.append(_AbsentModules())
    for name, content in PRIVATE.items():
        module = ModuleType(name)
        vars(module).update(content)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
    for name, content in ELSEWHERE.items():
        vars(sys.modules[name]).update(content)
    for name, missing in ABSENT_NAMES.items():
        for each in missing:
            setattr(sys.modules[name], each, Absent(f"{name}.{each}"))


def leave_outs(text: str) -> dict[str, str]:
    """Reasons by node id, without parameters or with them: one tab-separated row each, after the header."""
    return dict(line.split("\t") for line in text.splitlines()[1:])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the leave-outs."""
    left_out = leave_outs(Path(__file__).with_name("swapped_leave_outs.tsv").read_text("utf-8"))
    kept = [item for item in items if not {item.nodeid, item.nodeid.partition("[")[0]} & left_out.keys()]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


_install()
