"""The metadata that goes with every call: what a client says of itself, its key, and what its user adds.

A call's own metadata wins over the client's, whatever its case.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mainspring import __version__
from mainspring.service._config import ConnectConfig

Pairs = tuple[tuple[str, str | bytes], ...]

CLIENT_NAME: Final = "mainspring-python"


class Headers:
    """Kept ready as `pairs`, since most calls add nothing."""

    def __init__(self, config: ConnectConfig) -> None:
        """Raises TypeError or ValueError if the config's metadata cannot be sent."""
        self._metadata = checked(config.rpc_metadata)
        self._api_key = config.api_key
        self.pairs: Pairs = self._joined({})

    def set_metadata(self, metadata: Mapping[str, str | bytes]) -> None:
        """Replace the user's metadata.

        Raises: TypeError, ValueError: it cannot be sent; nothing changes.
        """
        self._metadata = checked(metadata)
        self.pairs = self._joined({})

    def set_api_key(self, api_key: str | None) -> None:
        """Replace the key."""
        self._api_key = api_key
        self.pairs = self._joined({})

    def with_metadata(self, metadata: Mapping[str, str | bytes]) -> Pairs:
        """What one call sends that has metadata of its own.

        Raises: TypeError, ValueError: it cannot be sent.
        """
        return self._joined(checked(metadata))

    def _joined(self, own: Mapping[str, str | bytes]) -> Pairs:
        found: dict[str, str | bytes] = {"client-name": CLIENT_NAME, "client-version": __version__}
        found.update(self._metadata)
        found.update(own)
        if self._api_key is not None and "authorization" not in found:
            found["authorization"] = f"Bearer {self._api_key}"
        return tuple(found.items())


def checked(metadata: Mapping[str, str | bytes]) -> dict[str, str | bytes]:
    """The same with keys in lower case.

    Raises:
        TypeError: a value is neither text nor bytes.
        ValueError: bytes without a key in `-bin`, text with one, or text that is not printable ASCII.
    """
    found: dict[str, str | bytes] = {}
    for key, value in metadata.items():
        if not isinstance(value, str | bytes):  # pyright: ignore[reportUnnecessaryIsInstance] - not all callers check
            raise TypeError(f"metadata {key!r} must be text or bytes, got {type(value).__name__}")
        is_binary = key.lower().endswith("-bin")
        if is_binary and isinstance(value, str):
            raise ValueError(f"Invalid metadata value for binary key {key}: expected bytes")
        if not is_binary and isinstance(value, bytes):
            raise ValueError(f"Invalid metadata value for ASCII key {key}: expected str")
        if isinstance(value, str) and not (value.isascii() and (value.isprintable())):
            raise ValueError(f"Invalid metadata value for ASCII key {key}: expected printable ASCII")
        found[key.lower()] = value
    return found
