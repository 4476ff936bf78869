"""Guards while workflow code runs: what repeats, what is refused, and who has the real thing all the same."""

from __future__ import annotations

import asyncio
import builtins
import concurrent.futures
import datetime as dt
import io
import logging
import os
import random
import secrets
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import unittest.mock
import uuid
import warnings
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from random import randint
from time import time as time_by_name
from types import ModuleType
from typing import Any

import pytest
from blockbuster import BlockBuster
from pydantic import BaseModel, Field

from mainspring import workflow
from mainspring.determinism import ForbiddenCallError, NondeterminismWarning, let_through
from tests.worker.driven import Driven, query

BEGAN_AT = 1_700_000_001  # of the first activation, in seconds since the epoch
REAL = (time.time,)  # a module's own names are guarded, this is none
HERE = Path(__file__)


@pytest.fixture(autouse=True)
def blocking_is_looked_for_here(nothing_blocks_the_loop: BlockBuster) -> None:
    """The tests' own guard of event loops would refuse what is let through here."""
    nothing_blocks_the_loop.deactivate()


calls: dict[str, Callable[[], Any]] = {}


@workflow.defn
class Calls:
    """Calls a function by its name, and gives what it gave or the text of its error."""

    @workflow.run
    async def run(self, name: str) -> str:
        return self._called(name)

    def _called(self, name: str) -> str:
        try:
            return str(calls[name]())
        except ForbiddenCallError as error:
            return f"forbidden: {error}"

    @workflow.query
    def ask(self, name: str) -> str:
        return self._called(name)


def in_workflow(call: Callable[[], Any], seed: int = 1, **details: Any) -> str:
    """What workflow code gets from a call."""
    calls["it"] = call
    run = Driven(Calls, "it", seed=seed, **details)
    all_said = run.begin()
    assert run.error is None, repr(run.error)
    (said,) = [one for one in all_said if one.startswith("complete")]
    return said.removeprefix("complete ").strip("'\"")


# -- time


@pytest.mark.parametrize(
    "call, expected",
    [
        (lambda: time.time(), f"{BEGAN_AT}.0"),
        (lambda: time.time_ns(), f"{BEGAN_AT * 10**9}"),
        (lambda: time.monotonic(), f"{BEGAN_AT}.0"),
        (lambda: time.perf_counter_ns(), f"{BEGAN_AT * 10**9}"),
        (lambda: time_by_name(), f"{BEGAN_AT}.0"),
        (lambda: time.gmtime().tm_year, "2023"),
        (lambda: time.strftime("%Y"), "2023"),
        (lambda: time.ctime()[-4:], "2023"),
        (lambda: time.gmtime(0).tm_year, "1970"),
        (lambda: time.strftime("%Y", time.gmtime(0)), "1970"),
        (lambda: dt.datetime.now(dt.UTC), "2023-11-14 22:13:21+00:00"),
        (lambda: dt.datetime.now().year, "2023"),
        (lambda: vars(dt.datetime)["utcnow"].__get__(None, dt.datetime)(), "2023-11-14 22:13:21"),
        (lambda: dt.datetime.today().year, "2023"),
        (lambda: dt.date.today().year, "2023"),
    ],
)
def test_clocks_give_the_time_of_the_workflow_task(call: Callable[[], Any], expected: str) -> None:
    assert in_workflow(call) == expected


def test_subclasses_of_datetime_keep_their_class() -> None:
    class Stamp(dt.datetime):
        pass

    assert in_workflow(lambda: type(Stamp.now(dt.UTC)).__name__) == "Stamp"
    assert type(Stamp.now(dt.UTC)) is Stamp


# -- chance


