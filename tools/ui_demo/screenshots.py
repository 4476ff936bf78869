"""Photographs each screen of the web UI on the example world, light and dark, into docs/images.

python -m tools.ui_demo.screenshots [folder]
"""

from __future__ import annotations

import asyncio
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from playwright.async_api import Page, async_playwright  # noqa: E402  # the path comes first

from mainspring.server.process.config import Config, GrpcConfig  # noqa: E402  # as above
from tools.ui_demo.chromium import ARGUMENTS, CHROMIUM  # noqa: E402  # as above
from tools.ui_demo.seeding import seeded  # noqa: E402  # as above
from tools.ui_demo.serving import serving_ui  # noqa: E402  # as above

SCREENS = {
    "start": "/",
    "workflows": "/workflows",
    "workflows-mistake": "/workflows?query=WorkflowType+%3D+%22AddNode%22+ANDD+Customer+%3D+%22Ada%22",
    "workflows-stuck": "/workflows?stuck=1",
    "run-waiting": "/run?id=order-1001",
    "run-retrying": "/run?id=add-fleet-a-rack-2-node-0",
    "run-failed": "/run?id=reserve-rack-9",
    "run-tree": "/run?id=fleet-a",
    "start-like": "/start?like=add-n1",
    "signal": "/run/act?act=signal&id=order-1001",
    "terminate": "/run/act?act=terminate&id=reminder-monday",
    "queues": "/queues",
    "queue": "/queue?queue=provisioning",
    "workers": "/workers",
    "namespaces": "/namespaces",
    "namespace": "/namespaces/one?namespace=default",
}
SETTLES_S = 6.0  # until the world has finished what it can, and failed where it must


async def main(folder: Path) -> None:
    logging.disable(logging.CRITICAL)  # activities of this world are meant to fail
    async with serving_ui(Config(grpc=GrpcConfig(port=0))) as served, seeded(served.grpc):
        await asyncio.sleep(SETTLES_S)
        await photograph(served.ui, folder)


async def photograph(address: str, folder: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for scheme in ("light", "dark"):
            context = await browser.new_context(
                color_scheme="dark" if scheme == "dark" else "light",
                viewport={"width": 1280, "height": 800},
                timezone_id="UTC",
            )
            page = await context.new_page()
            for name, path in SCREENS.items():
                await _take(page, address + path, folder / f"ui-{name}-{scheme}.png")
            await page.set_viewport_size({"width": 390, "height": 780})
            await _take(page, address + "/workflows", folder / f"ui-phone-{scheme}.png")
            await context.close()
        await browser.close()


async def _take(page: Page, url: str, path: Path) -> None:
    await page.goto(url)
    await page.screenshot(path=path)
    print(path)


if __name__ == "__main__":
    images = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    images.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(images))
