"""Payloads as text."""

from __future__ import annotations

import pytest
from temporalio.api.common.v1 import Payload

from mainspring.explain.payload_text import payload_text, payloads_line


def payload(data: bytes, encoding: str = "json/plain", **metadata: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding.encode(), **metadata}, data=data)


def test_json_is_the_very_bytes() -> None:
    data = b'{ "n":9007199254740993 , "d":0.10000000000000000555}'
    assert payload_text(payload(data)).text == data.decode()


@pytest.mark.parametrize(
    "given, text",
    [
        (payload(b"", "binary/null"), "null"),
        (payload(b""), "(empty, json/plain)"),
        (Payload(data=b"words"), "words"),
        (payload(b"\xff\x00\x01", "binary/plain"), "3 bytes, binary/plain: ff 00 01"),
        (payload(b"\xff" * 33, ""), "33 bytes, no encoding: " + " ".join(["ff"] * 32) + " …"),
        (payload(b"readable", "binary/encrypted"), "8 bytes, binary/encrypted: " + b"readable".hex(" ")),
        (payload(b"\xf0\x9f\x98", "text"), "3 bytes, text: f0 9f 98"),
    ],
)
def test_what_is_no_text_is_described(given: Payload, text: str) -> None:
    assert payload_text(given).text == text


def test_the_type_of_a_protobuf_message_is_noted() -> None:
    shown = payload_text(payload(b"{}", "json/protobuf", messageType=b"shop.Order"))
    assert (shown.note, shown.is_whole) == ("shop.Order", True)


REFERENCE = {"messageType": b"temporal.api.sdk.v1.ExternalStorageReference"}


@pytest.mark.parametrize(
    "given",
    [
        payload(b'{"driverName":"disk"}', "json/protobuf", **REFERENCE),
        payload(b'{"driverName":"disk"}', "json/external-storage-reference"),
        payload(b'{"driverName":"disk"}', "mine", __temporal_external_storage_reference=b"true"),
    ],
    ids=["reference", "first releases", "encoded"],
)
def test_what_is_kept_elsewhere_says_so_with_its_size(given: Payload) -> None:
    shown = payload_text(given)
    assert (shown.text, shown.is_whole) == ('(in external storage) {"driverName":"disk"}', False)
    given.external_payloads.add(size_bytes=1_234_567)
    assert payload_text(given).text == '(in external storage, 1,234,567 bytes) {"driverName":"disk"}'


@pytest.mark.parametrize("character", ["a", "é", "名", "😀"])
def test_long_text_is_cut_between_characters_with_a_mark(character: str) -> None:
    for before in ("", "x", "xx", "xxx"):
        data = (before + character * 50).encode()
        shown = payload_text(payload(data), 10)
        assert shown.text == f"{data.decode()[:10]}\n… {len(data)} bytes in all"
        assert not shown.is_whole


def test_a_line_holds_all_payloads_and_ends() -> None:
    given = [payload(b'{\n "a": 1}'), payload(b"2"), payload(b'"' + b"x" * 500), payload(b"3")]
    assert payloads_line(given, 30) == '{ "a": 1}, 2, "' + "x" * 19 + "…, …"


def test_a_huge_payload_is_read_only_as_far_as_it_is_shown() -> None:
    assert len(payload_text(payload(b"x" * 4_000_000), 100).text) < 200
