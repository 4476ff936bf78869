"""`mainspring schedule ...`, on the official dev server; ours does not serve schedules yet."""

from __future__ import annotations

import json
import uuid

import pytest
from click.testing import Result

from tests.cli.command_line import mainspring, ours, theirs

ACTION = ("--type", "T", "-t", "nobody", "-w", "w", "-i", "1")


def run(address: str, verb: str, name: str, *words: str) -> Result:
    return mainspring(address, "schedule", verb, "-s", name, *words)


def create(address: str, *words: str) -> str:
    name = f"s-{uuid.uuid4()}"
    done = run(address, "create", name, *(words or ("--interval", "1h/15m")), *ACTION)
    assert (done.exit_code, done.stdout) == (0, "Schedule created\n"), done.output
    return name


@pytest.mark.parametrize(
    "words",
    [
        ["--interval", "1h/15m", "--jitter", "5s", "--notes", "n", "--paused", "--pause-on-failure"],
        ["--cron", "0 12 * * MON-FRI", "--time-zone", "Europe/Berlin", "--overlap-policy", "BufferOne"],
        ["--calendar", '{"hour": "9-17/2", "dayOfWeek": "1", "comment": "busy"}', "--catchup-window", "1m"],
        ["--interval", "1d", "--start-time", "2030-01-01T00:00:00Z", "--end-time", "2031-01-01T00:00:00+01:00"],
        ["--interval", "1d", "--remaining-actions", "3", "--memo", 'a="b"', "--schedule-memo", "c=1"],
    ],
)
def test_a_schedule_is_created_as_the_official_command_line_creates_it(real_address: str, words: list[str]) -> None:
    official, mine = f"s-{uuid.uuid4()}", f"s-{uuid.uuid4()}"
    assert theirs(real_address, "schedule", "create", "-s", official, *words, *ACTION).status == 0
    assert ours(real_address, "schedule", "create", "-s", mine, *words, *ACTION).status == 0
    described = [ours(real_address, "schedule", "describe", "-s", name).output for name in (official, mine)]
    assert settled(described[0]) == settled(described[1])


def settled(output: dict[str, object]) -> tuple[object, object]:
    """The schedule itself, without an empty header that the official command line sends, and its memo."""
    schedule = json.loads(json.dumps(output["schedule"]).replace(', "header": {}', ""))
    return schedule, output.get("memo")


def test_a_schedule_is_described_and_listed_as_officially(real_address: str) -> None:
    name = create(real_address)
    for words in (["describe", "-s", name], ["describe", "-s", "nobody"]):
        assert ours(real_address, "schedule", *words) == theirs(real_address, "schedule", *words)
    span = ["--start-time", "2026-01-01T00:00:00Z", "--end-time", "2026-01-01T03:00:00Z"]
    line = ["schedule", "list-matching-times", "-s", name, *span]
    assert ours(real_address, *line) == theirs(real_address, *line)
    times = run(real_address, "list-matching-times", name, *span).stdout
    assert times.split() == ["Time", "2026-01-01T00:15:00Z", "2026-01-01T01:15:00Z", "2026-01-01T02:15:00Z"]


def test_a_schedule_lives(real_address: str) -> None:
    name = create(real_address)
    shown = run(real_address, "describe", name).stdout
    assert '"every":"1h 0m 0s","offset":"15m 0s"' in shown
    assert "Paused            false\n" in shown
    assert run(real_address, "toggle", name, "--pause", "--reason", "r").stdout == "Schedule paused\n"
    assert "Paused            true\n" in run(real_address, "describe", name).stdout
    assert run(real_address, "toggle", name, "--unpause").exit_code == 0
    assert run(real_address, "toggle", name).exit_code == 2
    assert run(real_address, "trigger", name).stdout == "Trigger request sent\n"
    span = ["--start-time", "2026-01-01T00:00:00Z", "--end-time", "2026-01-01T00:00:01Z"]
    assert run(real_address, "backfill", name, *span).stdout == "Backfill request sent\n"
    assert run(real_address, "update", name, "--cron", "0 1 * * *", *ACTION).stdout == "Schedule updated\n"
    assert '"hour":"1"' in run(real_address, "describe", name).stdout
    assert run(real_address, "delete", name).stdout == "Schedule deleted\n"
    gone = run(real_address, "describe", name)
    assert gone.exit_code == 1
    assert gone.stderr.startswith("Error: failed describing schedule: ")


def test_a_list_of_schedules_is_valid_json_and_a_table(real_address: str) -> None:
    create(real_address)
    assert isinstance(json.loads(mainspring(real_address, "schedule", "list", "-o", "json").stdout), list)
    for words in ([], ["--long"], ["--really-long"]):
        assert mainspring(real_address, "schedule", "list", *words).exit_code == 0


@pytest.mark.parametrize(
    "words, complaint",
    [
        (["--interval", "1h/2h/3h"], "invalid interval"),
        (["--interval", "soon"], "invalid interval"),
        (["--calendar", "{"], "failed to parse json calendar spec"),
        (["--calendar", '{"hour": "1 2"}'], "invalid CalendarSpec"),
        (["--start-time", "noon"], "is not a time like"),
        (["--start-time", "2026-01-01T00:00:00"], "is not a time like"),
    ],
)
def test_times_that_are_none_are_refused(address: str, words: list[str], complaint: str) -> None:
    refused = run(address, "create", "s", *words, *ACTION)
    assert refused.exit_code
    assert complaint in refused.stderr
