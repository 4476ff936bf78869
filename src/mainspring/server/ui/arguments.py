"""Arguments as a form shows them and takes them back: what was not changed is sent on as the very same bytes.

    Payloads --shown--> Argument per payload --form--> text-0, encoding-0, text-1, ... --taken--> Payloads

Text is never parsed and written again, so numbers of any size and precision stay as they are; JSON is only checked. A
browser changes line ends (and nothing else) in what a form holds, so texts are compared without regard to them. A
payload that no form can hold is kept as it is or replaced.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Final

import msgspec
from temporalio.api.common.v1 import Payload, Payloads

from mainspring.server.ui.page import Fields

JSON: Final = "json/plain"
ENCODINGS: Final = (JSON, "json/protobuf", "binary/plain", "binary/null")
MOST: Final = 50
_NULL: Final = "binary/null"
_KEEP: Final = "keep"


class WrongField(Exception):
    """A field of a form holds what it must not."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class Argument(msgspec.Struct, frozen=True, kw_only=True):
    """One argument in a form."""

    number: int
    text: str = ""
    encoding: str = JSON
    encodings: tuple[str, ...] = ENCODINGS
    kept_size: int | None = None  # bytes of a payload that cannot be shown; None: the text is all of it


def shown(payloads: Sequence[Payload]) -> list[Argument]:
    """These payloads as a form shows them; at least one argument, empty if there is none."""
    return [_shown(number, payload) for number, payload in enumerate(payloads)] or [Argument(number=0)]


def _shown(number: int, payload: Payload) -> Argument:
    encoding = payload.metadata.get("encoding", b"").decode(errors="replace")
    encodings = ENCODINGS if encoding in ENCODINGS else (encoding, *ENCODINGS)
    text = _text(payload.data)
    if text is None:
        return Argument(number=number, encoding=_KEEP, encodings=(_KEEP, *ENCODINGS), kept_size=len(payload.data))
    return Argument(number=number, text=text, encoding=encoding, encodings=encodings)


def _text(data: bytes) -> str | None:
    """The data as a form can hold it and give it back; None if it cannot."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def again(form: Fields, original: Sequence[Payload], *, more: bool = False) -> list[Argument]:
    """The arguments of a form that is shown once more, with an empty one at the end if `more` are wanted."""
    before = shown(original)
    found: list[Argument] = []
    for number in range(_count(form)):
        base = before[number] if number < len(before) else Argument(number=number)
        text, encoding = form.one(f"text-{number}"), form.one(f"encoding-{number}", base.encoding)
        found.append(msgspec.structs.replace(base, number=number, text=_lines(text), encoding=encoding))
    if more and len(found) < MOST:
        found.append(Argument(number=len(found)))
    return found or [Argument(number=0)]


class Taken(msgspec.Struct, frozen=True):
    """What a form holds: payloads to send, and the numbers of those that the reader wrote."""

    payloads: list[Payload]
    written: list[int]

    @property
    def input(self) -> Payloads | None:
        """All of them; None if there are none."""
        return Payloads(payloads=self.payloads) if self.payloads else None


def taken(form: Fields, original: Sequence[Payload] = ()) -> Payloads | None:
    """The payloads to send; None if there are none. Empty arguments at the end are left out.

    Raises:
        WrongField: An argument is not what its encoding says.
    """
    return taken_like(form, original, original).input


def taken_like(form: Fields, stored: Sequence[Payload], decoded: Sequence[Payload]) -> Taken:
    """The same for payloads that are stored encoded: what was not changed since it was shown, in either way, is sent as
    it is stored.

    Raises:
        WrongField: An argument is not what its encoding says.
    """
    found: list[Payload] = []
    written: list[int] = []
    for number in range(_count(form)):
        text, encoding = _lines(form.one(f"text-{number}")), form.one(f"encoding-{number}", JSON)
        before = decoded[number] if number < len(decoded) else None
        shown = [each[number] for each in (decoded, stored) if number < len(each)]
        if any(_is_unchanged(text, encoding, each) for each in shown):
            found.append(stored[number])
        else:
            found.append(_written(number, text, encoding, before))
            written.append(number)
    while written and written[-1] == len(found) - 1 and not found[-1].metadata:
        found.pop()
        written.pop()
    for number in written:
        if not found[number].metadata:
            raise WrongField(f"text-{number}", "an argument before the last one is empty: write null for nothing")
    return Taken(found, written)


def _written(number: int, text: str, encoding: str, before: Payload | None) -> Payload:
    """One payload; without metadata if the argument is empty. `before`: what stood there."""
    if encoding == _NULL:
        return Payload(metadata={"encoding": _NULL.encode()})
    if not text.strip() and encoding == JSON:
        return Payload()
    if encoding in {JSON, "json/protobuf"}:
        _check_json(number, text)
    kept = before is not None and before.metadata.get("encoding", b"") == encoding.encode()
    metadata = before.metadata if before is not None and kept else {"encoding": encoding.encode()}
    return Payload(metadata=metadata, data=text.encode())


def _is_unchanged(text: str, encoding: str, before: Payload) -> bool:
    if encoding == _KEEP:
        return True
    known = before.metadata.get("encoding", b"").decode(errors="replace")
    original = _text(before.data)
    return original is not None and encoding == known and _lines(original) == text


def _check_json(number: int, text: str) -> None:
    try:
        _JSON.decode(text)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise WrongField(f"text-{number}", f"not JSON: {error.msg} at {place}") from error
    except (ValueError, RecursionError) as error:
        raise WrongField(f"text-{number}", f"not JSON: {error}") from error


def _no_constant(word: str) -> None:
    raise ValueError(f"there is no {word}")


# Numbers are not converted: they may be of any size.
_JSON: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_no_constant)


def _count(form: Fields) -> int:
    text = form.one("arguments", "0")
    return min(MOST, int(text)) if text.isascii() and text.isdigit() and len(text) < 4 else 0


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
