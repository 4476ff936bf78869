"""Profiles from files and the environment: what the official SDK reads, this one reads, and the same errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import temporalio.envconfig as official

from mainspring.envconfig import ClientConfig, ClientConfigProfile, ClientConfigTLS
from mainspring.service import TLSConfig

Case = tuple[str, Mapping[str, str], Mapping[str, object]]
"""The file's text, the environment, the arguments."""

FULL = """
[profile.default]
address = "file:7233"
namespace = "file"
api_key = "key"
[profile.default.tls]
disabled = false
server_name = "name"
client_cert_path = "client.pem"
client_key_data = "key-data"
[profile.default.codec]
endpoint = "codec"
[profile.default.grpc_meta]
X_Mixed-Case = "1"
other = "2"

[profile.other]
address = "other:7233"
"""
DISABLED = '[profile.default.tls]\ndisabled = true\nserver_name = "s"'
CERTIFICATES = ["CLIENT_CERT", "CLIENT_KEY", "SERVER_CA_CERT"]


def both(case: Case) -> tuple[Any, Any]:
    """What the official SDK makes of a case, and what this one does: fields, or the error's text."""
    text, environment, arguments = case

    def outcome(load: Any) -> Any:
        try:
            loaded = load(config_source=text, override_env_vars=environment, **arguments)
        except RuntimeError as error:
            return str(error)
        return dataclasses.asdict(loaded)

    return outcome(official.ClientConfigProfile.load), outcome(ClientConfigProfile.load)


SAME: dict[str, Case] = {
    "nothing": ("", {}, {}),
    "all of a file": (FULL, {}, {}),
    "another profile": (FULL, {}, {"profile": "other"}),
    "a profile by environment": (FULL, {"TEMPORAL_PROFILE": "other"}, {}),
    "an argument before the environment": (FULL, {"TEMPORAL_PROFILE": "nowhere"}, {"profile": "other"}),
    "an empty name in the environment": (FULL, {"TEMPORAL_PROFILE": ""}, {}),
    "a profile by an environment that is disabled": (FULL, {"TEMPORAL_PROFILE": "other"}, {"disable_env": True}),
    "no such profile": (FULL, {}, {"profile": "nowhere"}),
    "no such profile by environment": (FULL, {"TEMPORAL_PROFILE": "nowhere"}, {}),
    "an empty name": (FULL, {}, {"profile": ""}),
    "no default profile": ("[profile.other]", {}, {}),
    "no default profile, which was asked for": ("[profile.other]", {}, {"profile": "default"}),
    "both disabled": (FULL, {}, {"disable_file": True, "disable_env": True}),
    "file disabled": (FULL, {"TEMPORAL_ADDRESS": "env"}, {"disable_file": True, "profile": "nowhere"}),
    "all by environment": (
        FULL,
        {
            "TEMPORAL_ADDRESS": "env:1",
            "TEMPORAL_NAMESPACE": "env",
            "TEMPORAL_API_KEY": "env-key",
            "TEMPORAL_TLS_SERVER_NAME": "env-name",
        },
        {},
    ),
    "empty values": (FULL, {"TEMPORAL_ADDRESS": "", "TEMPORAL_NAMESPACE": "", "TEMPORAL_API_KEY": ""}, {}),
    "empty values in the file": ('[profile.default]\naddress=""\n[profile.default.grpc_meta]\na=""', {}, {}),
    "headers": (FULL, {"TEMPORAL_GRPC_META_OTHER": "", "TEMPORAL_GRPC_META_X_NEW": "3"}, {}),
    "an empty table": ("[profile.default.tls]", {}, {}),
    "unknown keys": ('x = 1\n[profile.default]\naddress = "a"\nunknown = "x"', {}, {}),
    "all known keys": (FULL, {}, {"config_file_strict": True}),
    "codec by environment": ("", {"TEMPORAL_CODEC_ENDPOINT": "e"}, {}),
    "verification": ("", {"TEMPORAL_TLS_DISABLE_HOST_VERIFICATION": "true"}, {}),
    **{
        f"tls {text} {value}": (text, {"TEMPORAL_TLS": value}, {})
        for text in ("", DISABLED)
        for value in ("true", "TRUE", "1", "false", "0", "yes", "off", "")
    },
    **{
        f"{name} {text and 'in the file'} {sorted(given)}": (
            text,
            {f"TEMPORAL_TLS_{name}_{kind}": "env" for kind in given},
            {},
        )
        for name in CERTIFICATES
        for text in (
            "",
            f'[profile.default.tls]\n{name.lower()}_path = "file"',
            f'[profile.default.tls]\n{name.lower()}_data = "file"',
            f'[profile.default.tls]\n{name.lower()}_path = "file"\n{name.lower()}_data = "file"',
        )
        for given in ({"PATH"}, {"DATA"}, {"PATH", "DATA"}, set[str]())
    },
}


