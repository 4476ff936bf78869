"""A payload that goes through workflows and activities as it is."""

from __future__ import annotations

from dataclasses import dataclass

from temporalio.api.common.v1 import Payload

PICKLE_VERSION = b"1"


@dataclass(frozen=True)
class RawValue:
    """A payload that the payload converter leaves alone; the codec still encodes and decodes it.

    Usable as the type of a parameter or of a result. Can be pickled.
    """

    payload: Payload

    def __getstate__(self) -> object:
        return PICKLE_VERSION + self.payload.SerializeToString()

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, bytes):
            raise TypeError(f"Expected bytes state, got {type(state)}")
        if not state.startswith(PICKLE_VERSION):
            raise ValueError("Bad version prefix")
        object.__setattr__(self, "payload", Payload.FromString(state.removeprefix(PICKLE_VERSION)))
