"""Every setting of the server: one frozen tree, made once at start and passed on as arguments.

    mainspring.toml          environment
    [grpc]                   MAINSPRING_GRPC_PORT=7234         the environment wins
    port = 7233              MAINSPRING_LIMITS_ID_LENGTH_BYTES=500

Each field is one setting: its type, its unit (the last word of its name), its default and one sentence. `config_source`
reads them; nothing else in the server looks at the environment.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from mainspring.server.engine.limits import Limits

LogLevel = Literal["debug", "info", "warn", "error", "never"]
LogFormat = Literal["text", "json", "pretty"]
SearchAttributeType = Literal["Text", "Keyword", "Int", "Double", "Bool", "Datetime", "KeywordList"]


class GrpcConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where SDKs and the CLI connect."""

    ip: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all of IPv4.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")] = 7233
    stop_s: Annotated[float, Meta(ge=0, description="How long calls under way may take when the server stops.")] = 1.5


CODEC_ENDPOINT: Final = r"^(https?://[^\s/?#@\\{}]+(/[^\s?#\\]*)?)?\Z"
"""A URL of HTTP without a user, a query or a fragment; in its path `{namespace}` stands for the namespace."""


class UiConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where browsers find the web UI. Whoever reaches it can do everything: keep it on loopback or behind a proxy."""

    enabled: Annotated[bool, Meta(description="Whether the web UI is served.")] = False
    ip: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all of IPv4.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")] = 8233
    allowed_hosts: Annotated[
        tuple[str, ...],
        Meta(
            description="Host names, without port, that requests may be for, `*` for any; "
            "empty: this machine's own if it listens on loopback, else any."
        ),
    ] = ()
    disable_write_actions: Annotated[
        bool, Meta(description="Whether the web UI only shows: it offers no actions, and takes none.")
    ] = False
    codec_endpoint: Annotated[
        str,
        Meta(
            pattern=CODEC_ENDPOINT,
            description="URL of a codec server that decodes payloads for people and encodes what they write: "
            "`POST <url>/decode` and `/encode`; `{namespace}` in its path stands for the namespace; empty: none.",
        ),
    ] = ""


CORS_ORIGIN: Final = r"^https?://[a-z0-9.\-\[\]:]+\Z"
"""What a browser sends as `Origin`: no path, no `*`."""


class HttpConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where the API is spoken over HTTP, as JSON. Whoever reaches it can do everything."""

    enabled: Annotated[bool, Meta(description="Whether the HTTP API is served.")] = False
    ip: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all of IPv4.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")] = 7243
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names that requests may be for, as `ui.allowed_hosts`.")
    ] = ()
    cors_origins: Annotated[
        tuple[Annotated[str, Meta(pattern=CORS_ORIGIN)], ...],
        Meta(
            description="Origins, as `https://flows.example`, whose pages may call the API and read its answers; "
            "empty: those of no other site."
        ),
    ] = ()


class MetricsConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where Prometheus finds `/metrics` on a port of their own; the web UI and the HTTP API serve them on theirs."""

    enabled: Annotated[bool, Meta(description="Whether metrics have a port of their own.")] = False
    ip: Annotated[str, Meta(description="Address to listen on; 0.0.0.0 for all of IPv4.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65_535, description="Port to listen on; 0 takes a free one.")] = 9233
    allowed_hosts: Annotated[
        tuple[str, ...], Meta(description="Host names that requests may be for, as `ui.allowed_hosts`.")
    ] = ()


class StoreConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where everything is kept."""

    path: Annotated[str, Meta(description="SQLite file, made if missing; empty: in memory.")] = ""


class NamespaceConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What exists from the start."""

    create: Annotated[tuple[str, ...], Meta(description="Namespaces created at start if they are missing.")] = (
        "default",
    )
    retention_s: Annotated[
        float, Meta(ge=3_600, description="How long the closed workflows of a namespace created at start are kept.")
    ] = 86_400.0
    search_attributes: Annotated[
        dict[str, SearchAttributeType],
        Meta(description="Custom search attributes, name to type, that these namespaces have from the start."),
    ] = {}


class LogConfig(msgspec.Struct, frozen=True, kw_only=True):
    """What the server says, on standard error."""

    level: Annotated[LogLevel, Meta(description="The least important lines that are written.")] = "info"
    format: Annotated[LogFormat, Meta(description="text and pretty are for people, json is for machines.")] = "text"


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole tree. A table of the TOML file is a field here."""

    grpc: GrpcConfig = GrpcConfig()
    ui: UiConfig = UiConfig()
    http: HttpConfig = HttpConfig()
    metrics: MetricsConfig = MetricsConfig()
    store: StoreConfig = StoreConfig()
    namespaces: NamespaceConfig = NamespaceConfig()
    log: LogConfig = LogConfig()
    limits: Limits = Limits()