@pytest.mark.parametrize(
    "call",
    [
        lambda: random.random(),
        lambda: random.randint(1, 10**9),
        lambda: randint(1, 10**9),
        lambda: random.gauss(0, 1),
        lambda: random.sample(range(10**6), 3),
        lambda: random.SystemRandom().random(),
        lambda: secrets.token_hex(),
        lambda: secrets.randbelow(10**9),
        lambda: os.urandom(8),
        lambda: uuid.uuid1(),
        uuid.uuid4,
    ],
)
def test_chance_repeats_in_a_replay_and_differs_between_runs(call: Callable[[], Any]) -> None:
    first = in_workflow(call)
    random.random()
    assert in_workflow(call) == first
    assert in_workflow(call, seed=2) != first


def test_the_standard_generator_does_not_move_that_of_the_workflow() -> None:
    quiet = in_workflow(lambda: workflow.random().random())
    assert in_workflow(lambda: (random.random(), workflow.random().random())[1]) == quiet


def test_seeding_in_a_workflow_leaves_the_process_alone() -> None:
    random.seed(5)
    expected = random.Random(5).random()
    in_workflow(lambda: random.seed(7))
    assert random.random() == expected


def test_uuids_are_well_formed() -> None:
    assert in_workflow(lambda: (uuid.uuid1().version, uuid.uuid1().variant, uuid.uuid1() != uuid.uuid1())) == str(
        (1, uuid.RFC_4122, True)
    )
    made = in_workflow(lambda: uuid.uuid1().time)
    assert int(made) == (BEGAN_AT * 10**7) + 0x01B21DD213814000


class Made(BaseModel):
    """A model that makes its own id."""

    id: uuid.UUID = Field(default_factory=uuid.uuid4)
    at: float = Field(default_factory=lambda: time.time())


def test_defaults_of_models_repeat() -> None:
    assert in_workflow(Made) == in_workflow(Made)


def test_a_query_has_real_chance_and_changes_nothing() -> None:
    calls["it"] = lambda: random.random()
    run = Driven(Calls, "it")
    run.begin()
    assert run.tell(query("ask", "it")) != run.tell(query("ask", "it"))


# -- what is refused


async def nothing() -> None:
    pass


@pytest.mark.parametrize(
    "call, named, instead",
    [
        (lambda: time.sleep(1), "time.sleep()", "workflow.sleep"),
        (lambda: open(HERE), "open()", "activity"),
        (lambda: io.open(HERE), "open()", "activity"),
        (lambda: open("x", "w"), "open()", "activity"),
        (lambda: os.open("x", os.O_RDONLY), "os.open()", "activity"),
        (HERE.read_text, "open()", "activity"),
        (lambda: Path("x").unlink(), "os.unlink()", "activity"),
        (lambda: list(Path(".").iterdir()), "dir() in", "activity"),  # os.listdir or, since Python 3.13, os.scandir
        (lambda: os.environ["HOME"], "os.environ[...]", "arguments"),
        (lambda: os.environ.get("HOME"), "os.environ[...]", "arguments"),
        (lambda: os.getenv("HOME"), "os.environ[...]", "arguments"),
        (lambda: "HOME" in os.environ, "os.environ[...]", "arguments"),
        (lambda: input(), "input()", "signals"),
        (lambda: vars(os)["system"]("true"), "os.system()", "activity"),
        (lambda: subprocess.run(["true"], check=True), "subprocess.Popen()", "activity"),
        (lambda: socket.socket(), "socket.socket()", "activity"),
        (lambda: socket.create_connection(("localhost", 1)), "socket.getaddrinfo()", "activity"),
        (lambda: sqlite3.connect(":memory:"), "sqlite3.connect()", "activity"),
        (lambda: threading.Thread(target=print).start(), "threading.Thread.start()", "create_task"),
        (lambda: concurrent.futures.ThreadPoolExecutor().submit(print), "ThreadPoolExecutor.submit()", "create_task"),
        (lambda: asyncio.get_running_loop().run_in_executor(None, print), "loop.run_in_executor()", "create_task"),
        (lambda: asyncio.get_running_loop().add_reader(0, print), "loop.add_reader()", "activity"),
    ],
)
def test_what_waits_acts_or_reads_the_machine_is_refused(call: Callable[[], Any], named: str, instead: str) -> None:
    said = in_workflow(call)
    assert said.startswith("forbidden: ")
    assert named in said
    assert instead in said
    assert f"{HERE.name}:" in said, "it names the line"


