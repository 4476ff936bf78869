"""Ids and payloads that try to run in the reader's browser: nothing of them does."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.pages.browsing import HOSTILE
from tests.ui.visiting import needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(120)]

PAYLOADS = (
    "</pre><script>window.ran = 1</script>",
    "</textarea><img src=x onerror='window.ran = 1'>",
    "<svg onload='window.ran = 1'>",
    "{{ constructor.constructor('window.ran = 1')() }}",
)


async def test_any_legal_id_leads_from_the_list_to_its_page() -> None:
    async with visiting() as visit:
        for workflow_id in HOSTILE:
            await visit.client.start_workflow("Order", id=workflow_id, task_queue=workflow_id)
        for number in range(len(HOSTILE)):
            await visit.go("/workflows")
            link = visit.page.locator("tbody th a").nth(number)
            shown = await link.text_content()
            await link.click()
            await expect(visit.page.locator("h1")).to_have_text(shown or "", use_inner_text=False)
        assert await visit.page.evaluate("window.ran") is None
        assert visit.complaints == []


@pytest.mark.parametrize("path", ["/run?id=order-1", "/start?like=order-1", "/workflows?column=RunId", "/"])
async def test_payloads_execute_nothing(path: str) -> None:
    async with visiting() as visit:
        handle = await visit.client.start_workflow(
            "<script>window.ran = 1</script>",
            args=list(PAYLOADS),
            id="order-1",
            task_queue="orders",
            memo={"<img src=x onerror='window.ran = 1'>": PAYLOADS[0]},
        )
        await handle.signal("<svg onload='window.ran = 1'>", PAYLOADS[2])
        await visit.go(path)
        for summary in await visit.page.locator("main details:not(.menu) > summary").all():
            await summary.click()

        assert await visit.page.evaluate("window.ran") is None
        assert visit.complaints == []


async def test_a_script_that_got_into_a_page_would_not_run() -> None:
    async with visiting() as visit:
        await visit.go("/workflows")
        await visit.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.ran = 1";
                document.body.append(script);
            }"""
        )

        assert await visit.page.evaluate("window.ran") is None
        assert "Content Security Policy" in " ".join(visit.complaints)
