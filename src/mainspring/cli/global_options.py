"""Options that every command takes, wherever they stand on the line.

    mainspring --output json workflow list        mainspring workflow list --output json

Each group and command has them, hidden from its help; `mainspring options` lists them. What is given is kept in the
context's `meta`, which the contexts of a line share: the last one given counts. What an environment of the older kind
(`--env`) says stands in for what is not given.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import click
from click.core import ParameterSource

from mainspring.cli.values import DURATION, KEY_VALUE

GIVEN: Final = "mainspring.cli.given"


class GlobalOption(NamedTuple):
    """One option: its flags, kind and meaning."""

    flags: tuple[str, ...]
    help: str
    kind: click.ParamType[Any] | None = None
    """None is a switch."""
    multiple: bool = False
    variable: str = ""
    """The environment variable that stands in for it."""
    setting: str = ""
    """The key in a profile of `temporal.toml` that stands in for it."""
    default: str = ""

    @property
    def name(self) -> str:
        return self.flags[0].split("/")[0].removeprefix("--").replace("-", "_")

    def as_click(self) -> click.Option:
        is_switch = self.kind is None
        return click.Option(
            [*self.flags, self.name],
            type=self.kind,
            is_flag=is_switch or None,  # of an option with False, click takes the value for one that may be left out
            multiple=self.multiple,
            hidden=True,
            expose_value=False,
            is_eager=self.name in {"env", "env_file"},  # they say what stands in for the others
            callback=keep,
            help=self.help,
        )


_TEXT: Final = click.STRING
_TLS: Final = "TEMPORAL_TLS_"

COMMON: Final = (
    GlobalOption(
        ("--output", "-o"),
        "Format of what is printed.",
        click.Choice(["text", "json", "jsonl", "none"]),
        default="text",
    ),
    GlobalOption(
        ("--time-format",),
        "How times are printed as text.",
        click.Choice(["relative", "iso", "raw"]),
        default="relative",
    ),
    GlobalOption(
        ("--color",), "Colours and tables of a terminal.", click.Choice(["always", "never", "auto"]), default="auto"
    ),
    GlobalOption(("--no-json-shorthand-payloads",), "Print payloads as JSON in full: metadata and data in base64."),
    GlobalOption(("--command-timeout",), "How long the command may take.", DURATION),
    GlobalOption(("--client-connect-timeout",), "How long connecting may take.", DURATION),
    GlobalOption(
        ("--profile",), "Profile of the configuration file.", _TEXT, variable="TEMPORAL_PROFILE", default="default"
    ),
    GlobalOption(("--config-file",), "Configuration file in TOML.", _TEXT, variable="TEMPORAL_CONFIG_FILE"),
    GlobalOption(("--disable-config-file",), "Read no configuration file."),
    GlobalOption(("--disable-config-env",), "Read no configuration from environment variables."),
    GlobalOption(("--env",), "Environment of the env file.", _TEXT, variable="TEMPORAL_ENV", default="default"),
    GlobalOption(("--env-file",), "File of environments, in YAML.", _TEXT, variable="TEMPORAL_ENV_FILE"),
    GlobalOption(
        ("--log-level",),
        "Least important log lines shown.",
        click.Choice(["debug", "info", "warn", "error", "never"]),
        default="never",
    ),
    GlobalOption(
        ("--log-format",), "What a log line looks like.", click.Choice(["text", "json", "pretty"]), default="text"
    ),
    GlobalOption(("--debug",), "Show the traceback of an error."),
)
CONNECTION: Final = (
    GlobalOption(
        ("--address",),
        "Where the server listens.",
        _TEXT,
        variable="TEMPORAL_ADDRESS",
        setting="address",
        default="localhost:7233",
    ),
    GlobalOption(
        ("--namespace", "-n"),
        "Namespace.",
        _TEXT,
        variable="TEMPORAL_NAMESPACE",
        setting="namespace",
        default="default",
    ),
    GlobalOption(("--api-key",), "API key; asks for TLS.", _TEXT, variable="TEMPORAL_API_KEY", setting="api_key"),
    GlobalOption(("--identity",), "Who asks, as histories will have it.", _TEXT),
    GlobalOption(
        ("--grpc-meta",),
        "Header of each request. May be given several times.",
        KEY_VALUE,
        multiple=True,
        setting="grpc_meta.KEY",
    ),
    GlobalOption(("--client-authority",), "Refused: --tls-server-name sets the name of a server.", _TEXT),
    GlobalOption(
        ("--tls/--no-tls",),
        "Encrypt the connection. Any other option of TLS asks for it too.",
        variable="TEMPORAL_TLS",
        setting="tls.disabled",
    ),
    GlobalOption(
        ("--tls-cert-path",),
        "File of the client's certificate.",
        _TEXT,
        variable=f"{_TLS}CLIENT_CERT_PATH",
        setting="tls.client_cert_path",
    ),
    GlobalOption(
        ("--tls-cert-data",),
        "The client's certificate.",
        _TEXT,
        variable=f"{_TLS}CLIENT_CERT_DATA",
        setting="tls.client_cert_data",
    ),
    GlobalOption(
        ("--tls-key-path",),
        "File of the client's key.",
        _TEXT,
        variable=f"{_TLS}CLIENT_KEY_PATH",
        setting="tls.client_key_path",
    ),
    GlobalOption(
        ("--tls-key-data",),
        "The client's key.",
        _TEXT,
        variable=f"{_TLS}CLIENT_KEY_DATA",
        setting="tls.client_key_data",
    ),
    GlobalOption(
        ("--tls-ca-path",),
        "File of the authorities that the server's certificate may come from.",
        _TEXT,
        variable=f"{_TLS}SERVER_CA_CERT_PATH",
        setting="tls.server_ca_cert_path",
    ),
    GlobalOption(
        ("--tls-ca-data",),
        "Those authorities.",
        _TEXT,
        variable=f"{_TLS}SERVER_CA_CERT_DATA",
        setting="tls.server_ca_cert_data",
    ),
    GlobalOption(
        ("--tls-server-name",),
        "Name that the server's certificate has to have.",
        _TEXT,
        variable=f"{_TLS}SERVER_NAME",
        setting="tls.server_name",
    ),
    GlobalOption(
        ("--tls-disable-host-verification",),
        "Refused: this client always verifies the server.",
        variable=f"{_TLS}DISABLE_HOST_VERIFICATION",
        setting="tls.disable_host_verification",
    ),
    GlobalOption(
        ("--codec-endpoint",),
        "Codec server that encodes and decodes payloads.",
        _TEXT,
        variable="TEMPORAL_CODEC_ENDPOINT",
        setting="codec.endpoint",
    ),
    GlobalOption(
        ("--codec-auth",),
        "Authorization header for the codec server.",
        _TEXT,
        variable="TEMPORAL_CODEC_AUTH",
        setting="codec.auth",
    ),
    GlobalOption(
        ("--codec-header",), "Header for the codec server. May be given several times.", KEY_VALUE, multiple=True
    ),
)

UNCODED: Final = tuple(option for option in (*COMMON, *CONNECTION) if not option.name.startswith("codec_"))
"""Of commands that run a program's code, whose own data converter reads payloads."""


def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Note what was given; an environment's value never replaces one of the command line."""
    assert param.name is not None
    source = ctx.get_parameter_source(param.name)
    given: dict[str, Any] = ctx.meta.setdefault(GIVEN, {})
    if source is ParameterSource.COMMANDLINE or (source is ParameterSource.DEFAULT_MAP and param.name not in given):
        given[param.name] = value


def given(ctx: click.Context) -> dict[str, Any]:
    """Global options by name, as far as they were given."""
    found: dict[str, Any] = ctx.meta.setdefault(GIVEN, {})
    return found
