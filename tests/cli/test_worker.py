"""`mainspring worker ...`: workers by their heartbeats and, on the official dev server, deployments."""

from __future__ import annotations

import uuid

import pytest
from click.testing import Result

from tests.cli.command_line import mainspring, same


def deployment(address: str, verb: str, *words: str, answer: str = "") -> Result:
    return mainspring(address, "worker", "deployment", verb, *words, answer=answer)


@pytest.mark.parametrize(
    "words",
    [
        ["list", "-q", "TaskQueue='nobody'"],
        ["count", "-q", "TaskQueue='nobody'"],
        ["describe", "--worker-instance-key", "nobody"],
        ["deployment", "describe", "--name", "nobody"],
        ["deployment", "delete", "--name", "nobody"],
        ["deployment", "describe-version", "--deployment-name", "nobody", "--build-id", "b"],
        ["deployment", "delete-version", "--deployment-name", "nobody", "--build-id", "b"],
        ["deployment", "set-current-version", "--deployment-name", "nobody", "--build-id", "b"],
        ["deployment", "set-ramping-version", "--deployment-name", "nobody", "--build-id", "b", "-y"],
        ["deployment", "update-version-metadata", "--deployment-name", "nobody", "--build-id", "b"],
        ["deployment", "manager-identity", "unset", "--deployment-name", "nobody", "-y"],
    ],
)
def test_workers_in_json_are_those_of_the_official_command_line(real_address: str, words: list[str]) -> None:
    same(real_address, "worker", *words)


def test_a_deployment_is_shown_as_the_official_command_line_shows_it(real_address: str) -> None:
    name = f"d-{uuid.uuid4()}"
    assert deployment(real_address, "create", "--name", name).stdout == "Successfully created worker deployment\n"
    for words in (["list"], ["describe", "--name", name]):
        same(real_address, "worker", "deployment", *words)
    assert name in deployment(real_address, "list").stdout
    assert f"Name                  {name}\n" in deployment(real_address, "describe", "--name", name).stdout


def test_who_may_change_a_deployment_is_set_after_a_question(real_address: str) -> None:
    name = f"d-{uuid.uuid4()}"
    deployment(real_address, "create", "--name", name)
    line = ["set", "--deployment-name", name, "--manager-identity", "me"]
    refused = deployment(real_address, "manager-identity", *line, answer="n\n")
    assert refused.exit_code == 1
    assert "Worker Deployment Before Update:" in refused.stdout
    changed = deployment(real_address, "manager-identity", *line, answer="y\n")
    assert "Successfully set manager identity to 'me', was previously ''" in changed.stdout
    taken = deployment(real_address, "manager-identity", "unset", "--deployment-name", name, "-y")
    assert "was previously 'me'" in taken.stdout
    assert deployment(real_address, "manager-identity", "set", "--deployment-name", name, "-y").exit_code == 2


def test_what_our_server_does_not_serve_is_said(address: str) -> None:
    refused = deployment(address, "list")
    assert refused.exit_code == 1
    assert refused.stderr.startswith("Error: error listing worker deployments: ")