@pytest.mark.parametrize(
    "call",
    [
        lambda: asyncio.to_thread(print),
        lambda: asyncio.create_subprocess_exec("true"),
        lambda: asyncio.open_connection("localhost", 1),
    ],
)
def test_coroutines_that_need_threads_or_sockets_are_refused(call: Callable[[], Any]) -> None:
    def run_to_its_end() -> Any:
        coroutine = call()
        try:
            return coroutine.send(None)
        finally:
            coroutine.close()

    assert in_workflow(run_to_its_end).startswith("forbidden: ")


def test_an_unrestricted_block_may_do_anything() -> None:
    def read() -> str:
        with workflow.unsafe.sandbox_unrestricted():
            assert abs(time.time() - REAL[0]()) < 60
            return HERE.read_text("utf-8")[3:9]

    assert in_workflow(read) == "Guards"


def test_an_unrestricted_block_that_waits_is_of_its_own_task_only() -> None:
    async def block() -> None:
        with workflow.unsafe.sandbox_unrestricted():
            await asyncio.sleep(0)

    def interleaved() -> bool:
        coroutine = block()
        task = asyncio.create_task(coroutine)
        return workflow.unsafe.is_sandbox_unrestricted() or task.done()

    assert in_workflow(interleaved) == "False"


def test_a_side_effect_may_do_anything() -> None:
    run_path = in_workflow(lambda: workflow.side_effect(lambda: os.environ["PATH"]))
    assert run_path == os.environ["PATH"]


def test_a_worker_without_guards_leaves_calls_alone() -> None:
    assert in_workflow(lambda: os.environ["PATH"], is_guarded=False) == os.environ["PATH"]


def test_a_task_fails_with_the_error_and_the_workflows_line() -> None:
    async def reads() -> None:
        open("settings").close()

    with pytest.warns(NondeterminismWarning, match="open"):
        reads_settings = workflow.defn(reads)
    run = Driven(reads_settings)
    run.begin()
    assert isinstance(run.error, ForbiddenCallError)
    assert isinstance(run.error, workflow.NondeterminismError)
    assert "open() in workflow code" in str(run.error)


# -- who is let through


def test_logging_sees_real_time_and_may_write_files(tmp_path: Path) -> None:
    records: list[logging.LogRecord] = []

    class OfUsers(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)
            assert abs(time.time() - REAL[0]()) < 60
            (tmp_path / "own").write_text(self.format(record), "utf-8")

    log = logging.getLogger("guarded")
    handlers = [OfUsers(), logging.FileHandler(tmp_path / "log", delay=True)]
    for handler in handlers:
        log.addHandler(handler)
    in_workflow(lambda: log.error("seen", exc_info=ValueError("x")))
    for handler in handlers:
        log.removeHandler(handler)
        handler.close()
    assert "seen" in (tmp_path / "log").read_text("utf-8")
    assert "seen" in (tmp_path / "own").read_text("utf-8")
    assert abs(records[0].created - time.time()) < 60


def test_imports_tracebacks_and_warnings_read_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imported_in_workflow.py").write_text("import time, os\nAT = time.time()\nHOME = os.environ['PATH']\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    def use_all() -> str:
        import traceback

        import imported_in_workflow  # type: ignore[import-not-found]  # made above

        at: float = vars(imported_in_workflow)["AT"]
        assert abs(at - REAL[0]()) < 60
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.warn("seen", stacklevel=1)
        try:
            raise ValueError("x")
        except ValueError:
            return str("use_all" in traceback.format_exc())

    assert in_workflow(use_all) == "True"


def test_time_zones_are_read() -> None:
    zoneinfo.ZoneInfo.clear_cache()
    assert in_workflow(lambda: zoneinfo.ZoneInfo("Europe/Berlin")) == "Europe/Berlin"


