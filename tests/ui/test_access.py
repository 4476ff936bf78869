"""The web UI by keyboard, and for those who do not see it: names for all that can be used."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.ui.visiting import needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(60)]

PAGES = [
    "/",
    "/workflows",
    "/workflows?query=A+%3D%3D+1",
    "/queues",
    "/queue?queue=orders",
    "/workers",
    "/namespaces",
    "/namespaces/one",
    "/start",
    "/run?id=order-1",
    "/run/act?act=signal&id=order-1",
    "/run/act?act=terminate&id=order-1",
    "/nowhere",
]
NAMELESS = """() => [...document.querySelectorAll("input:not([type=hidden]), select, textarea, button, a, summary")]
    .filter(each => !(each.labels?.length || each.getAttribute("aria-label") || each.textContent.trim()))
    .map(each => each.outerHTML.slice(0, 200))"""
SHAPE = """() => { const ids = [...document.querySelectorAll("[id]")].map(each => each.id); return [
    document.documentElement.lang,
    document.querySelectorAll("h1").length,
    document.querySelectorAll("main").length,
    ids.length - new Set(ids).size,
    document.querySelectorAll("img:not([alt])").length,
]}"""


@pytest.mark.parametrize("path", PAGES)
async def test_all_that_can_be_used_has_a_name(path: str) -> None:
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order-1", task_queue="orders")
        await visit.go(path)

        assert await visit.page.evaluate(NAMELESS) == []
        assert await visit.page.evaluate(SHAPE) == ["en", 1, 1, 0, 0]


async def test_a_run_is_found_opened_and_signalled_by_keys_alone() -> None:
    async with visiting() as visit:
        for number in range(3):
            await visit.client.start_workflow("Order", id=f"order-{number}", task_queue="orders")
        await visit.go("/workflows")
        keyboard = visit.page.keyboard
        await keyboard.press("j")
        await keyboard.press("j")
        await keyboard.press("x")
        await expect(visit.page.get_by_label("Select order-1")).to_be_checked()
        await visit.page.locator("tr.at a").first.focus()
        await keyboard.press("Enter")
        await expect(visit.page.locator("h1")).to_have_text("order-1")
        await visit.page.get_by_role("link", name="Signal", exact=True).focus()
        await keyboard.press("Enter")
        await expect(visit.page.get_by_label("Name")).to_be_focused()
        await keyboard.type("go")
        await keyboard.press("Enter")
        await visit.sees("Signal: done")


async def test_the_first_key_leads_past_the_navigation() -> None:
    async with visiting() as visit:
        await visit.go("/workflows")
        await visit.page.keyboard.press("Tab")
        await expect(visit.page.get_by_text("Skip to the content")).to_be_focused()
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.locator("main")).to_be_focused()


async def test_escape_closes_a_menu_and_goes_back_to_what_opened_it() -> None:
    async with visiting() as visit:
        await visit.go("/workflows")
        opener = visit.page.get_by_text("Columns", exact=True)
        await opener.focus()
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.get_by_label("Rows on a page")).to_be_visible()
        await visit.page.keyboard.press("Escape")
        await expect(visit.page.get_by_label("Rows on a page")).to_be_hidden()
        await expect(opener).to_be_focused()


REACHABLE = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary, [tabindex='0']")]
    .filter(each => each.tabIndex >= 0 && !each.disabled && each.type !== "hidden" && each.checkVisibility())
    .map((each, number) => { each.dataset.reach = number; return each.outerHTML.slice(0, 160); })"""
FOCUSED = """() => { const at = document.activeElement, style = getComputedStyle(at);
    const mark = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0 ? "" : at.outerHTML.slice(0, 160);
    return [at.dataset.reach ?? "", at.matches(":focus-visible") ? mark : at.outerHTML.slice(0, 160)]; }"""


@pytest.mark.parametrize("path", ["/workflows", "/run?id=order-1", "/start", "/namespaces/one", "/workflows?stuck=1"])
async def test_tab_reaches_all_that_can_be_used_and_shows_where_it_is(path: str) -> None:
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order-1", task_queue="orders")
        await visit.page.add_init_script("localStorage.setItem('live', 'off')")
        await visit.go(path)
        wanted = await visit.page.evaluate(REACHABLE)
        await visit.page.locator("body").click(position={"x": 1, "y": 1})
        reached: set[str] = set()
        unmarked: set[str] = set()
        for _ in range(len(wanted) + 3):
            await visit.page.keyboard.press("Tab")
            number, mark = await visit.page.evaluate(FOCUSED)
            reached.add(number)
            unmarked.add(mark if number else "")

        assert [what for number, what in enumerate(wanted) if str(number) not in reached] == []
        assert unmarked == {""}


async def test_nothing_moves_for_who_asked_for_that() -> None:
    moving = "() => document.getAnimations({subtree: true}).filter(each => each.playState === 'running').length"
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order-1", task_queue="orders")
        counts: list[int] = []
        for motion in ("no-preference", "reduce"):
            await visit.page.emulate_media(reduced_motion="reduce" if motion == "reduce" else "no-preference")
            await visit.go("/workflows")
            counts.append(int(await visit.page.evaluate(moving)))

        assert counts[0] > 0
        assert counts[1] == 0
