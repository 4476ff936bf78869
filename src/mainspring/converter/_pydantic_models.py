"""Pydantic, where a value or a type is its own: models, pydantic dataclasses, discriminated unions.

Pydantic is optional, and is imported once a type of its own turns up. Such a type is a leaf: everything in it is
written and read by pydantic, everything around it by the converter, so models may stand in dataclasses, lists, unions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from mainspring.converter._kinds import is_dict, is_iterable
from mainspring.converter._placed_errors import UnconvertibleValue

MASK = b"**********"
"""What pydantic writes in place of a secret."""


def is_model(cls: object) -> bool:
    """Whether it is a model or a pydantic dataclass."""
    return isinstance(cls, type) and hasattr(cls, "__pydantic_serializer__")


def is_known(cls: object) -> bool:
    """Whether the class, no model, tells pydantic how to read it: `AnyUrl` and the like."""
    return isinstance(cls, type) and hasattr(cls, "__get_pydantic_core_schema__")


def is_of_models(hint: Any) -> bool:
    """Whether pydantic reads the whole hint: models, and unions, lists and str-keyed dicts of nothing else."""
    origin = get_origin(hint)
    arguments = get_args(hint)
    if not arguments:
        return is_model(hint)
    if origin is Annotated:
        return is_of_models(arguments[0])
    if origin is Union or origin is UnionType:
        members = [member for member in arguments if member is not NoneType]
        return all(map(is_of_models, members))
    if origin is list:
        return is_of_models(arguments[0])
    if origin is dict:
        return arguments[0] is str and is_of_models(arguments[1])
    return is_model(origin)


def model_json(value: object) -> bytes:
    """The JSON of a model, as pydantic's own converter writes it; but nan and infinity stay, which pydantic makes null.

    Raises: ValueError: a field has no JSON.
    """
    data: bytes = _core().to_json(value)
    if MASK in data:
        _refuse_masked(value)
    if b"null" not in data:
        return data
    plain = _core().to_jsonable_python(value)
    if not any(map(_is_odd_float, leaves(plain))):
        return data
    return json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()


def model_plain(value: object) -> Any:
    """A model as dicts, lists and what else `json` takes.

    Raises: ValueError: a field has no JSON.
    """
    plain = _core().to_jsonable_python(value)
    if MASK.decode() in leaves(plain):
        _refuse_masked(value)
    return plain


def _refuse_masked(value: object) -> None:
    """Raises: ValueError: it holds a secret, of which pydantic writes asterisks."""
    from pydantic_core import SchemaSerializer
    from pydantic_core.core_schema import any_schema

    as_python = SchemaSerializer(any_schema()).to_python(value)
    if any(hasattr(leaf, "get_secret_value") for leaf in leaves(as_python)):
        raise ValueError(
            "pydantic writes a secret as asterisks: give its field a serializer that writes get_secret_value(), "
            "and the data converter a codec that encrypts"
        )


def model_reader(hint: Any) -> Callable[[bytes | str], Any]:
    """What reads JSON as the type, which is resolved at the first call. Raises: UnconvertibleValue."""

    @cache
    def adapter() -> Any:
        return _pydantic().TypeAdapter(hint)

    def read(data: bytes | str) -> Any:
        try:
            return adapter().validate_json(data)
        except ValueError as error:  # pydantic's is one
            raise UnconvertibleValue(str(error)) from error

    return read


def leaves(plain: object) -> Iterator[object]:
    """What stands in dicts, lists and the like, at any depth; keys do not count."""
    if is_dict(plain):
        plain = plain.values()
    elif isinstance(plain, str) or not is_iterable(plain):
        yield plain
        return
    for item in plain:
        yield from leaves(item)


def _is_odd_float(leaf: object) -> bool:
    return isinstance(leaf, float) and not math.isfinite(leaf)


@cache
def _pydantic() -> Any:
    import pydantic

    return pydantic


@cache
def _core() -> Any:
    import pydantic_core

    return pydantic_core
