"""The data converter: codecs around converters, memos, contexts, transfer types; and the encodings by themselves."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import pytest
from temporalio.api.common.v1 import Memo, Payload, Payloads, WorkflowExecution
from temporalio.api.sdk.v1 import ExternalStorageReference

from mainspring import converter
from mainspring.common import _arg_unset
from mainspring.converter import (
    AdvancedJSONEncoder,
    BinaryNullPayloadConverter,
    BinaryProtoPayloadConverter,
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
    JSONProtoPayloadConverter,
    PayloadCodec,
    PayloadConverter,
    SerializationContext,
    TransferTypeConverter,
    WithSerializationContext,
    WorkflowSerializationContext,
    transfer_type_convertible,
)

CONTEXT = WorkflowSerializationContext("default", "order-1")


class Wrapping(PayloadCodec, WithSerializationContext):
    """Puts each payload into another one, under the id of its workflow."""

    def __init__(self, workflow_id: bytes = b"") -> None:
        self._workflow_id = workflow_id

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        metadata = {"encoding": b"wrapped", "workflow": self._workflow_id}
        return [Payload(metadata=metadata, data=payload.SerializeToString()) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        return [Payload.FromString(payload.data) for payload in payloads]

    def with_context(self, context: SerializationContext) -> Self:
        assert isinstance(context, WorkflowSerializationContext)
        return type(self)(context.workflow_id.encode())


class Tagging(EncodingPayloadConverter, WithSerializationContext):
    """Writes text, and for whom it is."""

    def __init__(self, tag: str = "nobody") -> None:
        self.tag = tag

    @property
    def encoding(self) -> str:
        return "tagged"

    def to_payload(self, value: Any) -> Payload | None:
        return Payload(metadata={"encoding": b"tagged"}, data=f"{self.tag}: {value}".encode())

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:  # one type only
        return payload.data.decode()

    def with_context(self, context: SerializationContext) -> Self:
        return type(self)(context.workflow_id) if isinstance(context, WorkflowSerializationContext) else self


class TaggingPayloadConverter(CompositePayloadConverter):
    def __init__(self) -> None:
        super().__init__(BinaryNullPayloadConverter(), Tagging())


class KnowingFailureConverter(DefaultFailureConverter, WithSerializationContext):
    context: SerializationContext | None = None

    def with_context(self, context: SerializationContext) -> Self:
        told = copy.copy(self)
        told.context = context
        return told


async def test_values_pass_the_codec_both_ways() -> None:
    secret = DataConverter(payload_codec=Wrapping())
    payloads = await secret.encode_wrapper([1, "a", None])
    assert {payload.metadata["encoding"] for payload in payloads.payloads} == {b"wrapped"}
    assert await secret.decode_wrapper(payloads, [int, str]) == [1, "a", None]


@pytest.mark.parametrize("nothing", [None, Payloads()], ids=repr)
async def test_no_payloads_are_no_values(nothing: Payloads | None) -> None:
    assert await DataConverter.default.decode_wrapper(nothing) == []
    assert PayloadConverter.default.from_payloads_wrapper(nothing) == []


async def test_single_payloads_pass_the_codec() -> None:
    secret = DataConverter(payload_codec=Wrapping())
    payload = PayloadConverter.default.to_payload("a")
    assert await secret._transform_inbound_payload(await secret._transform_outbound_payload(payload)) == payload
    assert secret._decode_payload_has_effect
    assert not DataConverter.default._decode_payload_has_effect


async def test_a_memo_takes_values_and_payloads() -> None:
    secret = DataConverter(payload_codec=Wrapping())
    raw = Payload(metadata={"encoding": b"wrapped"}, data=PayloadConverter.default.to_payload(2).SerializeToString())
    memo = await secret._encode_memo({"a": 1, "b": raw})
    assert memo.fields["b"] == raw
    assert await secret._decode_memo(memo) == {"a": 1, "b": 2}


async def test_one_value_of_a_memo_is_read_by_its_hint_or_is_the_default() -> None:
    data_converter = DataConverter.default
    memo = await data_converter._encode_memo({"a": (1, 2)})
    hint: Any = tuple[int, ...]
    assert await data_converter._decode_memo_field(memo, "a", _arg_unset, hint) == (1, 2)
    assert await data_converter._decode_memo_field(memo, "a", _arg_unset, None) == [1, 2]
    assert await data_converter._decode_memo_field(Memo(), "a", None, hint) is None
    with pytest.raises(KeyError, match="Memo does not have a value for key b"):
        await data_converter._decode_memo_field(memo, "b", _arg_unset, None)


async def test_every_part_that_wants_to_is_told_the_context() -> None:
    plain = DataConverter(
        payload_converter_class=TaggingPayloadConverter,
        payload_codec=Wrapping(),
        failure_converter_class=KnowingFailureConverter,
    )
    told = plain.with_context(CONTEXT)
    [payload] = await told.encode(["a"])
    assert payload.metadata["workflow"] == b"order-1"
    assert await told.decode([payload]) == ["order-1: a"]
    assert isinstance(told.failure_converter, KnowingFailureConverter)
    assert told.failure_converter.context == CONTEXT

    [untold] = await plain.encode(["a"])
    assert untold.metadata["workflow"] == b""
    assert await plain.decode([untold]) == ["nobody: a"]


def test_a_composite_of_which_no_converter_cares_stays_the_same() -> None:
    plain = DefaultPayloadConverter()
    assert plain.with_context(CONTEXT) is plain
    tagging = TaggingPayloadConverter()
    assert tagging.with_context(SerializationContext()) is tagging


EXTERNAL = [
    Payload(metadata={"encoding": b"json/external-storage-reference"}),
    PayloadConverter.default.to_payload(ExternalStorageReference()),
    Payload(metadata={"encoding": b"x", "__temporal_external_storage_reference": b"true"}),
]


@pytest.mark.parametrize("payload", EXTERNAL, ids=repr)
async def test_payloads_that_the_official_sdk_stored_elsewhere_are_refused(payload: Payload) -> None:
    with pytest.raises(RuntimeError, match=r"^\[TMPRL1105\] Detected externally stored"):
        await DataConverter.default.decode([payload])
    with pytest.raises(RuntimeError, match=r"^\[TMPRL1105\] Detected externally stored"):
        await DataConverter.default._transform_inbound_payloads(Payloads(payloads=[payload]))


@dataclass
class Money:
    cents: int


class MoneyConverter(TransferTypeConverter[Money, WorkflowExecution]):
    transfer_type = WorkflowExecution

    def to_transfer_type(self, value: Money) -> WorkflowExecution:
        return WorkflowExecution(workflow_id=str(value.cents))

    def from_transfer_type(self, value: WorkflowExecution, type_hint: type[Money]) -> Money:
        return type_hint(int(value.workflow_id))


transfer_type_convertible(MoneyConverter)(Money)


def test_a_transfer_type_travels_in_place_of_the_value() -> None:
    own = DataConverter(payload_converter_class=DefaultPayloadConverter).payload_converter
    payloads = own.to_payloads([Money(5), 1, 2])
    assert payloads[0].metadata["messageType"] == b"temporal.api.common.v1.WorkflowExecution"
    assert own.from_payloads(payloads, [Money, int]) == [Money(5), 1, 2]


def test_a_class_has_one_transfer_type() -> None:
    with pytest.raises(TypeError, match="class already has a transfer type converter"):
        transfer_type_convertible(MoneyConverter)(Money)


def proto(encoding: bytes, name: bytes, data: bytes) -> Payload:
    return Payload(metadata={"encoding": encoding, "messageType": name}, data=data)


EXECUTION = b"temporal.api.common.v1.WorkflowExecution"
BROKEN: list[tuple[Payload, str]] = [
    (Payload(metadata={"encoding": b"binary/null"}, data=b"x"), "Expected empty data set for binary/null"),
    (Payload(metadata={"encoding": b"json/plain"}, data=b"{"), "Failed parsing"),
    (proto(b"json/protobuf", b"no.Such", b"{}"), "Unknown Protobuf type no.Such"),
    (proto(b"json/protobuf", EXECUTION, b"{"), "Failed parsing"),
    (proto(b"json/protobuf", EXECUTION, b'{"new":1}'), "Failed parsing"),
    (proto(b"binary/protobuf", b"no.Such", b""), "Unknown Protobuf type no.Such"),
    (proto(b"binary/protobuf", EXECUTION, b"\xff"), "Failed parsing"),
]


@pytest.mark.parametrize("payload, cause", BROKEN, ids=[cause for _, cause in BROKEN])
def test_a_malformed_payload_is_reported_with_its_encoding(payload: Payload, cause: str) -> None:
    with pytest.raises(RuntimeError, match=r"Payload at index 1 with encoding \S+ could not be converted") as caught:
        PayloadConverter.default.from_payloads([Payload(metadata={"encoding": b"binary/null"}), payload])
    assert str(caught.value.__cause__) == cause


def test_an_unknown_encoding_is_reported() -> None:
    with pytest.raises(KeyError, match="Unknown payload encoding mine"):
        PayloadConverter.default.from_payload(Payload(metadata={"encoding": b"mine"}))


def test_a_value_that_no_converter_takes_is_reported() -> None:
    with pytest.raises(RuntimeError, match="Value at index 1 of type <class 'int'> has no known converter"):
        CompositePayloadConverter(BinaryNullPayloadConverter()).to_payloads([None, 1])


def test_fields_of_newer_messages_can_be_read_past() -> None:
    lenient = JSONProtoPayloadConverter(ignore_unknown_fields=True)
    message = lenient.from_payload(proto(b"json/protobuf", EXECUTION, b'{"new":1,"runId":"r"}'))
    assert message == WorkflowExecution(run_id="r")


@pytest.mark.parametrize("kind", [BinaryProtoPayloadConverter, JSONProtoPayloadConverter])
def test_what_is_no_message_is_for_another_converter(kind: Callable[[], EncodingPayloadConverter]) -> None:
    assert kind().to_payload("a") is None


def test_binary_messages_are_read_and_written() -> None:
    own = BinaryProtoPayloadConverter()
    message = WorkflowExecution(run_id="r")
    payload = own.to_payload(message)
    assert payload is not None
    assert payload == proto(b"binary/protobuf", EXECUTION, message.SerializeToString())
    assert own.from_payload(payload) == message


def test_a_data_converter_can_be_pickled_once_used() -> None:
    """Activities in processes of their own get one."""
    hint: Any = list[Money]
    used = DataConverter(payload_converter_class=DefaultPayloadConverter)
    payload = used.payload_converter.to_payload([Money(1)])
    assert used.payload_converter.from_payload(payload, hint) == [Money(1)]
    again = pickle.loads(pickle.dumps(used))
    assert again.payload_converter.from_payload(payload, hint) == [Money(1)]


def test_another_encoding_and_a_plain_encoder_can_be_chosen() -> None:
    own = JSONPlainPayloadConverter(encoder=None, encoding="json/mine")
    assert own.to_payload({"b": 1, "a": 2}) == Payload(metadata={"encoding": b"json/mine"}, data=b'{"a":2,"b":1}')
    with pytest.raises(TypeError, match="Money is not JSON serializable"):
        own.to_payload(Money(1))


class Loud(AdvancedJSONEncoder):
    """An encoder with a way of its own."""

    def encode(self, o: Any) -> str:
        return super().encode(o).upper()


class Indented(AdvancedJSONEncoder):
    """An encoder that wants its output for people."""

    def __init__(self, **options: Any) -> None:
        options["indent"] = 1
        super().__init__(**options)


def test_an_encoder_that_is_derived_is_asked_for_every_value() -> None:
    loud, indented = JSONPlainPayloadConverter(encoder=Loud), JSONPlainPayloadConverter(encoder=Indented)
    for value, data in (("a", b'"A"'), (["b"], b'["B"]')):
        assert loud.to_payload(value) == Payload(metadata={"encoding": b"json/plain"}, data=data)
    assert indented.to_payload([1]) == Payload(metadata={"encoding": b"json/plain"}, data=b"[\n 1\n]")


def test_a_validation_error_is_not_retried() -> None:
    error = converter.create_payload_validation_error({"path": "a"})
    assert (error.type, error.non_retryable, error.details) == ("PayloadValidationError", True, ({"path": "a"},))
    assert converter.create_payload_validation_error(None).details == ()