@pytest.mark.parametrize("case", SAME.values(), ids=SAME.keys())
def test_a_profile_is_read_as_the_official_sdk_reads_it(case: Case) -> None:
    theirs, mine = both(case)
    assert mine == theirs


WRONG: dict[str, tuple[str, bool, str]] = {
    "no TOML": ("this is not toml", False, "TOML parse error"),
    "a number": ("[profile.default]\naddress = 1", False, "Expected `str"),
    "no table": ("[profile]\ndefault = 1", False, "Expected `object`"),
    "no tables": ("profile = 1", False, "Expected `object`"),
    "no boolean": ('[profile.default.tls]\ndisabled = "x"', False, "Expected `bool"),
    "a header that is a number": ("[profile.default.grpc_meta]\na = 1", False, "Expected `str`"),
    "an unknown key": ('[profile.default]\nunknown = "x"', True, "unknown field `unknown`"),
    "an unknown key at the top": ("x = 1", True, "unknown field `x`"),
    "an unknown key of TLS": ('[profile.default.tls]\nfoo = "a"', True, "unknown field `foo`"),
    "an unknown key of the codec": ('[profile.default.codec]\nfoo = "a"', False, ""),
}


@pytest.mark.parametrize("text, strict, message", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_file_is_refused(text: str, strict: bool, message: str) -> None:
    if not message:
        ClientConfig.load(config_source=text, config_file_strict=strict)
        return
    with pytest.raises(RuntimeError, match="Configuration loading error"):
        official.ClientConfig.load(config_source=text, config_file_strict=strict)
    with pytest.raises(RuntimeError, match=f"Configuration loading error.*{message}"):
        ClientConfig.load(config_source=text, config_file_strict=strict)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(RuntimeError, match="Configuration loading error"):
        ClientConfig.load(config_source=b"\xff\xfe")


def test_all_profiles_are_read_without_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(FULL)
    config = ClientConfig.load(
        override_env_vars={"TEMPORAL_CONFIG_FILE": str(file), "TEMPORAL_ADDRESS": "env", "TEMPORAL_PROFILE": "other"}
    )
    assert [(name, profile.address) for name, profile in config.profiles.items()] == [
        ("default", "file:7233"),
        ("other", "other:7233"),
    ]


@pytest.mark.parametrize("variable, folder", [("XDG_CONFIG_HOME", ""), ("HOME", ".config")])
def test_the_usual_file_is_found(variable: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative, which does not count")
    monkeypatch.setenv(variable, str(tmp_path))
    file = tmp_path / folder / "temporalio" / "temporal.toml"
    file.parent.mkdir(parents=True)
    file.write_text(FULL)
    assert ClientConfig.load(override_env_vars={}).profiles["other"].address == "other:7233"
    assert official.ClientConfig.load(override_env_vars={}).profiles["other"].address == "other:7233"


@pytest.mark.parametrize(
    "platform, variable, folder", [("darwin", "HOME", "Library/Application Support"), ("win32", "APPDATA", "")]
)
def test_the_usual_file_lies_where_the_system_keeps_such(
    platform: str, variable: str, folder: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", platform)
    monkeypatch.setenv(variable, str(tmp_path))
    file = tmp_path / folder / "temporalio" / "temporal.toml"
    file.parent.mkdir(parents=True)
    file.write_text(FULL)
    assert "other" in ClientConfig.load(override_env_vars={}).profiles


def test_a_file_that_is_not_there_has_no_profiles(tmp_path: Path) -> None:
    assert not ClientConfig.load(config_source=tmp_path / "nowhere.toml").profiles


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Is a directory"):
        ClientConfig.load(config_source=tmp_path)


def test_the_process_environment_counts_unless_another_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", "process")
    assert ClientConfigProfile.load(config_source="").address == "process"
    assert ClientConfigProfile.load(config_source="", disable_env=True).address is None
    assert ClientConfigProfile.load(config_source="", override_env_vars={}).address is None


def test_a_profile_becomes_the_arguments_of_connect(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("ca")
    profile = ClientConfigProfile(
        "host:7233",
        "ns",
        "key",
        ClientConfigTLS(None, "name", tmp_path / "ca.pem", "cert", b"private"),
        {"x": "1"},
    )
    tls = TLSConfig(b"ca", "name", b"cert", b"private")
    expected = {"target_host": "host:7233", "namespace": "ns", "api_key": "key", "tls": tls, "rpc_metadata": {"x": "1"}}
    assert profile.to_client_connect_config() == expected
    assert ClientConfigProfile().to_client_connect_config() == {}


@pytest.mark.parametrize(
    "profile, tls",
    [
        (ClientConfigProfile(api_key="key"), True),
        (ClientConfigProfile(api_key="key", tls=ClientConfigTLS(disabled=True)), False),
        (ClientConfigProfile(tls=ClientConfigTLS(disabled=False)), TLSConfig()),
        (ClientConfigProfile(tls=ClientConfigTLS()), TLSConfig()),
    ],
)
def test_tls_is_on_when_it_is_said_or_a_key_is_there(profile: ClientConfigProfile, tls: bool | TLSConfig) -> None:
    assert profile.to_client_connect_config().get("tls") == tls


def test_arguments_of_connect_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "temporal.toml"
    file.write_text(FULL)
    load = ClientConfig.load_client_connect_config
    environment = {"TEMPORAL_NAMESPACE": "env"}
    assert load("other", config_file=str(file), override_env_vars=environment) == {
        "target_host": "other:7233",
        "namespace": "env",
    }
    assert load(config_file=str(file), disable_file=True, override_env_vars=environment) == {"namespace": "env"}


def test_profiles_go_through_dictionaries() -> None:
    tls = ClientConfigTLS(False, "name", b"ca", Path("client.pem"), "private")
    config = ClientConfig({"a": ClientConfigProfile("h", "ns", "key", tls, {"x": "1"}), "b": ClientConfigProfile()})
    written = config.to_dict()
    assert written == {
        "a": {
            "address": "h",
            "namespace": "ns",
            "api_key": "key",
            "tls": {
                "disabled": False,
                "server_name": "name",
                "server_ca_cert": {"data": "ca"},
                "client_cert": {"path": "client.pem"},
                "client_key": {"data": "private"},
            },
            "grpc_meta": {"x": "1"},
        },
        "b": {},
    }
    read = ClientConfig.from_dict(written)
    assert read.profiles["a"].tls == dataclasses.replace(tls, server_root_ca_cert="ca")
    assert read.profiles["b"] == ClientConfigProfile()


def test_a_source_of_another_type_is_refused() -> None:
    source: Any = 3
    with pytest.raises(TypeError, match="config_source must be one of"):
        ClientConfig.load(config_source=source)
