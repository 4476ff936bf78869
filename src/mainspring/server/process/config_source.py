"""Reads the configuration from a TOML file and the environment, and finds everything that is wrong with it at once.

    file + environment --load--> Config | ConfigError("2 settings are wrong: ...")

A key that does not exist is an error that names the nearest one. Two things stand beside the tree: a `[dynamic]` table
holds limits under the real server's dynamic-config keys, unknown ones ignored as there, and any duration can be
written as `30s` or `7d`.
"""

from __future__ import annotations

import difflib
import tomllib
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, cast

import msgspec

from mainspring.server.engine.limits import LimitError, Limits, duration_s
from mainspring.server.process.config import Config

ENVIRONMENT_PREFIX: Final = "MAINSPRING_"
_DYNAMIC: Final = "dynamic"

Table = Mapping[str, object]


class ConfigError(Exception):
    """The configuration is wrong; `errors` holds one line for each thing that is."""

    def __init__(self, errors: Sequence[str]) -> None:
        count = "1 setting is" if len(errors) == 1 else f"{len(errors)} settings are"
        super().__init__("\n  ".join([f"{count} wrong:", *errors]))
        self.errors = tuple(errors)


class Setting(msgspec.Struct, frozen=True):
    """One leaf of the tree."""

    path: tuple[str, ...]
    type: object  # as annotated, with msgspec's constraints

    @property
    def name(self) -> str:
        """As in TOML: `grpc.port`."""
        return ".".join(self.path)

    @property
    def variable(self) -> str:
        """As in the environment: `MAINSPRING_GRPC_PORT`."""
        return ENVIRONMENT_PREFIX + "_".join(self.path).upper()


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """The configuration of a file, or the defaults, with what the environment sets.

    Raises:
        ConfigError: the file cannot be read, or settings are wrong: all of them are named.
    """
    errors: list[str] = []
    table: Table = {} if path is None else _read(path)
    values = {
        **_from_table(table, errors),
        **_from_environment(environment, errors),
    }
    checked = {name: _checked(setting, values[name], errors) for name, setting in SETTINGS.items() if name in values}
    config = _assembled(checked)
    limits = with_dynamic(config.limits, _dynamic_table(table, errors), errors)
    if errors:
        raise ConfigError(errors)
    return msgspec.structs.replace(config, limits=limits)


def with_dynamic(limits: Limits, values: Table, errors: list[str]) -> Limits:
    """The limits after dynamic-config values; what does not fit is appended to `errors`."""
    for key, value in values.items():
        try:
            limits = limits.with_dynamic(key, value)
        except LimitError as error:
            errors.append(str(error))
    return limits


def _read(path: Path) -> Table:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError([f"cannot read {path}: {error.strerror}"]) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path} is not valid TOML: {error}"]) from error


def _settings(struct: type[msgspec.Struct], path: tuple[str, ...] = ()) -> Iterator[Setting]:
    hints = typing.get_type_hints(struct, include_extras=True)
    for field in msgspec.structs.fields(struct):
        kind: object = hints[field.name]
        section = _section(kind)
        if section is None:
            yield Setting((*path, field.name), kind)
        else:
            yield from _settings(section, (*path, field.name))


def _section(kind: object) -> type[msgspec.Struct] | None:
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


SETTINGS: Final[Mapping[str, Setting]] = {setting.name: setting for setting in _settings(Config)}
"""Every setting by its TOML name."""


def _from_table(table: Table, errors: list[str]) -> dict[str, object]:
    """The leaves of a table by their TOML name."""
    found: dict[str, object] = {}
    sections = {setting.path[0] for setting in SETTINGS.values()}
    for section, content in table.items():
        if section == _DYNAMIC:
            continue
        if section not in sections:
            errors.append(f"there is no [{section}]{_nearest(section, [*sections, _DYNAMIC])}")
        elif not isinstance(content, dict):
            errors.append(f"{section}: expected a table, got {content!r}")
        else:
            for key, value in cast("Table", content).items():
                name = f"{section}.{key}"
                if name in SETTINGS:
                    found[name] = value
                else:
                    errors.append(f"there is no {name}{_nearest(name, SETTINGS)}")
    return found


def _from_environment(environment: Mapping[str, str], errors: list[str]) -> dict[str, object]:
    """The settings that the environment sets. Variables of other sections than the tree's are none of ours."""
    by_variable = {setting.variable: setting.name for setting in SETTINGS.values()}
    prefixes = tuple({f"{ENVIRONMENT_PREFIX}{setting.path[0].upper()}_" for setting in SETTINGS.values()})
    found: dict[str, object] = {}
    for variable, value in environment.items():
        if variable in by_variable:
            found[by_variable[variable]] = value
        elif variable.startswith(prefixes):
            errors.append(f"there is no {variable}{_nearest(variable, by_variable)}")
    return found


def _dynamic_table(table: Table, errors: list[str]) -> Table:
    content = table.get(_DYNAMIC, {})
    if not isinstance(content, dict):
        errors.append(f"{_DYNAMIC}: expected a table, got {content!r}")
        return {}
    return _flat(cast("Table", content))


def _flat(table: Table, prefix: str = "") -> dict[str, object]:
    """`limit.blobSize.error = 1` is nested tables to TOML: join the keys again."""
    found: dict[str, object] = {}
    for key, value in table.items():
        if isinstance(value, dict):
            found.update(_flat(cast("Table", value), f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found


def _checked(setting: Setting, value: object, errors: list[str]) -> object:
    """The value as the setting's type; texts, as from the environment, are read as that type."""
    try:
        if setting.name.endswith("_s") and isinstance(value, str):
            value = duration_s(setting.name, value)
        elif isinstance(value, str):
            value = _read_text(setting, value)
        return msgspec.convert(value, setting.type, strict=not isinstance(value, str))
    except LimitError as error:
        errors.append(str(error))
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        errors.append(f"{setting.name}: {str(error)[:1].lower()}{str(error)[1:].split(' - at `')[0]}, got {value!r}")
    return None


def _read_text(setting: Setting, text: str) -> object:
    kind = typing.get_args(setting.type)[0] if typing.get_origin(setting.type) is typing.Annotated else setting.type
    origin = typing.get_origin(kind)
    if origin is tuple:
        return [part.strip() for part in text.split(",") if part.strip()]
    if origin is dict:
        pairs = [part.partition("=") for part in text.split(",") if part.strip()]
        return {name.strip(): value.strip() for name, _, value in pairs}
    return text


def _assembled(checked: Mapping[str, object]) -> Config:
    """The tree with these leaves; sections are structs of leaves only."""
    sections: dict[str, dict[str, object]] = {}
    for name, value in checked.items():
        if value is not None:
            section, _, key = name.partition(".")
            sections.setdefault(section, {})[key] = value
    config = Config()
    changed = {
        section: msgspec.structs.replace(cast("msgspec.Struct", getattr(config, section)), **leaves)
        for section, leaves in sections.items()
    }
    return msgspec.structs.replace(config, **changed)


def _nearest(name: str, candidates: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(candidates), n=1)
    return f", did you mean {close[0]}?" if close else ""
