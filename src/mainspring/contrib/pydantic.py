"""A data converter that leaves all of JSON to pydantic 2.

    Client.connect(..., data_converter=pydantic_data_converter)

The default data converter takes models too. This one is for programs that want pydantic's rules for everything,
dataclasses and plain types among them, or that share payloads with programs that have them.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import SchemaSerializer, to_json
from pydantic_core.core_schema import any_schema
from temporalio.api.common.v1 import Payload

from mainspring.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
)

MOST_TYPE_ADAPTERS = 1024


@dataclass
class ToJsonOptions:
    """How values are written."""

    exclude_unset: bool = False


class PydanticJSONPlainPayloadConverter(EncodingPayloadConverter):
    """`json/plain` by pydantic. Can be pickled, without the type adapters that it keeps."""

    def __init__(
        self,
        to_json_options: ToJsonOptions | None = None,
        *,
        max_cached_type_adapters: int | None = MOST_TYPE_ADAPTERS,
    ) -> None:
        """`max_cached_type_adapters`: how many types' adapters are kept; None is any number, 0 none.

        Raises: ValueError: a negative number.
        """
        if max_cached_type_adapters is not None and max_cached_type_adapters < 0:
            raise ValueError("max_cached_type_adapters cannot be negative")
        self._to_json_options = to_json_options
        self._max_cached = max_cached_type_adapters
        self._prepare()

    def _prepare(self) -> None:
        self._serializer = SchemaSerializer(any_schema())
        self._type_adapter = functools.lru_cache(self._max_cached)(TypeAdapter)

    def __getstate__(self) -> tuple[ToJsonOptions | None, int | None]:
        return self._to_json_options, self._max_cached

    def __setstate__(self, state: tuple[ToJsonOptions | None, int | None]) -> None:
        self._to_json_options, self._max_cached = state
        self._prepare()

    @property
    def encoding(self) -> str:
        return "json/plain"

    def to_payload(self, value: Any) -> Payload | None:
        options = self._to_json_options
        if options is None:
            data = to_json(value)
        else:
            data = self._serializer.to_json(value, exclude_unset=options.exclude_unset)
        return Payload(metadata={"encoding": b"json/plain"}, data=data)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        """The value. Raises: pydantic.ValidationError."""
        return self._adapter(Any if type_hint is None else type_hint).validate_json(payload.data)

    def _adapter(self, hint: Any) -> TypeAdapter[Any]:
        try:
            hash(hint)
        except TypeError:
            return TypeAdapter(hint)
        return self._type_adapter(hint)


class PydanticPayloadConverter(CompositePayloadConverter):
    """The default payload converter with JSON by pydantic."""

    def __init__(
        self,
        to_json_options: ToJsonOptions | None = None,
        *,
        max_cached_type_adapters: int | None = MOST_TYPE_ADAPTERS,
    ) -> None:
        """As for `PydanticJSONPlainPayloadConverter`; a data converter takes a subclass without parameters."""
        json_converter = PydanticJSONPlainPayloadConverter(
            to_json_options, max_cached_type_adapters=max_cached_type_adapters
        )
        super().__init__(
            *(
                json_converter if isinstance(converter, JSONPlainPayloadConverter) else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


pydantic_data_converter = DataConverter(payload_converter_class=PydanticPayloadConverter)
"""A data converter that leaves all of JSON to pydantic."""
