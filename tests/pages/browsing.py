"""The web UI on a whole server in memory, visited by HTTP without a browser.

async with browsing() as browser:
    await browser.start("order-1")
    page = await browser.get("/workflows")
"""

from __future__ import annotations

import asyncio
import html
import re
import uuid
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from html.parser import HTMLParser
from typing import Final, TypeVar

import httpx
from google.protobuf.message import Message
from starlette.applications import Starlette
from temporalio.api.command.v1 import Command
from temporalio.api.common.v1 import Payloads, WorkflowType
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.api.failure.v1 import Failure
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    PollWorkflowTaskQueueRequest,
    PollWorkflowTaskQueueResponse,
    RespondWorkflowTaskCompletedRequest,
    RespondWorkflowTaskCompletedResponse,
    RespondWorkflowTaskFailedRequest,
    RespondWorkflowTaskFailedResponse,
    StartWorkflowExecutionRequest,
    StartWorkflowExecutionResponse,
)

from mainspring.server.persistence.sqlite import open_sqlite
from mainspring.server.process.calls import Calls
from mainspring.server.process.ui_service import UiService
from mainspring.server.ui import Options, routes
from tests.assembled import assembled

Reply = TypeVar("Reply", bound=Message)

_USUAL: Final = Options()
ADDRESS: Final = "http://ui.test"

HOSTILE: Final = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "a/b?c=d&e=f#g",
    "100% + ünï ☃ 名前 😀",
    "  spaces  ",
    "..",
    "https://example.com/@user:pw",
    "back\\slash",
    "new\nline\ttab",
    "\u202egnp.exe",
    "javascript:alert(1)",
    "&lt;already&gt;",
    'null"; DROP TABLE runs; --',
)
"""Workflow ids that are legal, and try a page's escaping, links and routing."""


class Browser:
    """Keeps cookies, and knows the token, like a visitor's browser; `call` is the server's own API."""

    def __init__(self, http: httpx.AsyncClient, service: UiService, calls: Calls) -> None:
        self.http = http
        self.service = service
        self.calls = calls

    async def get(
        self, path: str, headers: Mapping[str, str] | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        return await self.http.get(path, params=fields or None, headers=headers)

    async def post(self, path: str, **fields: str | list[str]) -> httpx.Response:
        """Send a form as a page of ours would."""
        if "mainspring_csrf" not in self.http.cookies:
            await self.get("/workflows")
        token = self.http.cookies["mainspring_csrf"]
        return await self.http.post(path, data={"csrf": token, **fields}, headers={"origin": ADDRESS})

    async def call(self, request: Message, reply_type: type[Reply]) -> Reply:
        return await self.service.call(request, reply_type)

    async def start(
        self, workflow_id: str, *, workflow_type: str = "Order", queue: str = "orders", payloads: Payloads | None = None
    ) -> str:
        """Start a run that no worker will take; its run id."""
        request = StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id=workflow_id,
            workflow_type=WorkflowType(name=workflow_type),
            task_queue=TaskQueue(name=queue),
            request_id=str(uuid.uuid4()),
            input=payloads,
        )
        return (await self.call(request, StartWorkflowExecutionResponse)).run_id


@asynccontextmanager
async def browsing(options: Options = _USUAL) -> AsyncGenerator[Browser]:
    """A visitor of a server of its own."""
    async with assembled(await open_sqlite(None)) as assembly:
        service = UiService(assembly)
        transport = httpx.ASGITransport(app=Starlette(routes=routes(service, options)), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            yield Browser(http, service, assembly.door.calls)


@asynccontextmanager
async def polling(browser: Browser, queue: str) -> AsyncGenerator[None]:
    """A worker polls this queue, and takes nothing of another."""
    request = PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue), identity="worker-1")
    poll = asyncio.create_task(browser.service.call(request, PollWorkflowTaskQueueResponse))
    await asyncio.sleep(0)
    yield
    poll.cancel()
    with suppress(asyncio.CancelledError):
        await poll


async def complete_workflow_task(browser: Browser, *commands: Command, queue: str = "orders") -> None:
    """Take the next workflow task of a queue, and answer it with these commands."""
    poll = PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue), identity="worker-1")
    task = await browser.call(poll, PollWorkflowTaskQueueResponse)
    completed = RespondWorkflowTaskCompletedRequest(
        namespace="default", task_token=task.task_token, commands=commands, identity="worker-1"
    )
    await browser.call(completed, RespondWorkflowTaskCompletedResponse)


async def fail_workflow_task(browser: Browser, message: str, queue: str = "orders") -> None:
    """Take the next workflow task of a queue and fail it."""
    poll = PollWorkflowTaskQueueRequest(namespace="default", task_queue=TaskQueue(name=queue), identity="worker-1")
    task = await browser.call(poll, PollWorkflowTaskQueueResponse)
    failed = RespondWorkflowTaskFailedRequest(
        namespace="default",
        task_token=task.task_token,
        cause=WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_WORKFLOW_WORKER_UNHANDLED_FAILURE,
        failure=Failure(message=message),
    )
    await browser.call(failed, RespondWorkflowTaskFailedResponse)


def links(page: str) -> list[str]:
    """Where the page's links lead, as a browser reads them."""
    return [html.unescape(found) for found in re.findall(r'href="([^"]*)"', page)]


def code_in(page: str) -> list[str]:
    """Whatever a browser would run: inline scripts, handlers in attributes, `javascript:` links."""
    reader = _CodeReader()
    reader.feed(page)
    return reader.found


class _CodeReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        is_ours = tag == "script" and given.get("src", "").startswith("/static/")
        if tag in {"script", "iframe", "object", "embed", "base", "style"} and not is_ours:
            self.found.append(tag)
        for name, value in given.items():
            leads_to_code = name in {"href", "action", "src"} and not value.startswith(("/", "#"))
            if name.startswith("on") or name == "style" or leads_to_code:
                self.found.append(f"{name}={value}")


def text_of(page: str) -> str:
    """What the page says, without its markup."""
    return html.unescape(re.sub(r"<[^>]*>", "", page))
