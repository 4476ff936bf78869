"""Every colour of text stands out from every ground that it stands on: WCAG AA, 4.5 to 1, in both themes."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

STYLE = files("mainspring.server.ui").joinpath("static/app.css").read_text("utf-8")
STATUSES = ("running", "completed", "failed", "canceled", "terminated", "continuedasnew", "timedout", "paused")
GROUNDS = ("ground", "panel", "raised", "hover")
PAIRS = [
    *((text, ground) for text in ("text", "quiet", "accent", *STATUSES) for ground in GROUNDS),
    ("accent-text", "accent"),
    ("text", "accent-soft"),
    ("quiet", "accent-soft"),
    ("text", "bad-ground"),
    ("failed", "bad-ground"),
    ("mark-text", "mark"),
    ("panel", "failed"),  # a button that destroys
]
EDGES = [("line-strong", ground) for ground in GROUNDS]  # of what can be written in or pressed: 3 to 1
THEMES = {
    "light": r":root \{(.*?)\}",
    "dark, switched": r':root\[data-theme="dark"\] \{(.*?)\}',
    "dark, by the system": r":root:not\(\[data-theme\]\) \{(.*?)\}",
}


def colours(theme: str) -> dict[str, str]:
    block = re.search(THEMES[theme], STYLE, re.DOTALL)
    assert block is not None
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block[1]))


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_ground(theme: str) -> None:
    named = colours(theme)
    weak = {pair: contrast(named[pair[0]], named[pair[1]]) for pair in PAIRS}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_fields_can_be_seen(theme: str) -> None:
    named = colours(theme)
    weak = {pair: contrast(named[pair[0]], named[pair[1]]) for pair in EDGES}
    assert {pair: ratio for pair, ratio in weak.items() if ratio < 3} == {}


def test_dark_is_the_same_dark_whoever_chose_it() -> None:
    assert colours("dark, switched") == colours("dark, by the system")
