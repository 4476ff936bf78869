"""Programs for the official SDK that are changed to import this one, and what is said of those that cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from mainspring.cli.import_migration import migrate
from mainspring.cli.main import main

PROGRAM = '''\
"""Uses temporalio.client."""

import temporalio.api.common.v1
import temporalio.common as tc
import os, temporalio.exceptions  # temporalio stays here
from temporalio import exceptions, types as t
from temporalio.common import (
    Priority,  # of temporalio.common
    RetryPolicy as Retry,
)

name = "é"; policy = temporalio.exceptions.ApplicationError(name, temporalio.api.common.v1.Payload())


def late() -> None:
    from temporalio.envconfig import *

    temporalio . common . RetryPolicy
'''


def changed(text: str) -> str:
    return migrate(dedent(text)).text


def findings(text: str) -> list[str]:
    return [f"{finding.line} {finding.text}" for finding in migrate(dedent(text)).findings]


def test_names_in_code_are_changed_and_nothing_else() -> None:
    expected = PROGRAM
    for line in (
        "import temporalio.common as tc",
        "import os, temporalio.exceptions",
        "from temporalio import",
        "from temporalio.common import",
        "policy = temporalio.exceptions",
        "from temporalio.envconfig",
        "temporalio . common",
    ):
        assert line in expected
        expected = expected.replace(line, line.replace("temporalio", "mainspring"))
    assert changed(PROGRAM) == expected
    assert findings(PROGRAM) == []


def test_a_changed_program_runs(tmp_path: Path) -> None:
    script = tmp_path / "program.py"
    script.write_text(changed("from temporalio.common import RetryPolicy\nprint(RetryPolicy.__module__)"))
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mainspring.common")


def test_a_second_run_changes_nothing() -> None:
    assert changed(changed(PROGRAM)) == changed(PROGRAM)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("import temporalio.bridge", ["1 temporalio.bridge has no counterpart"]),
        ("import temporalio.server", ["1 temporalio.server has no counterpart"]),
        (
            "from temporalio.common import Priority, Nothing",
            ["1 temporalio.common.Nothing has no counterpart: the import is left as it is"],
        ),
        (
            "from temporalio import api, common",
            ["1 temporalio.api stays in temporalio: the import is left as it is"],
        ),
        (
            "from temporalio.nowhere import X",
            ["1 temporalio.nowhere.X has no counterpart: the import is left as it is"],
        ),
        ("import temporalio.bridge.metric\ntemporalio.bridge.metric.X", None),
    ],
)
def test_what_has_no_counterpart_is_left_and_reported(text: str, expected: list[str] | None) -> None:
    assert changed(text) == text
    if expected is not None:
        assert findings(text) == expected


@pytest.mark.parametrize(
    "text, name",
    [
        ("import temporalio.common\ntemporalio.common.Nothing", "temporalio.common.Nothing"),
        ("import temporalio.common as tc\ntc.Nothing", "temporalio.common.Nothing"),
        ("from temporalio import common\ncommon.Nothing()", "temporalio.common.Nothing"),
        ("from temporalio import common as c\n\nc.Nothing.x", "temporalio.common.Nothing"),
    ],
)
def test_an_attribute_without_a_counterpart_is_reported(text: str, name: str) -> None:
    assert [finding.partition(" ")[2] for finding in findings(text)] == [f"{name} has no counterpart"]


@pytest.mark.parametrize("text", ["from temporalio import api", "from temporalio.api.common.v1 import Payload"])
def test_messages_of_the_api_stay_official(text: str) -> None:
    assert changed(text) == text
    assert findings(text) == []


@pytest.mark.parametrize("text", ["import temporalio_extras", "from .temporalio import x", "x.temporalio.common.y"])
def test_other_packages_are_not_looked_at(text: str) -> None:
    assert changed(text) == text
    assert findings(text) == []


def test_names_in_text_are_reported_since_a_mock_may_mean_them() -> None:
    assert findings("patch('temporalio.client.Client')\nx = 'temporalio is used'") == [
        "1 the text 'temporalio.client.Client' is left as it is"
    ]


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["migrate-imports", *map(str, arguments)])


def test_by_default_a_difference_is_shown_and_nothing_written(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("import temporalio.common\n")
    result = run(tmp_path)
    assert result.exit_code == 0
    assert "-import temporalio.common\n+import mainspring.common\n" in result.stdout
    assert result.stderr == "1 file would change\n"
    assert file.read_text() == "import temporalio.common\n"


def test_files_keep_their_encoding_and_ends_of_lines(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    before = "# -*- coding: latin-1 -*-\r\nname = 'é'; import temporalio.common\r\n"
    file.write_bytes(before.encode("latin-1"))
    assert run(file, "--write").stderr == "1 file changed\n"
    assert file.read_bytes() == before.replace("temporalio", "mainspring").encode("latin-1")


def test_what_is_missing_is_said_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("\nimport temporalio.bridge\n")
    result = run(file)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"{file}:2: temporalio.bridge has no counterpart\n")


def test_what_is_no_python_is_said_and_the_rest_goes_on(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def (")
    (tmp_path / "b.py").write_text("import temporalio.common")
    result = run(tmp_path)
    assert result.exit_code == 1
    assert "a.py: not read" in result.stderr
    assert "1 file would change" in result.stderr


def test_hidden_folders_are_not_entered(tmp_path: Path) -> None:
    for folder in (".venv", "node_modules"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.py").write_text("import temporalio.common")
    assert run(tmp_path).stderr == "0 files would change\n"
