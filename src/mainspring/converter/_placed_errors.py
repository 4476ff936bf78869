"""Errors of conversion that say where in the arguments the value is that cannot be converted.

    argument 2 of activity create_vm: field .disks[3].size: Decimal('NaN') is not a finite number
    --------   ------------------     -----------------    ------------------------------------
    argument   subject                path                 reason

Who finds the fault knows the reason; each caller on the way up adds what it knows of the place.
"""

from __future__ import annotations

from typing import NoReturn

from mainspring.exceptions import FailureError


class PlacedError(TypeError):
    """A value that cannot be converted, and its place."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.argument = 0  # counted from 1; 0 = the only one
        self.subject = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self._whose, self.path and f"field {self.path}", self.reason) if part)

    @property
    def _whose(self) -> str:
        if not self.argument:
            return f"value for {self.subject}" if self.subject else ""
        return f"argument {self.argument}" + (f" of {self.subject}" if self.subject else "")


class UnserializableValue(PlacedError):
    """A value of which there is no payload that would come back as the same value."""


class UnconvertibleValue(PlacedError):
    """A payload's value that is not of the type which the receiver expects."""


def raise_under(step: str, error: Exception, kind: type[PlacedError]) -> NoReturn:
    """Raise the error again with one more step in front of its path: `.name` or `[3]`."""
    if isinstance(error, PlacedError):
        error.path = step + error.path
        raise error
    if isinstance(error, FailureError):
        raise error  # a converter says how the workflow or activity is to fail
    raise kind(str(error), step) from error


def raise_of_argument(index: int, count: int, error: PlacedError) -> NoReturn:
    """Raise the error again, saying which of several values it is about."""
    if count > 1:
        error.argument = index + 1
    raise error
