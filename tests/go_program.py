"""Builds the Go programs that drive a server with the official Go SDK, where there is a Go to build them with.

The first build on a machine fetches and compiles all that the SDK stands on: minutes, not seconds. Go keeps what it has
compiled, so that a build of unchanged sources takes about a second.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.fetching import why_not_fetched

BUILD_LIMIT_S = 240


class GoUnavailableError(Exception):
    """This machine cannot build with the Go SDK. The message says what is missing."""


def build_go_program(sources: Path, program: Path) -> None:
    """Compile the module in `sources` into the file `program`.

    Raises:
        GoUnavailableError: there is no Go, the SDK's modules cannot be had, or compiling takes too long here.
        subprocess.CalledProcessError: the sources do not compile; the compiler has said why on standard error.
    """
    go = shutil.which("go")
    if go is None:
        raise GoUnavailableError("no `go` on the PATH")
    reason = why_not_fetched([go, "mod", "download"], sources)
    if reason is not None:
        raise GoUnavailableError(f"the modules of the Go SDK cannot be had: {reason}")
    try:
        subprocess.run([go, "build", "-o", str(program), "."], cwd=sources, check=True, timeout=BUILD_LIMIT_S)
    except subprocess.TimeoutExpired as error:
        raise GoUnavailableError(f"it had not compiled them after {BUILD_LIMIT_S} s") from error
