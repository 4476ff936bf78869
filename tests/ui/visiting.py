"""A person's browser on a server with the web UI: Debian's Chromium, driven by Playwright.

async with visiting() as visit:
    await visit.go("/workflows")
    await visit.page.get_by_text("order-1").click()
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright, expect

from mainspring.client import Client
from mainspring.server.process.config import Config, GrpcConfig, StoreConfig
from tools.ui_demo.chromium import ARGUMENTS, CHROMIUM
from tools.ui_demo.serving import Served, serving_ui

WAIT_MS: Final = 10_000
needs_chromium = pytest.mark.skipif(
    not Path(CHROMIUM).exists(), reason="no Chromium on this machine: apt-get install chromium"
)


class Visit:
    """One window. `complaints`: what the browser had to say against a page, refused scripts among it."""

    def __init__(self, page: Page, served: Served, client: Client) -> None:
        self.page = page
        self.served = served
        self.client = client
        self.complaints: list[str] = []
        page.on("console", self._listen)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))

    def _listen(self, message: ConsoleMessage) -> None:
        # Of an answer that is an error on purpose the browser complains too.
        if message.type == "error" and "the server responded with a status of" not in message.text:
            self.complaints.append(message.text)

    async def go(self, path: str) -> None:
        await self.page.goto(self.served.ui + path)

    async def press(self, name: str) -> None:
        """Press the button, or follow the link, of that name."""
        button = self.page.get_by_role("button", name=name, exact=True)
        link = self.page.get_by_role("link", name=name, exact=True)
        await button.or_(link).locator("visible=true").first.click()

    async def sees(self, text: str) -> None:
        """Wait until the page says this, without loading it again."""
        await expect(self.page.locator("main")).to_contain_text(text, timeout=WAIT_MS)


@asynccontextmanager
async def visiting(path: str = "", *, has_script: bool = True, width: int = 1280) -> AsyncGenerator[Visit]:
    """A visitor of a server of its own; `path`: its file."""
    config = Config(grpc=GrpcConfig(port=0), store=StoreConfig(path=path))
    async with serving_ui(config) as served, chromium() as browser:
        client = await Client.connect(served.grpc)
        context = await browser.new_context(
            java_script_enabled=has_script, viewport={"width": width, "height": 800}, timezone_id="Pacific/Apia"
        )
        context.set_default_timeout(WAIT_MS)
        try:
            yield Visit(await context.new_page(), served, client)
        finally:
            await context.close()


@asynccontextmanager
async def chromium(arguments: Sequence[str] = ARGUMENTS) -> AsyncGenerator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(arguments))
        try:
            yield browser
        finally:
            await browser.close()
