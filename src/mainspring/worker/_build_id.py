"""The build id of a worker that was given none: a hash of the code that is loaded."""

from __future__ import annotations

import functools
import hashlib
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path
from types import ModuleType


def load_default_build_id(*, memoize: bool = True) -> str:
    """A hash over all modules that are loaded now, the same wherever the same code is loaded.

    `memoize`: give what the first call gave, though more may have been loaded since.

    Raises:
        RuntimeError: The code cannot be read, so that a hash would never change.
    """
    return _memoized() if memoize else _hashed()


@functools.cache
def _memoized() -> str:
    return _hashed()


def _hashed() -> str:
    if not _code_of(sys.modules["mainspring"]):
        raise RuntimeError(
            "Cannot get default unique worker binary ID, the value should be explicitly set: "
            "the code of the modules cannot be read. Give the worker a deployment_config or a build_id"
        )
    digest = hashlib.md5(usedforsecurity=False)
    for name, module in sorted(sys.modules.items()):
        digest.update(_code_of(module))
        digest.update(name.encode())
    return digest.hexdigest()


def _code_of(module: ModuleType) -> bytes:
    """The file that a module was loaded from, of compiled ones its size; nothing if built in or it cannot be read."""
    spec = getattr(module, "__spec__", None)
    origin = getattr(spec, "origin", None) or getattr(module, "__file__", None)
    if not isinstance(origin, str):
        return b""
    get_data = getattr(getattr(spec, "loader", None), "get_data", None)
    try:
        if origin.endswith(tuple(EXTENSION_SUFFIXES)):
            return str(Path(origin).stat().st_size).encode()
        return bytes(get_data(origin)) if get_data is not None else Path(origin).read_bytes()
    except (OSError, TypeError, ValueError):
        return b""
