"""`make ui-demo`: a lively example world and the web UI on it, in memory, until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from mainspring.server.process.config import Config, GrpcConfig  # noqa: E402  # the path comes first
from tools.ui_demo.seeding import keep_alive, seeded  # noqa: E402  # as above
from tools.ui_demo.serving import serving_ui  # noqa: E402  # as above

UI_PORT = 8233


async def main(ui_port: int) -> None:
    config = Config(grpc=GrpcConfig(port=ui_port - 1_000))
    async with serving_ui(config, ui_port=ui_port) as served, seeded(served.grpc) as client:
        print(f"open {served.ui}/ in a browser; Ctrl-C ends it", flush=True)
        await keep_alive(client)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # activities of this world are meant to fail
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else UI_PORT))
