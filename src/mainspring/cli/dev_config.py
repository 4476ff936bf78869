"""What the flags of `mainspring server start-dev` mean, as the server's configuration.

    DevFlags  --dev_config-->  Config | UsageError with all that is wrong

Dynamic-config keys of no limit are ignored: every feature that test suites switch on with them is on, or not built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, cast, get_args

import click
import msgspec

from mainspring.server.engine.limits import Limits
from mainspring.server.process.config import (
    CODEC_ENDPOINT,
    Config,
    GrpcConfig,
    HttpConfig,
    LogConfig,
    LogFormat,
    LogLevel,
    MetricsConfig,
    NamespaceConfig,
    SearchAttributeType,
    StoreConfig,
    UiConfig,
)
from mainspring.server.process.config_source import with_dynamic

_UI_PORT_ABOVE: Final = 1_000
_HIGHEST_PORT: Final = 65_535
_SEARCH_ATTRIBUTE_TYPES: Final[tuple[str, ...]] = get_args(SearchAttributeType)


class DevFlags(msgspec.Struct, frozen=True, kw_only=True):
    """The flags as click gives them; None where one was not given."""

    db_filename: str
    dynamic_config_value: tuple[str, ...]
    headless: bool
    http_port: int | None
    ip: str
    log_config: bool
    log_format: LogFormat
    log_level: LogLevel
    metrics_port: int | None
    namespace: tuple[str, ...]
    port: int
    search_attribute: tuple[str, ...]
    sqlite_pragma: tuple[str, ...]
    ui_asset_path: str | None
    ui_codec_endpoint: str | None
    ui_disable_news_fetch: bool
    ui_ip: str | None
    ui_port: int | None
    ui_public_path: str | None


def dev_config(flags: DevFlags) -> Config:
    """The configuration of a development server.

    Raises:
        click.UsageError: flags have values that they cannot have; all of them are named.
    """
    errors: list[str] = []
    attributes = _search_attributes(flags.search_attribute, errors)
    limits = with_dynamic(Limits(), _dynamic(flags.dynamic_config_value, errors), errors)
    ui = _ui(flags, errors)
    if errors:
        raise click.UsageError("\n  ".join(errors))
    return Config(
        grpc=GrpcConfig(ip=flags.ip, port=flags.port),
        ui=ui,
        http=HttpConfig(enabled=True, ip=flags.ip, port=flags.http_port or 0),
        metrics=MetricsConfig(enabled=True, ip=flags.ip, port=flags.metrics_port or 0),
        store=StoreConfig(path=flags.db_filename),
        namespaces=NamespaceConfig(
            create=tuple(dict.fromkeys(["default", *flags.namespace])), search_attributes=attributes
        ),
        log=LogConfig(level=flags.log_level, format=flags.log_format),
        limits=limits,
    )


def without_effect(flags: DevFlags) -> list[str]:
    """The given flags for which nothing is built yet."""
    values: Mapping[str, object] = {
        "--ui-asset-path": flags.ui_asset_path,
        "--ui-public-path": flags.ui_public_path,
    }
    return [flag for flag, value in values.items() if value is not None]


def _ui(flags: DevFlags, errors: list[str]) -> UiConfig:
    """Where the web UI listens: unless said otherwise beside the server, 1000 ports above; on a free port if it is."""
    port = flags.ui_port
    if port is None:
        port = flags.port + _UI_PORT_ABOVE if flags.port else 0
    if port > _HIGHEST_PORT and not flags.headless:
        errors.append(f"--ui-port: expected a port for the web UI, {port} is too high; give one, or --headless")
    codec = flags.ui_codec_endpoint or ""
    if not re.match(CODEC_ENDPOINT, codec):
        errors.append(f"--ui-codec-endpoint: expected http(s)://HOST[:PORT][/PATH] and no more, got {codec!r}")
    return UiConfig(enabled=not flags.headless, ip=flags.ui_ip or flags.ip, port=port, codec_endpoint=codec)


def _search_attributes(pairs: Sequence[str], errors: list[str]) -> dict[str, SearchAttributeType]:
    found: dict[str, SearchAttributeType] = {}
    for pair in pairs:
        name, _, kind = pair.partition("=")
        if name and kind in _SEARCH_ATTRIBUTE_TYPES:
            found[name] = cast("SearchAttributeType", kind)
        else:
            expected = f"NAME=TYPE with a type of {', '.join(_SEARCH_ATTRIBUTE_TYPES)}"
            errors.append(f"--search-attribute: expected {expected}, got {pair!r}")
    return found


def _dynamic(pairs: Sequence[str], errors: list[str]) -> dict[str, object]:
    found: dict[str, object] = {}
    for pair in pairs:
        key, _, text = pair.partition("=")
        try:
            found[key] = msgspec.json.decode(text)
        except msgspec.DecodeError:
            errors.append(f"--dynamic-config-value: expected KEY=JSON, got {pair!r}")
    return found
