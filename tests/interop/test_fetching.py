"""What cannot be fetched is a reason to skip, in the words of the tool that tried."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.fetching import why_not_fetched


def test_a_fetch_that_works_has_no_reason(tmp_path: Path) -> None:
    assert why_not_fetched([sys.executable, "-c", ""], tmp_path) is None


def test_a_fetch_that_fails_says_why(tmp_path: Path) -> None:
    assert why_not_fetched([sys.executable, "-c", "exit('no such host')"], tmp_path) == "no such host"


def test_a_fetch_that_hangs_is_given_up(tmp_path: Path) -> None:
    reason = why_not_fetched([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, limit_s=0.3)
    assert reason is not None
    assert "had not ended after 0.3 s" in reason
