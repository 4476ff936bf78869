"""`--reload`: the same line in another process, which is ended and started anew when a source file has changed.

    this process    files --snapshot--> changed?      signals, which it passes on
        |  pipe: closes when this process ends, however it ends, and the worker stops then
    the worker      imports the code, works           says what is wrong with the code, and ends

A worker that has ended by itself with an error, a syntax error say, is started again when a file changes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final, Self

import click

Snapshot = Mapping[Path, tuple[int, int]]
"""Files with their time of change and size."""

LOOK_EVERY_S: Final = 0.25
MOST_FILES: Final = 10_000
SKIPPED: Final = frozenset({"__pycache__", "node_modules", "site-packages"})
KILL_AFTER: Final = timedelta(seconds=5)
"""How much longer than its grace a worker may take to end."""


def reload_for_ever(arguments: Sequence[str], root: Path, grace: timedelta) -> int:
    """Run the line until a signal, and say the status to end with."""
    with Reloader(arguments, root, grace) as reloader:
        return reloader.run()


class Reloader:
    """The process that watches."""

    def __init__(self, arguments: Sequence[str], root: Path, grace: timedelta) -> None:
        self._arguments = [each for each in arguments if each.partition("=")[0] != "--reload"]
        self._root = root
        self._within_s = (grace + KILL_AFTER).total_seconds()
        self._stopping = threading.Event()
        self._lifeline: tuple[int, int] | None = None if sys.platform == "win32" else os.pipe()

    def __enter__(self) -> Self:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._stop)
        return self

    def __exit__(self, *_: object) -> None:
        for end in self._lifeline or ():
            os.close(end)

    def run(self) -> int:
        seen = snapshot(self._root)
        say(f"Watching {len(seen)} files below {self._root}.")
        while True:
            with self._started() as worker:
                seen, changed = self._wait(worker, seen)
            if self._stopping.is_set() or not changed:
                return 0
            say(f"{changed} has changed: starting anew.")

    def _wait(self, worker: subprocess.Popen[bytes], seen: Snapshot) -> tuple[Snapshot, str]:
        """Wait for a change, a signal, or an end that was meant; '' if it is none."""
        has_ended = False
        while not self._stopping.is_set():
            status = worker.poll()
            if status == 0:
                return seen, ""
            if status is not None and not has_ended:
                has_ended = True
                say(f"The worker has ended with status {status}: waiting for a change.")
            self._stopping.wait(LOOK_EVERY_S)
            now = snapshot(self._root)
            changed = first_difference(seen, now)
            if changed is not None:
                return now, str(changed.relative_to(self._root))
        return seen, ""

    @contextmanager
    def _started(self) -> Generator[subprocess.Popen[bytes]]:
        """A worker's process, which has ended when this does."""
        line = [sys.executable, "-m", "mainspring", *self._arguments]
        if self._lifeline is None:
            worker = subprocess.Popen(line)
        else:
            end = self._lifeline[0]
            worker = subprocess.Popen([*line, f"--lifeline={end}"], pass_fds=[end])
        try:
            yield worker
        finally:
            worker.terminate()
            try:
                worker.wait(self._within_s)
            except subprocess.TimeoutExpired:
                say("The worker did not end in time: killing it.")
                worker.kill()
                worker.wait()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping.set()


def say(text: str) -> None:
    click.echo(text, err=True)


def snapshot(root: Path) -> Snapshot:
    """All source files below a directory, the nearest first; of a huge tree, the nearest `MOST_FILES`."""
    found: dict[Path, tuple[int, int]] = {}
    for file in source_files(root):
        try:
            stat = file.stat()
        except OSError:  # it went away meanwhile
            continue
        found[file] = (stat.st_mtime_ns, stat.st_size)
        if len(found) == MOST_FILES:
            break
    return found


def source_files(root: Path) -> Iterator[Path]:
    """`.py` files, level by level; not below hidden directories, caches and virtual environments."""
    level = [root]
    while level:
        below: list[Path] = []
        for folder in level:
            try:
                entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
            except OSError:  # not ours to read, or gone
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                elif entry.name.endswith(".py"):
                    yield Path(entry.path)
        level = [each for each in below if is_own(each)]


def is_own(folder: Path) -> bool:
    return not (folder.name.startswith(".") or folder.name in SKIPPED or (folder / "pyvenv.cfg").exists())


def first_difference(before: Snapshot, now: Snapshot) -> Path | None:
    """A file that was changed, added or removed."""
    return next((file for file in sorted(before.keys() | now.keys()) if before.get(file) != now.get(file)), None)
