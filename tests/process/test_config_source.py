"""The configuration: defaults, a file, the environment over it, and every mistake named at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from mainspring.server.process.config import Config
from mainspring.server.process.config_source import SETTINGS, ConfigError, load

NOTHING: Mapping[str, str] = {}


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mainspring.toml"
    path.write_text(text, encoding="utf-8")
    return path


def errors(path: Path | None, environment: Mapping[str, str] = NOTHING) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environment)
    return caught.value.errors


def test_without_anything_all_are_defaults() -> None:
    assert load(None, NOTHING) == Config()


def test_a_file_sets_what_it_names(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [grpc]
        ip = "0.0.0.0"
        port = 9000
        stop_s = "2m"
        [store]
        path = "/var/lib/mainspring.db"
        [namespaces]
        create = ["default", "payments"]
        retention_s = "7d"
        search_attributes = { Customer = "Keyword", Total = "Double" }
        [log]
        level = "warn"
        format = "json"
        [limits]
        id_length_bytes = 500
        """,
    )
    config = load(path, NOTHING)
    assert (config.grpc.ip, config.grpc.port, config.grpc.stop_s) == ("0.0.0.0", 9000, 120.0)
    assert config.store.path == "/var/lib/mainspring.db"
    assert (config.namespaces.create, config.namespaces.retention_s) == (("default", "payments"), 604_800.0)
    assert config.namespaces.search_attributes == {"Customer": "Keyword", "Total": "Double"}
    assert (config.log.level, config.log.format) == ("warn", "json")
    assert config.limits.id_length_bytes == 500
    assert config.limits.blob_size_error_bytes == Config().limits.blob_size_error_bytes


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "[grpc]\nport = 9000\nip = '::1'\n")
    environment = {
        "MAINSPRING_GRPC_PORT": "9001",
        "MAINSPRING_NAMESPACES_CREATE": "default, payments ,orders",
        "MAINSPRING_NAMESPACES_SEARCH_ATTRIBUTES": "Customer=Keyword, Total=Double",
        "MAINSPRING_NAMESPACES_RETENTION_S": "3h",
        "MAINSPRING_LIMITS_ID_LENGTH_BYTES": "77",
        "HOME": "/nowhere",
    }
    config = load(path, environment)
    assert (config.grpc.port, config.grpc.ip) == (9001, "::1")
    assert config.namespaces.create == ("default", "payments", "orders")
    assert config.namespaces.search_attributes == {"Customer": "Keyword", "Total": "Double"}
    assert (config.namespaces.retention_s, config.limits.id_length_bytes) == (10_800.0, 77)


def test_every_setting_has_a_variable_of_its_own() -> None:
    variables = [setting.variable for setting in SETTINGS.values()]
    assert len(variables) == len(set(variables)) > 20


def test_dynamic_keys_of_the_real_server_set_limits(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [dynamic]
        "limit.blobSize.error" = 1000
        limit.maxIDLength = 99
        "some.key.nobody.knows" = true
        """,
    )
    limits = load(path, NOTHING).limits
    assert (limits.blob_size_error_bytes, limits.id_length_bytes) == (1000, 99)


def test_all_mistakes_are_named_together(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        """
        [grcp]
        port = 1
        [grpc]
        prot = 7
        port = 70000
        stop_s = "soon"
        [log]
        level = "loud"
        [dynamic]
        "limit.blobSize.error" = "big"
        """,
    )
    found = errors(path, {"MAINSPRING_GRPC_PROT": "7", "MAINSPRING_STORE_PATH": "ok.db"})
    assert [line.partition(":")[0] for line in found] == [
        "there is no [grcp], did you mean grpc?",
        "there is no grpc.prot, did you mean grpc.port?",
        "there is no MAINSPRING_GRPC_PROT, did you mean MAINSPRING_GRPC_PORT?",
        "grpc.port",
        "grpc.stop_s",
        "log.level",
        "limit.blobSize.error",
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        ("[grpc\nport = 1", "is not valid TOML"),
        ("grpc = 7", "grpc: expected a table, got 7"),
        ("dynamic = 7", "dynamic: expected a table, got 7"),
        ("[grpc]\nport = '1'\nip = 7", "grpc.ip: expected `str`, got `int`"),
        ("[namespaces]\ncreate = 'a'\nretention_s = 1", "namespaces.retention_s: expected `float` >= 3600"),
        ("[namespaces.search_attributes]\nA = 'Number'", "namespaces.search_attributes: invalid enum value 'Number'"),
    ],
)
def test_a_mistake_says_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    found = errors(written(tmp_path, text))
    assert len(found) == 1
    assert said in found[0]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "cannot read" in errors(tmp_path / "missing.toml")[0]
    path = tmp_path / "latin.toml"
    path.write_bytes(b"\xff\xfe")
    assert "is not valid TOML" in errors(path)[0]


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "http://codec:8081",
        "https://codec.example.com/v1/{namespace}",
        "http://[::1]:8081/",
    ],
)
def test_a_codec_server_is_named_by_its_url(endpoint: str) -> None:
    assert load(None, {"MAINSPRING_UI_CODEC_ENDPOINT": endpoint}).ui.codec_endpoint == endpoint


@pytest.mark.parametrize(
    "endpoint",
    [
        "codec:8081",
        "file:///etc/passwd",
        "http://",
        "http://user:password@codec",
        "http://codec/?key=1",
        "http://codec#here",
        "http://{namespace}.codec",
        "http://codec\n",
        "http://codec /x",
        "http:\\\\codec",
    ],
)
def test_a_codec_server_is_named_by_nothing_else(endpoint: str) -> None:
    found = errors(None, {"MAINSPRING_UI_CODEC_ENDPOINT": endpoint})
    assert [error.partition(":")[0] for error in found] == ["ui.codec_endpoint"]
