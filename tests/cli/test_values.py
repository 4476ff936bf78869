"""Values of options, and environments of the older kind."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from mainspring.cli import env_file
from mainspring.cli.main import main
from mainspring.cli.values import seconds


@pytest.mark.parametrize(
    "text, expected",
    [("1h30m", 5400), ("1.5d", 129_600), ("250ms", 0.25), ("0", 0), ("-2s", -2), ("10", None), ("", None)],
)
def test_a_duration_is_numbers_with_units(text: str, expected: float | None) -> None:
    assert seconds(text) == expected


def test_environments_are_read_as_they_are_written(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("env") / "deep" / "temporal.yaml"
    environments = {"prod": {"address": "host:7233", "namespace": 'a "b": #c', "tls": "true"}, "empty": {}}
    env_file.write(path, environments)
    assert env_file.read(path) == environments
    assert path.stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_environment_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: expected KEY: VALUE"):
        env_file.parse("env:\n  - a\n")


def test_an_option_that_this_client_lacks_is_refused_not_ignored() -> None:
    refused = CliRunner().invoke(main, ["workflow", "count", "--client-authority", "other"])
    assert refused.exit_code == 1
    assert "--client-authority is not supported" in refused.stderr
