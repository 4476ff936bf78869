"""What people do in the web UI, in a real browser, on a server with real workers."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from playwright.async_api import expect

from mainspring import activity, workflow
from mainspring.common import RetryPolicy
from mainspring.exceptions import ActivityError, ApplicationError
from mainspring.worker import Worker
from tests.ui.visiting import WAIT_MS, Visit, needs_chromium, visiting

pytestmark = [needs_chromium, pytest.mark.slow, pytest.mark.timeout(90)]

QUEUE = "installing"


@activity.defn(
    start_to_close_timeout=timedelta(seconds=5),
    retry_policy=RetryPolicy(initial_interval=timedelta(seconds=60)),
)
async def download(mirror: str) -> str:
    if mirror == "broken":
        raise ApplicationError("the mirror is out of order", type="MirrorError")
    return f"downloaded from {mirror}"


@workflow.defn
class Install:
    """Tries a mirror until another one is named."""

    def __init__(self) -> None:
        self.mirror = "broken"
        self.name = "nameless"

    @workflow.run
    async def run(self, machine: str) -> str:
        while True:
            mirror = self.mirror
            trying = asyncio.create_task(self.try_mirror(mirror))
            await workflow.wait_condition(lambda: trying.done() or mirror != self.mirror)  # noqa: B023  # awaited here
            if trying.done():
                return f"{machine}: {trying.result()}"
            trying.cancel()
            with contextlib.suppress(ActivityError):
                await trying

    async def try_mirror(self, mirror: str) -> str:
        return await download(mirror)

    @workflow.signal
    def use(self, mirror: str) -> None:
        self.mirror = mirror

    @workflow.update
    def rename(self, name: str) -> str:
        self.name, before = name, self.name
        return f"{before} is now {name}"

    @workflow.query
    def chosen(self) -> str:
        return self.mirror


@contextlib.asynccontextmanager
async def working(visit: Visit) -> AsyncGenerator[Worker]:
    async with Worker(visit.client, task_queue=QUEUE, workflows=[Install], activities=[download]) as worker:
        yield worker


async def test_a_failing_run_is_found_understood_mended_by_a_signal_and_seen_to_complete() -> None:
    async with visiting() as visit, working(visit):
        await visit.client.start_workflow(Install.run, "m1", id="install-m1", task_queue=QUEUE)
        await visit.go("/")
        await visit.press("Workflows")
        await visit.press("install-m1")
        await visit.sees("download")
        await visit.sees("MirrorError: the mirror is out of order")

        run_page = visit.page.url
        watching = await visit.page.context.new_page()
        await watching.goto(run_page)
        await watching.evaluate("window.sameWindow = true")
        await visit.press("Signal")
        await visit.page.get_by_label("Name").fill("use")
        await visit.page.get_by_role("textbox", name="Argument 1").fill('"mirror-2"')
        await visit.press("Signal")
        await visit.sees("Signal: done")
        await expect(watching.locator("main")).to_contain_text("m1: downloaded from mirror-2", timeout=WAIT_MS)
        assert await watching.evaluate("window.sameWindow") is True
        await visit.page.goto(run_page)
        await visit.sees("m1: downloaded from mirror-2")
        await expect(visit.page.locator(".state .status")).to_have_text("Completed")

        assert visit.complaints == []


async def test_what_is_stuck_is_found_from_the_start_page_and_leaves_the_list_when_it_is_mended() -> None:
    async with visiting() as visit, working(visit):
        await visit.client.start_workflow(Install.run, "m1", id="install-m1", task_queue=QUEUE)
        await visit.client.start_workflow("Lost", id="lost-1", task_queue="nobodys")
        await visit.go("/run?id=install-m1")
        await visit.sees("MirrorError: the mirror is out of order")
        await visit.go("/")
        await visit.press("What is stuck")
        await visit.sees("No worker polls task queue nobodys")
        await visit.sees("Activity download fails")
        await visit.page.get_by_label("Select lost-1").check()
        await visit.press("Terminate…")
        await visit.press("Terminate 1")
        await visit.sees("Terminate: 1 of 1 done")
        await visit.go("/workflows?stuck=1")
        await expect(visit.page.locator("tbody th a")).to_have_text(["install-m1"])
        assert visit.complaints == []


async def test_all_that_match_are_terminated_after_a_question() -> None:
    async with visiting() as visit:
        for number in range(25):
            await visit.client.start_workflow("Order", id=f"order-{number}", task_queue="orders")
        await visit.client.start_workflow("Bill", id="bill-1", task_queue="orders")
        await visit.go("/workflows?type=Order&count=20")
        await visit.page.get_by_label("Select all on this page").check()
        await visit.sees("20 selected")
        await visit.page.get_by_label("all that match (25)").check()
        await visit.press("Terminate…")
        await visit.sees("Terminate 25 workflows?")
        await visit.press("Terminate 25")
        await visit.sees("Terminate: 25 of 25 done")
        await visit.go("/workflows?status=Running")
        await expect(visit.page.locator("tbody th a")).to_have_text(["bill-1"])


async def test_a_history_is_saved_as_a_file() -> None:
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order/1", task_queue="orders")
        await visit.go("/run?id=order%2F1")
        async with visit.page.expect_download() as saving:
            await visit.press("Download")
        download = await saving.value
        assert download.suggested_filename.startswith("order-1-")


async def test_a_page_shows_a_run_complete_without_being_loaded_again() -> None:
    async with visiting() as visit, working(visit):
        handle = await visit.client.start_workflow(Install.run, "m1", id="install-m1", task_queue=QUEUE)
        await visit.go("/workflows")
        await visit.page.evaluate("window.sameWindow = true")
        await expect(visit.page.locator(".status-running").first).to_be_visible()
        await visit.page.locator('input[name="run"]').check()

        await handle.signal(Install.use, "mirror-2")

        await expect(visit.page.locator("tbody .status")).to_have_text("Completed", timeout=WAIT_MS)
        await expect(visit.page.locator('input[name="run"]')).to_be_checked()
        assert await visit.page.evaluate("window.sameWindow") is True


async def test_a_live_page_says_when_the_server_does_not_answer_and_goes_on_when_it_does() -> None:
    async with visiting() as visit:
        await visit.client.start_workflow("Order", id="order-1", task_queue="orders")
        await visit.go("/run?id=order-1")
        await visit.page.route("**/run?*", lambda route: route.abort())
        await visit.sees("This page is not up to date")
        await visit.page.unroute("**/run?*")
        await expect(visit.page.locator("#stale")).to_have_count(0, timeout=WAIT_MS)


async def test_a_query_is_answered_with_the_bytes_of_the_worker() -> None:
    async with visiting() as visit, working(visit):
        await visit.client.start_workflow(Install.run, "m1", id="install-m1", task_queue=QUEUE)
        await visit.go("/run?id=install-m1")
        await visit.press("Query")
        await visit.page.get_by_label("Name").fill("chosen")
        await visit.page.keyboard.press("Enter")

        await expect(visit.page.locator(".result")).to_have_text('"broken"')


async def test_an_update_is_sent_and_its_outcome_shown() -> None:
    async with visiting() as visit, working(visit):
        await visit.client.start_workflow(Install.run, "m1", id="install-m1", task_queue=QUEUE)
        await visit.go("/run/act?act=update&id=install-m1")
        await visit.page.get_by_label("Name").fill("rename")
        await visit.page.get_by_role("textbox", name="Argument 1").fill('"Ada"')
        await visit.press("Update")

        await expect(visit.page.locator(".result")).to_have_text('"nameless is now Ada"')


async def test_one_is_terminated_after_a_question_and_another_started_like_it() -> None:
    async with visiting() as visit:
        await visit.client.start_workflow(Install.run, "9007199254740993", id="install-m1", task_queue=QUEUE)
        await visit.go("/run?id=install-m1")
        await visit.press("Terminate")
        await visit.sees("cannot be undone")
        await visit.press("Terminate")
        await visit.press("To the run")
        await visit.sees("Terminated")

        await visit.press("Start one like this")
        await expect(visit.page.get_by_role("textbox", name="Argument 1")).to_have_value('"9007199254740993"')
        await visit.page.get_by_label("Workflow ID").fill("install-m2")
        await visit.press("Start")
        await visit.press("To the run")
        await expect(visit.page).to_have_url(re.compile("id=install-m2"))
        await visit.sees('"9007199254740993"')
        assert visit.complaints == []


async def test_selected_runs_are_cancelled_together() -> None:
    async with visiting() as visit:
        for number in range(3):
            await visit.client.start_workflow(Install.run, "m", id=f"install-{number}", task_queue=QUEUE)
        await visit.go("/workflows")
        await visit.page.get_by_label("Select install-0").check()
        await visit.page.get_by_label("Select install-2").check()
        await visit.sees("2 selected")
        await visit.press("Cancel…")
        await visit.sees("Cancel 2 workflows?")
        await visit.press("Cancel 2")
        await visit.sees("Cancel: 2 of 2 done")


async def test_the_query_bar_completes_names_and_values() -> None:
    async with visiting() as visit:
        await visit.client.start_workflow(Install.run, "m", id="install-1", task_queue=QUEUE)
        await visit.go("/workflows")
        await visit.page.locator("h1").click()
        await visit.page.keyboard.press("/")
        await visit.page.keyboard.type("WorkflowT")
        await expect(visit.page.get_by_role("option", name="WorkflowType")).to_be_visible()
        await visit.page.keyboard.press("Tab")
        await visit.page.keyboard.type("= In")
        await expect(visit.page.get_by_role("option", name="Install")).to_be_visible()
        await visit.page.keyboard.press("Enter")
        await expect(visit.page.locator("#query")).to_have_value('WorkflowType = "Install" ')
        await visit.page.keyboard.press("Enter")
        await expect(visit.page).to_have_url(re.compile("query=WorkflowType"))
        await visit.sees("install-1")


async def test_a_view_is_kept_in_the_browser() -> None:
    async with visiting() as visit:
        await visit.go("/workflows?status=Failed&column=RunId")
        await visit.page.get_by_text("Views", exact=True).click()
        await visit.page.get_by_label("Keep this view as").fill("<b>mine</b>")
        await visit.press("Keep")
        await visit.go("/workflows")
        await visit.page.get_by_text("Views", exact=True).click()
        await visit.press("<b>mine</b>")
        await expect(visit.page).to_have_url(re.compile("status=Failed"))
        assert visit.complaints == []


async def test_dark_and_light_are_switched_and_kept() -> None:
    async with visiting() as visit:
        await visit.go("/workflows?status=Failed")
        await visit.press("Dark theme")
        assert await visit.page.locator("html").get_attribute("data-theme") == "dark"
        assert visit.page.url.endswith("status=Failed")
        await visit.go("/queues")
        await visit.press("Light theme")
        assert await visit.page.locator("html").get_attribute("data-theme") == "light"


async def test_times_are_the_readers_or_utc() -> None:
    async with visiting() as visit:
        await visit.client.start_workflow(Install.run, "m", id="install-1", task_queue=QUEUE)
        await visit.go("/workflows")
        time = visit.page.locator("tbody time")
        await expect(visit.page.locator("#zone")).to_have_text("Times: Pacific/Apia")
        local = await time.text_content()
        await visit.page.locator("#zone").click()
        await expect(visit.page.locator("#zone")).to_have_text("Times: UTC")
        utc = (await time.get_attribute("datetime") or "")[:19].replace("T", " ")
        await expect(time).to_have_text(utc)
        assert local != utc


async def test_everything_works_without_the_script() -> None:
    async with visiting(has_script=False) as visit:
        await visit.client.start_workflow(Install.run, "m", id="install-1", task_queue=QUEUE)
        await visit.go("/workflows")
        await visit.page.locator("#query").fill('WorkflowId = "install-1"')
        await visit.press("Filter")
        await visit.page.locator('input[name="run"]').check()
        await visit.press("Terminate…")
        await visit.press("Terminate 1")
        await visit.sees("Terminate: 1 of 1 done")
        await visit.press("install-1")
        await visit.sees("Terminated")


@pytest.mark.parametrize(
    "path", ["/", "/workflows", "/queues", "/namespaces", "/namespaces/one", "/start", "/run?id=long"]
)
async def test_a_phone_need_not_scroll_sideways(path: str) -> None:
    async with visiting(width=360) as visit:
        for workflow_id in ("long", "x" * 200):
            await visit.client.start_workflow(Install.run, "m" * 300, id=workflow_id, task_queue="q" * 200)
        await visit.go(path)
        assert await visit.page.evaluate("document.scrollingElement.scrollWidth") <= 360
