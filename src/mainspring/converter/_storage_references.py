"""What stands on the wire in place of a payload that is stored elsewhere: a payload again, which says where.

    ExternalStorageReference {driver_name, claim_data} as json/protobuf, with the size of what it stands for

Also read is what came before it in the official SDK, and what will come after: a reference that went through the codec
bears a mark, by which it is known whatever the codec made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.api.sdk.v1 import ExternalStorageReference

from mainspring.converter._binary_converters import JSONProtoPayloadConverter
from mainspring.converter._json_converter import JSONPlainPayloadConverter
from mainspring.converter._payload_codec import PayloadCodec
from mainspring.converter._storage_driver import StorageDriverClaim

MARK = "__temporal_external_storage_reference"
LEGACY_ENCODING = b"json/external-storage-reference"
MESSAGE_TYPE = ExternalStorageReference.DESCRIPTOR.full_name.encode()
IN_ALL_FORMS = b"xternal"
NOT_CONFIGURED = "[TMPRL1105] Detected externally stored payload(s) but external storage is not configured."
NOT_DECODED = (
    "[TMPRL1106] Encountered an encoded external storage reference that could not be decoded. "
    "Check that the payload codec used to write it is configured."
)

REFERENCES = JSONProtoPayloadConverter()
LEGACY_REFERENCES = JSONPlainPayloadConverter(encoding=LEGACY_ENCODING.decode())


@dataclass(frozen=True)
class LegacyReference:
    """A reference as the official SDK wrote it at first."""

    driver_name: str
    driver_claim: StorageDriverClaim


def reference_to(payload: Payload, driver_name: str, claim: StorageDriverClaim) -> Payload:
    """The payload that stands for another one."""
    reference = REFERENCES.to_payload(ExternalStorageReference(driver_name=driver_name, claim_data=claim.claim_data))
    assert reference is not None, "it is a message"
    reference.external_payloads.add(size_bytes=payload.ByteSize())
    return reference


def may_hold_references(message: Message) -> bool:
    """Whether a message may hold references: a look at its bytes, far cheaper than one at each payload."""
    return message.SerializeToString().find(IN_ALL_FORMS) >= 0


def stands_for_another(payload: Payload) -> bool:
    """Whether it is a reference, or what a codec made of one."""
    metadata = payload.metadata
    return _tells_of_reference(metadata) or metadata.get(MARK) == b"true"


def is_reference(payload: Payload) -> bool:
    """Whether it is a reference that can be read as it is."""
    return _tells_of_reference(payload.metadata)


def _tells_of_reference(metadata: Mapping[str, bytes]) -> bool:
    encoding = metadata.get("encoding")
    if encoding == b"json/protobuf":
        return metadata.get("messageType") == MESSAGE_TYPE
    return encoding == LEGACY_ENCODING


def read_reference(payload: Payload) -> ExternalStorageReference | None:
    """The reference that a payload is, if it is one.

    Raises: RuntimeError: it cannot be read.
    """
    if not is_reference(payload):
        return None
    if payload.metadata["encoding"] == LEGACY_ENCODING:
        legacy: LegacyReference = LEGACY_REFERENCES.from_payload(payload, LegacyReference)
        return ExternalStorageReference(driver_name=legacy.driver_name, claim_data=legacy.driver_claim.claim_data)
    reference: ExternalStorageReference = REFERENCES.from_payload(payload)
    return reference


async def decode_references(payloads: Iterable[Payload], codec: PayloadCodec | None) -> list[Payload]:
    """References out of what the codec made of them; all other payloads stay as they are.

    Raises: RuntimeError: something else came out.
    """
    return [await _decode_reference(payload, codec) if _is_marked(payload) else payload for payload in payloads]


async def _decode_reference(payload: Payload, codec: PayloadCodec | None) -> Payload:
    reference = payload
    if codec is not None:
        unmarked = Payload()
        unmarked.CopyFrom(payload)
        del unmarked.metadata[MARK]
        del unmarked.external_payloads[:]
        [reference] = await codec.decode([unmarked])
    if not is_reference(reference):
        raise RuntimeError(NOT_DECODED)
    return reference


def _is_marked(payload: Payload) -> bool:
    return payload.metadata.get(MARK) == b"true"
