"""Values <-> payloads, exceptions <-> failures: what goes over the wire, and how it comes back as what it was.

    DataConverter
    ├── payload_converter     values <-> payloads       CompositePayloadConverter of one converter per encoding
    ├── payload_codec         payloads <-> payloads     encryption, compression; none by default
    ├── failure_converter     exceptions <-> failures
    └── external_storage      payloads <-> references   large ones, kept by a driver; none by default

What the official SDK writes is written with the same bytes. Beyond it, dates, times, durations, decimals, paths and
pydantic models travel by themselves, a value that would not come back as it was is refused where it is sent, with its
place, and the reader of each type is made once. See docs/guide/payloads.md.
"""

from mainspring.converter._binary_converters import (
    BinaryNullPayloadConverter,
    BinaryPlainPayloadConverter,
    BinaryProtoPayloadConverter,
    JSONProtoPayloadConverter,
)
from mainspring.converter._data_converter import DataConverter, default
from mainspring.converter._external_storage import ExternalStorage
from mainspring.converter._failure_converter import (
    DefaultFailureConverter,
    DefaultFailureConverterWithEncodedAttributes,
    FailureConverter,
)
from mainspring.converter._file_storage import FileStorageDriver
from mainspring.converter._json_converter import DefaultPayloadConverter, JSONPlainPayloadConverter, value_to_type
from mainspring.converter._json_encoding import AdvancedJSONEncoder
from mainspring.converter._json_type_converter import JSONTypeConverter, JSONTypeConverterUnhandled
from mainspring.converter._payload_codec import PayloadCodec
from mainspring.converter._payload_converter import (
    CompositePayloadConverter,
    EncodingPayloadConverter,
    PayloadConverter,
)
from mainspring.converter._payload_validation_error import create_payload_validation_error
from mainspring.converter._placed_errors import UnconvertibleValue, UnserializableValue
from mainspring.converter._search_attributes import (
    decode_search_attributes,
    decode_typed_search_attributes,
    encode_search_attribute_values,
    encode_search_attributes,
    encode_typed_search_attribute_value,
)
from mainspring.converter._serialization_context import (
    ActivitySerializationContext,
    NexusSerializationContext,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from mainspring.converter._storage_driver import (
    StorageDriver,
    StorageDriverActivityInfo,
    StorageDriverClaim,
    StorageDriverRetrieveContext,
    StorageDriverSelectContext,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    StorageWarning,
)
from mainspring.converter._transfer_types import TransferTypeConverter, transfer_type_convertible

__all__ = [
    "ActivitySerializationContext",
    "AdvancedJSONEncoder",
    "BinaryNullPayloadConverter",
    "BinaryPlainPayloadConverter",
    "BinaryProtoPayloadConverter",
    "CompositePayloadConverter",
    "DataConverter",
    "DefaultFailureConverter",
    "DefaultFailureConverterWithEncodedAttributes",
    "DefaultPayloadConverter",
    "EncodingPayloadConverter",
    "ExternalStorage",
    "FailureConverter",
    "FileStorageDriver",
    "JSONPlainPayloadConverter",
    "JSONProtoPayloadConverter",
    "JSONTypeConverter",
    "JSONTypeConverterUnhandled",
    "NexusSerializationContext",
    "PayloadCodec",
    "PayloadConverter",
    "SerializationContext",
    "StorageDriver",
    "StorageDriverActivityInfo",
    "StorageDriverClaim",
    "StorageDriverRetrieveContext",
    "StorageDriverSelectContext",
    "StorageDriverStoreContext",
    "StorageDriverWorkflowInfo",
    "StorageWarning",
    "TransferTypeConverter",
    "UnconvertibleValue",
    "UnserializableValue",
    "WithSerializationContext",
    "WorkflowSerializationContext",
    "create_payload_validation_error",
    "decode_search_attributes",
    "decode_typed_search_attributes",
    "default",
    "encode_search_attribute_values",
    "encode_search_attributes",
    "encode_typed_search_attribute_value",
    "transfer_type_convertible",
    "value_to_type",
]

DataConverter.default = DataConverter()
PayloadConverter.default = DataConverter.default.payload_converter
FailureConverter.default = DataConverter.default.failure_converter
