"""Arguments through a form and back: the very same payloads, or what was written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload

from mainspring.server.ui import arguments
from mainspring.server.ui.arguments import WrongField
from mainspring.server.ui.page import Fields

ENCODINGS = st.sampled_from(
    [b"json/plain", b"json/protobuf", b"binary/plain", b"binary/null", b"binary/x", b"\xff", b""]
)
DATA = st.one_of(st.binary(max_size=20), st.text(max_size=20).map(str.encode), st.sampled_from([b"\r\n1\r", b"\n\n{}"]))


def payload(encoding: bytes, data: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding, "more": b"\x00"}, data=data)


PAYLOADS = st.lists(st.builds(payload, ENCODINGS, DATA), min_size=1, max_size=4)


def sent(payloads: list[Payload], **changed: str) -> Fields:
    """What a browser sends of a form with these, with its own line ends."""
    shown = arguments.shown(payloads)
    fields = {"arguments": str(len(shown))}
    for each in shown:
        fields[f"text-{each.number}"] = "\r\n".join(each.text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
        fields[f"encoding-{each.number}"] = each.encoding
    return Fields(list((fields | changed).items()))


@given(PAYLOADS)
def test_a_form_that_is_sent_unchanged_gives_the_same_payloads(payloads: list[Payload]) -> None:
    taken = arguments.taken(sent(payloads), payloads)
    assert taken is not None
    assert list(taken.payloads) == payloads


@pytest.mark.parametrize(
    "text",
    ["1" * 5_000, "-0.1e999999", '{"a": [9007199254740993]}', '"\\ud800"', " [1,\n2] ", "null"],
)
def test_json_is_sent_as_it_is_written(text: str) -> None:
    form = Fields([("arguments", "1"), ("text-0", text), ("encoding-0", "json/plain")])
    taken = arguments.taken(form)
    assert taken is not None
    assert taken.payloads[0] == Payload(metadata={"encoding": b"json/plain"}, data=text.encode())


@pytest.mark.parametrize("text", ["{", "NaN", "[Infinity]", "[" * 100_000, "1 2", "'a'"])
def test_what_is_no_json_is_refused(text: str) -> None:
    form = Fields([("arguments", "1"), ("text-0", text), ("encoding-0", "json/plain")])
    with pytest.raises(WrongField, match="not JSON"):
        arguments.taken(form)


def test_plain_text_need_not_be_json_and_null_needs_no_text() -> None:
    form = Fields([("arguments", "2"), ("text-0", "{"), ("encoding-0", "binary/plain"), ("encoding-1", "binary/null")])
    taken = arguments.taken(form)
    assert taken is not None
    assert [(each.metadata["encoding"], each.data) for each in taken.payloads] == [
        (b"binary/plain", b"{"),
        (b"binary/null", b""),
    ]


def test_empty_arguments_at_the_end_are_none_and_one_in_the_middle_is_a_mistake() -> None:
    empty = Fields([("arguments", "3"), ("text-0", "1"), ("text-1", ""), ("text-2", " ")])
    taken = arguments.taken(empty)
    assert taken is not None
    assert len(taken.payloads) == 1
    assert arguments.taken(Fields([("arguments", "1"), ("text-0", "")])) is None
    with pytest.raises(WrongField):
        arguments.taken(Fields([("arguments", "2"), ("text-0", ""), ("text-1", "1")]))


@pytest.mark.parametrize("count", ["", "-1", "x", "9999999999", "²"])
def test_a_wrong_number_of_arguments_is_none_or_bounded(count: str) -> None:
    assert len(arguments.again(Fields([("arguments", count)]), ())) <= arguments.MOST


def test_a_changed_argument_keeps_the_metadata_of_its_encoding() -> None:
    before = [Payload(metadata={"encoding": b"json/protobuf", "messageType": b"a.B"}, data=b"{}")]
    taken = arguments.taken(sent(before, **{"text-0": '{"a":1}'}), before)
    assert taken is not None
    assert taken.payloads[0] == Payload(metadata=before[0].metadata, data=b'{"a":1}')
