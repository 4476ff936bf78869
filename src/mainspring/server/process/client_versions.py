"""May this client talk to this server? Versions are compared as the real server compares them.

    client-name, client-version          a client of the table whose version is out of range is refused
    supported-server-versions            a client that does not know this level of the API is refused

Each combination of the three is judged once and remembered, since a client sends the same with every call.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Final

from mainspring.server.engine.errors import (
    ClientVersionNotSupported,
    InvalidArgument,
    ServerVersionNotSupported,
    ServiceError,
)

Version = tuple[int, int, int, tuple[tuple[int, int, str], ...]]
"""Major, minor, patch, then what orders pre-releases: a release sorts behind all of its pre-releases."""

_RELEASE: Final = ((2, 0, ""),)
_REMEMBERED_COUNT: Final = 1_000


class ClientVersions:
    """Judges clients by three metadata values."""

    def __init__(self, server_version: str, supported: Mapping[str, str]) -> None:
        self._server_version = server_version
        self._server = parse_version(server_version)
        self._supported = dict(supported)
        self._judged: dict[tuple[str, str, str], ServiceError | None] = {}

    def check_metadata(self, metadata: Mapping[str, str]) -> None:
        """As `check`, for the metadata of a call, which may say nothing of versions."""
        if "client-version" in metadata or "supported-server-versions" in metadata:
            self.check(
                metadata.get("client-name", ""),
                metadata.get("client-version", ""),
                metadata.get("supported-server-versions", ""),
            )

    def check(self, name: str, version: str, server_versions: str) -> None:
        """Values are those of `client-name`, `client-version`, `supported-server-versions`; "" if not sent.

        Raises:
            InvalidArgument: a version or range cannot be parsed.
            ClientVersionNotSupported: the client is of a version that is not served.
            ServerVersionNotSupported: the client does not know this version of the server.
        """
        key = (name, version, server_versions)
        if key not in self._judged:
            if len(self._judged) >= _REMEMBERED_COUNT:
                self._judged.clear()
            self._judged[key] = self._judge(name, version, server_versions)
        error = self._judged[key]
        if error is not None:
            raise error.with_traceback(None)  # an instance raised again would keep every earlier traceback

    def _judge(self, name: str, version: str, server_versions: str) -> ServiceError | None:
        if version and name in self._supported:
            try:
                parsed = parse_version(version)
            except ValueError as error:
                return InvalidArgument(f"Unable to parse client version: {error}")
            if not in_range(parsed, self._supported[name]):
                return ClientVersionNotSupported(version, name, self._supported[name])
        if server_versions:
            try:
                is_known = in_range(self._server, server_versions)
            except ValueError as error:
                return InvalidArgument(f"Unable to parse supported server versions: {error}")
            if not is_known:
                return ServerVersionNotSupported(self._server_version, server_versions)
        return None


def parse_version(text: str) -> Version:
    """A semantic version. Raises ValueError with the real server's words."""
    if not text:
        raise ValueError("Version string empty")
    core, _, _build = text.partition("+")
    core, dash, pre = core.partition("-")
    parts = core.split(".", 2)
    if len(parts) != 3:
        raise ValueError("No Major.Minor.Patch elements found")
    numbers = [_number(part, word) for part, word in zip(parts, ("major", "minor", "patch"), strict=True)]
    marks = _RELEASE if not dash else tuple(_mark(part) for part in pre.split("."))
    return (numbers[0], numbers[1], numbers[2], marks)


def _number(text: str, word: str) -> int:
    if not re.fullmatch(r"[0-9]+", text):
        raise ValueError(f'Invalid character(s) found in {word} number "{text}"')
    if len(text) > 1 and text[0] == "0":
        raise ValueError(f'{word.capitalize()} number must not contain leading zeroes "{text}"')
    return int(text)


def _mark(text: str) -> tuple[int, int, str]:
    if not text:
        raise ValueError("Prerelease is empty")
    if not re.fullmatch(r"[0-9A-Za-z-]+", text):
        raise ValueError(f'Invalid character(s) found in prerelease "{text}"')
    return (0, int(text), "") if text.isdigit() else (1, 0, text)


_COMPARE: Final[dict[str, Callable[[Version, Version], bool]]] = {
    "": operator.eq,
    "=": operator.eq,
    "==": operator.eq,
    "!": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def in_range(version: Version, text: str) -> bool:
    """Is it in a range such as `>=1.0.0 <2.0.0 || 3.1.0`? Raises ValueError if that is no range."""
    alternatives = [alternative.split() for alternative in text.split("||")]
    if not all(alternatives):
        raise ValueError(f'Could not get version from string: "{text}"')
    # Every part is parsed, whatever the verdict: a range with a bad part is an error.
    comparisons = [[_compare(version, part) for part in parts] for parts in alternatives]
    return any(all(parts) for parts in comparisons)


def _compare(version: Version, part: str) -> bool:
    match = re.fullmatch(r"([<>=!]*)(.+)", part)
    if match is None or match.group(1) not in _COMPARE:
        raise ValueError(f'Could not parse Range "{part}"')
    try:
        bound = parse_version(match.group(2))
    except ValueError as error:
        raise ValueError(f'Could not parse version "{match.group(2)}" in "{part}": {error}') from error
    return _COMPARE[match.group(1)](version, bound)