def module_of(text: str, name: str, path: str) -> Any:
    """A module that stands in no file."""
    module = ModuleType(name)
    exec(compile(text, path, "exec"), vars(module))
    return module


def test_a_library_may_read_but_not_act() -> None:
    text = (
        "import os, time\ndef read():\n return os.environ['PATH']\n"
        "def act():\n time.sleep(1)\ndef clock():\n return time.time()\n"
    )
    made = module_of(text, "made_up", str(Path(pytest.__file__).parent / "made_up.py"))  # as if it were installed
    assert in_workflow(made.read) == os.environ["PATH"]
    assert in_workflow(made.act).startswith("forbidden: time.sleep()")
    assert in_workflow(made.clock) == f"{BEGAN_AT}.0"


def test_what_is_let_through_has_the_real_thing() -> None:
    let_through("let_through_here")
    made = module_of("import time\ndef clock():\n return time.time()", "let_through_here.inner", "made_up.py")
    assert abs(float(in_workflow(made.clock)) - time.time()) < 60


# -- everybody else


def test_guards_leave_no_trace_on_clocks_and_chance() -> None:
    before = time.time, random.random, dt.datetime.__dict__["now"], time.strftime
    in_workflow(lambda: time.time())
    assert (time.time, random.random, dt.datetime.__dict__["now"], time.strftime) == before


def test_other_threads_have_the_real_thing_meanwhile() -> None:
    asked, answered = threading.Event(), threading.Event()
    seen: list[Any] = []

    def other() -> None:
        asked.wait(10)
        seen.extend([time.time(), dt.datetime.now(dt.UTC).timestamp(), os.environ["PATH"], random.random()])
        answered.set()

    thread = threading.Thread(target=other)
    thread.start()

    def wait() -> bool:
        asked.set()
        return answered.wait(10)

    random.seed(3)
    expected = random.Random(3).random()
    assert in_workflow(wait) == "True"
    thread.join()
    assert abs(seen[0] - REAL[0]()) < 60
    assert abs(seen[1] - REAL[0]()) < 60
    assert seen[2:] == [os.environ["PATH"], expected]


def test_a_mock_that_stands_there_stays_and_is_what_others_get() -> None:
    with unittest.mock.patch("time.time", return_value=5.0):
        assert in_workflow(lambda: time.time()) == f"{BEGAN_AT}.0"
        assert time.time() == 5.0
    assert time.time is REAL[0]


def counted(inner: Callable[..., Any], called: list[int], n: int) -> Callable[..., Any]:
    def outer(*args: Any) -> Any:
        called.append(n)
        return inner(*args)

    return outer


def test_others_wrap_guards_and_guards_wrap_others_without_end() -> None:
    in_workflow(lambda: 1)
    called: list[int] = []
    before = os.listdir, time.time
    try:
        for n in range(3):
            for module, name in ((os, "listdir"), (time, "time")):
                inner = getattr(module, name)
                setattr(module, name, counted(inner, called, n))
            in_workflow(lambda: 1)
        assert os.listdir(HERE.parent)
        assert abs(time.time() - REAL[0]()) < 60
        assert called == [2, 1, 0, 2, 1, 0]
        assert in_workflow(lambda: os.listdir(".")).startswith("forbidden")
    finally:
        os.listdir, time.time = before


def test_a_guard_that_a_mock_took_away_comes_back() -> None:
    in_workflow(lambda: 1)
    with unittest.mock.patch("builtins.open", unittest.mock.mock_open(read_data="mocked")):
        assert in_workflow(lambda: open("x")).startswith("forbidden")
        assert open("x").read() == "mocked"
    builtins.open = builtins.open.__wrapped__  # type: ignore[attr-defined]  # as a patch that began before any guard
    assert in_workflow(lambda: open("x")).startswith("forbidden")
    with open(HERE) as file:
        assert file.read(3) == '"""'
