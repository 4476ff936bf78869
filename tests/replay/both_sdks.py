"""`program` for each SDK: as it is, and as `mainspring migrate-imports` changes it."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

from mainspring.cli.import_migration import migrate
from tests.replay import program

OURS = "tests.replay.program_of_ours"


class _Migrated(SourceFileLoader):
    """Loads the program with other imports. Lines stay where they are."""

    def get_data(self, path: str) -> bytes:
        return migrate(Path(path).read_text("utf-8")).text.encode()

    def path_stats(self, path: str) -> dict[str, float]:
        raise OSError(f"{path} is changed as it is read: compiled code is not kept")


def _load() -> ModuleType:
    spec = importlib.util.spec_from_loader(OURS, _Migrated(OURS, program.__file__))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[OURS] = module
    spec.loader.exec_module(module)
    return module


official: ModuleType = program
ours: ModuleType = _load()
