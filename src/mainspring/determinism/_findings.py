"""What a reading of workflow code finds."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class FindingKind(Enum):
    """How bad it is."""

    FORBIDDEN = "forbidden"  # the call raises in workflow code
    UNREPEATABLE = "unrepeatable"  # no guard sees it, and each replay gets something else
    UNORDERED = "unordered"  # the order may differ from process to process


class Finding(NamedTuple):
    """One place in workflow code that would not repeat itself."""

    path: str
    line: int
    function: str  # "Orders.run"
    name: str  # "time.sleep()"
    instead: str  # what to write there
    kind: FindingKind = FindingKind.FORBIDDEN

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.name} in workflow code ({self.function}): {self.instead}"
