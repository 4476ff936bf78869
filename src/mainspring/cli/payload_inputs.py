"""Payloads from the command line.

    --input '{"a": 1}'    --input-file args.json    --input-meta encoding=binary/plain    --input-base64

Data goes out byte for byte as it was given. Several inputs are several arguments; metadata that is given several times
belongs to them in order, and the first also to those that have none of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from temporalio.api.common.v1 import Header, Memo, Payload, Payloads, SearchAttributes

from mainspring.cli.gathering import Decorator, gathered
from mainspring.cli.output.proto_json import is_json
from mainspring.cli.values import KEY_VALUE


class Inputs(msgspec.Struct, frozen=True):
    """The options as click gives them."""

    input: tuple[str, ...]
    input_file: tuple[str, ...]
    input_meta: tuple[tuple[str, str], ...]
    input_base64: bool

    def payloads(self, option: str = "--input") -> Payloads:
        """What to send.

        Raises: click.ClickException: a file cannot be read, or an input is not what it is said to be.
        """
        if self.input and self.input_file:
            raise click.ClickException("cannot provide input and input file")
        texts = [text.encode("utf-8", "surrogateescape") for text in self.input] + [
            read(file) for file in self.input_file
        ]
        metadata = self._metadata(len(texts), option)
        return Payloads(payloads=[self._payload(place, text, metadata) for place, text in enumerate(texts)])

    def _metadata(self, count: int, option: str) -> Mapping[str, Sequence[bytes]]:
        found: dict[str, list[bytes]] = {}
        for key, value in self.input_meta:
            values = found.setdefault(key, [])
            if values and len(values) == count:
                raise click.ClickException(f"received more {option}-meta flags for key {key!r} than number of inputs")
            values.append(value.encode())
        found.setdefault("encoding", [b"json/plain"])
        return found

    def _payload(self, place: int, text: bytes, metadata: Mapping[str, Sequence[bytes]]) -> Payload:
        own = {key: values[place] if place < len(values) else values[0] for key, values in metadata.items()}
        if own["encoding"].startswith(b"json/") and not is_json(text):
            raise click.ClickException(f"input #{place + 1} is not valid JSON")
        return Payload(metadata=own, data=decoded(text, place) if self.input_base64 else text)


def read(file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise click.ClickException(f"failed reading input file {file!r}: {error.strerror}") from error


def decoded(text: bytes, place: int) -> bytes:
    import base64
    import binascii

    try:
        return base64.b64decode(b"".join(text.split()), validate=True)
    except binascii.Error as error:
        raise click.ClickException(f"input #{place + 1} is not valid base64") from error


def input_options(into: str = "inputs", *, prefix: str = "", short: bool = True, of: str = "") -> Decorator:
    """Options `--input` and so on as one argument; `prefix` stands before their names."""
    flag = f"--{prefix}input"
    name = prefix.replace("-", "_")
    options = [
        click.option(
            flag,
            *(["-i"] if short else []),
            multiple=True,
            help=f"{of or 'Input'} as JSON. May be given several times, once for each argument.",
        ),
        click.option(f"{flag}-file", multiple=True, help="File with input. May be given several times."),
        click.option(
            f"{flag}-meta",
            multiple=True,
            type=KEY_VALUE,
            help="Metadata of the input's payload; encoding=json/plain unless it is given. May be given several times.",
        ),
        click.option(f"{flag}-base64", is_flag=True, help="The input is given in base64."),
    ]
    return gathered(into, Inputs, *options, prefix=name)


def json_payloads(pairs: Sequence[tuple[str, str]], what: str) -> dict[str, Payload]:
    """Payloads of `KEY=JSON` pairs by key.

    Raises: click.ClickException: a value is no JSON.
    """
    return {key: json_payload(key, text, what) for key, text in pairs}


def json_payload(key: str, text: str, what: str) -> Payload:
    data = text.encode("utf-8", "surrogateescape")
    if not is_json(data):
        raise click.ClickException(f"invalid {what} values: invalid JSON value for key {key!r}")
    if text.strip() == "null":
        return Payload(metadata={"encoding": b"binary/null"})
    return Payload(metadata={"encoding": b"json/plain"}, data=msgspec.json.format(data, indent=-1))


def memo_of(pairs: Sequence[tuple[str, str]]) -> Memo | None:
    return Memo(fields=json_payloads(pairs, "memo")) if pairs else None


def search_attributes_of(pairs: Sequence[tuple[str, str]]) -> SearchAttributes | None:
    return SearchAttributes(indexed_fields=json_payloads(pairs, "search attribute")) if pairs else None


def header_of(pairs: Sequence[tuple[str, str]]) -> Header | None:
    return Header(fields=json_payloads(pairs, "header")) if pairs else None


def text_payload(text: str) -> Payload:
    """A text as JSON."""
    return Payload(metadata={"encoding": b"json/plain"}, data=msgspec.json.encode(text))


Option = Callable[..., Any]
HEADERS: Option = click.option(
    "--headers",
    multiple=True,
    type=KEY_VALUE,
    help="Header of the workflow as KEY=JSON; not one of gRPC. May be given several times.",
)
