"""The server of this checkout, without what it records of its calls and commits: `metrics.py` compares with it."""

from __future__ import annotations

from mainspring.cli.main import main
from mainspring.server.persistence.durations import Durations
from mainspring.server.process.statistics import MethodStatistics, Statistics


def nothing(*_: object) -> None:
    pass


if __name__ == "__main__":
    for kind, name in ((Durations, "add"), (Statistics, "ended"), (MethodStatistics, "failed")):
        setattr(kind, name, nothing)
    main()
