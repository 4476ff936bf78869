"""Programs for each SDK: as they are, and as `mainspring migrate-imports` changes them."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from mainspring.cli.import_migration import migrate
from tests.replay import program


class _Migrated(SourceFileLoader):
    """Loads the program with other imports. Lines stay where they are."""

    def get_data(self, path: str) -> bytes:
        return migrate(Path(path).read_text("utf-8")).text.encode()

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError(f"{path} is changed as it is read: compiled code is not kept")


def migrated(module: ModuleType) -> ModuleType:
    """A module that was written for the official SDK, for ours."""
    assert module.__file__ is not None
    name = f"{module.__name__}_of_ours"
    spec = importlib.util.spec_from_loader(name, _Migrated(name, module.__file__))
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules[name] = made
    spec.loader.exec_module(made)
    return made


official: ModuleType = program
ours: ModuleType = migrated(program)
