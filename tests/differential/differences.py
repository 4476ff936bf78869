"""Where Mainspring answers otherwise than the real server, and means to. Each entry says why.

A difference blanks what its pattern matches in the lines of both normal forms before they are compared; a pattern that
matches a whole line drops the line. It names the scenarios that it concerns, so that it hides nothing elsewhere.
"""

from __future__ import annotations

import fnmatch
import re

import msgspec


class Difference(msgspec.Struct, frozen=True):
    """One difference that is meant."""

    scenarios: str  # a shell pattern over "feature::scenario"
    pattern: str  # a regular expression, searched in each line
    reason: str

    def concerns(self, scenario: str) -> bool:
        return fnmatch.fnmatchcase(scenario, self.scenarios)

    def blank(self, line: str) -> str:
        return re.sub(self.pattern, "", line)


MEANT: list[Difference] = []
