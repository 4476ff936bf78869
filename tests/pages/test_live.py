"""What the script is sent of a page is what stands in the page."""

from __future__ import annotations

import re

import pytest

from tests.pages.browsing import browsing

PATHS = (
    "/",
    "/workflows",
    "/workflows?stuck=1",
    "/run?id=order-1",
    "/run?id=order-1&view=events",
    "/run?id=order-1&view=json",
    "/run/tree?id=order-1",
    "/queues",
    "/queue?queue=orders",
    "/workers",
)


@pytest.mark.parametrize("path", PATHS)
async def test_the_live_part_of_a_page_is_the_same_alone(path: str) -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        await browser.post("/run/act", act="signal", id="order-1", name="go")
        whole = await browser.get(path)
        part = await browser.get(path, {"x-fragment": "live"})

    assert (whole.status_code, part.status_code) == (200, 200)
    assert 'id="live"' in whole.text
    assert len(shape(part.text)) > 2
    assert shape(part.text) in shape(whole.text)


def shape(page: str) -> str:
    """Its elements in order, without the marks of a scale: all else that moves with the clock is text and numbers."""
    found = re.findall(r"</?[a-z0-9]+", page)
    return " ".join(each for each in found if each.lstrip("</") not in {"line", "text"})
