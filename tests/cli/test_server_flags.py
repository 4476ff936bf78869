"""`mainspring server ...`: what flags mean, what is refused."""

from __future__ import annotations

import subprocess
import sys

import click
import msgspec
import pytest
from click.testing import CliRunner, Result

from mainspring import __version__
from mainspring.cli.dev_config import DevFlags, dev_config, without_effect
from mainspring.cli.dev_flags import dev_flags
from mainspring.cli.main import main
from mainspring.server.process.config import Config, HttpConfig, MetricsConfig, UiConfig


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def flags(*arguments: str) -> DevFlags:
    """The flags as `start-dev` gets them."""
    given: dict[str, object] = {}

    @click.command()
    @dev_flags
    def command(**values: object) -> None:
        given.update(values)

    result = CliRunner().invoke(command, list(arguments), standalone_mode=False)
    assert result.exception is None, result.exception
    return msgspec.convert(given, DevFlags)


def test_the_flags_of_the_official_dev_server_mean_the_same() -> None:
    config = dev_config(
        flags(
            *("--port", "7300", "--ip", "127.0.0.2", "--db-filename", "x.db", "--log-level", "warn"),
            *("--log-format", "json", "-n", "payments", "-n", "default", "--search-attribute", "Customer=Keyword"),
            *("--dynamic-config-value", "limit.blobSize.error=1000", "--dynamic-config-value", "unknown.key=true"),
        )
    )
    assert (config.grpc.ip, config.grpc.port, config.store.path) == ("127.0.0.2", 7300, "x.db")
    assert (config.log.level, config.log.format) == ("warn", "json")
    assert config.namespaces.create == ("default", "payments")
    assert config.namespaces.search_attributes == {"Customer": "Keyword"}
    assert config.limits.blob_size_error_bytes == 1000


def test_all_wrong_values_are_named_together() -> None:
    wrong = flags(
        *("--search-attribute", "Customer", "--search-attribute", "Total=Number"),
        *("--dynamic-config-value", "limit.maxIDLength", "--dynamic-config-value", "limit.blobSize.error=-1"),
    )
    with pytest.raises(click.UsageError) as caught:
        dev_config(wrong)
    lines = str(caught.value).splitlines()
    assert [line.strip().partition(":")[0] for line in lines] == [
        "--search-attribute",
        "--search-attribute",
        "--dynamic-config-value",
        "limit.blobSize.error",
    ]


def test_flags_of_what_is_not_built_are_named() -> None:
    assert without_effect(flags()) == []
    assert without_effect(flags("--ui-port", "8233", "--ui-asset-path", "assets", "--http-port", "0")) == [
        "--ui-asset-path",
    ]


@pytest.mark.parametrize(
    "arguments, http_port, metrics_port",
    [([], 0, 0), (["--http-port", "7243"], 7243, 0), (["--headless", "--metrics-port", "9233"], 0, 9233)],
)
def test_the_api_over_http_and_metrics_have_a_free_port_unless_one_is_given(
    arguments: list[str], http_port: int, metrics_port: int
) -> None:
    config = dev_config(flags("--ip", "127.0.0.2", *arguments))
    assert config.http == HttpConfig(enabled=True, ip="127.0.0.2", port=http_port)
    assert config.metrics == MetricsConfig(enabled=True, ip="127.0.0.2", port=metrics_port)


@pytest.mark.parametrize(
    "arguments, ui",
    [
        ([], UiConfig(enabled=True, ip="localhost", port=8233)),
        (["--port", "7000"], UiConfig(enabled=True, ip="localhost", port=8000)),
        (["--port", "0"], UiConfig(enabled=True, ip="localhost", port=0)),
        (["--ip", "0.0.0.0", "--ui-port", "80"], UiConfig(enabled=True, ip="0.0.0.0", port=80)),
        (["--ip", "0.0.0.0", "--ui-ip", "127.0.0.1"], UiConfig(enabled=True, ip="127.0.0.1", port=8233)),
    ],
)
def test_the_ui_listens_beside_the_server(arguments: list[str], ui: UiConfig) -> None:
    assert dev_config(flags(*arguments)).ui == ui


def test_the_codec_server_of_the_ui_is_an_address_of_http() -> None:
    assert dev_config(flags("--ui-codec-endpoint", "http://codec/{namespace}")).ui.codec_endpoint == (
        "http://codec/{namespace}"
    )
    with pytest.raises(click.UsageError, match="--ui-codec-endpoint"):
        dev_config(flags("--ui-codec-endpoint", "http://me:secret@codec"))


def test_without_the_ui_its_port_is_nobodys_concern() -> None:
    assert not dev_config(flags("--headless", "--port", "65000")).ui.enabled
    with pytest.raises(click.UsageError, match="--ui-port"):
        dev_config(flags("--port", "65000"))


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["server", "start-dev", "--port", "70000"], "70000 is not in the range"),
        (["server", "start-dev", "--log-level", "loud"], "'loud' is not one of"),
        (["server", "start-dev", "--search-attribute", "x"], "expected NAME=TYPE"),
        (["server", "start", "--config", "/nowhere.toml"], "cannot read /nowhere.toml"),
        (["nothing"], "No such command 'nothing'."),
        (["serve"], "No such command 'serve'. Did you mean 'server'?"),
        (["workflow", "lst"], "No such command 'lst'. Did you mean 'list'?"),
    ],
)
def test_a_mistake_is_one_clean_error(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    assert said in result.stderr
    assert result.stdout == ""


def test_a_version_and_help_are_there_at_once() -> None:
    assert run("--version").stdout == f"mainspring version {__version__}\n"
    assert "start-dev" in run("server", "--help").stdout
    names = "import sys; from mainspring.cli.main import main; main(['server', '--help'], standalone_mode=False)"
    loaded = subprocess.run(
        [sys.executable, "-c", f"{names}; print('grpc' in sys.modules)"], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.endswith("False\n"), "help must not wait for the server's imports"


@pytest.mark.parametrize(
    "arguments, lock_count",
    [
        (["12345"], 1),
        (["12345", "--enable-time-skipping"], 0),
        (["server", "start-time-skipping", "12345"], 1),
    ],
)
def test_a_port_alone_starts_the_test_server_as_sdks_do(
    arguments: list[str], lock_count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[Config, int]] = []

    def start(config: Config, *, lock_count: int) -> None:
        started.append((config, lock_count))

    monkeypatch.setattr("mainspring.server.process.server.main_skipping", start)

    result = run(*arguments)

    assert result.exit_code == 0, result.output
    ((config, locks),) = started
    assert (config.grpc.port, config.store.path, locks) == (12345, "", lock_count)
