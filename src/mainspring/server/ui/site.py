"""One visit: from a request of a browser to an answer.

GET    namespace, fields -> view -> Page -> HTML, or the block `live` of it if the script asks for that
POST   guards -> the same; a Redirect becomes 303
error  Refused, HTTPException or a bug -> a page with the words of the error and a fitting status
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from temporalio.api.enums.v1 import NamespaceState
from temporalio.api.workflowservice.v1 import ListNamespacesRequest, ListNamespacesResponse

from mainspring.server.ui import guards
from mainspring.server.ui.errors import ErrorPage, error_page, page_of_status
from mainspring.server.ui.options import Options
from mainspring.server.ui.page import Data, Download, Fields, Page, Redirect, View, Visit
from mainspring.server.ui.permissions import ReadOnly
from mainspring.server.ui.rendering import LIVE, Shell, render
from mainspring.server.ui.service import Refused, Service

log = logging.getLogger(__name__)

FRAGMENT: Final = "x-fragment"
THEME_COOKIE: Final = "mainspring_theme"
THEMES: Final = ("dark", "light")
_MOST_NAMESPACES: Final = 200  # in the switch; the page of namespaces shows all
_YEAR_S: Final = 365 * 86_400
_SYSTEM_NAMESPACE: Final = "temporal-system"
_DEFAULT_NAMESPACE: Final = "default"

Endpoint = Callable[[Request], Awaitable[Response]]


class Site:
    """Turns views into what Starlette routes to."""

    def __init__(self, service: Service, options: Options, clock: Callable[[], int] = time.time_ns) -> None:
        self._service = ReadOnly(service) if options.is_read_only else service
        self._options = options
        self._clock = clock

    def page(self, view: View) -> Endpoint:
        """The endpoint for GET."""

        async def get(request: Request) -> Response:
            return await self._answer(request, view, Fields(()))

        return get

    def action(self, view: View) -> Endpoint:
        """The endpoint for POST: the view is called for the visitor's own forms only."""

        async def post(request: Request) -> Response:
            try:
                form = Fields(await guards.form_of(request))
            except HTTPException as error:
                return await self.refused(request, error)
            return await self._answer(request, view, form)

        return post

    async def refused(self, request: Request, error: Exception) -> Response:
        """The page for an error that Starlette found, such as an address that does not exist."""
        status = error.status_code if isinstance(error, HTTPException) else 500
        detail = error.detail if isinstance(error, HTTPException) else ""
        frame = await self._frame(request, Fields(()))
        return _rendered(request, page_of_status(status, detail), frame)

    async def _answer(self, request: Request, view: View, form: Fields) -> Response:
        frame = await self._frame(request, form)
        query = Fields(request.query_params.multi_items())
        visit = Visit(
            service=self._service,
            namespace=frame.namespace,
            query=query,
            form=form,
            now=self._clock(),
            codec=self._options.codec,
            is_read_only=self._options.is_read_only,
        )
        answer: Page | Redirect | Data | Download
        try:
            answer = await view(visit)
        except Refused as refused:
            answer = error_page(refused)
        except HTTPException as error:
            answer = page_of_status(error.status_code, error.detail)
        except Exception:
            log.exception("page failed: path=%s", request.url.path)
            answer = page_of_status(500, "")
        if isinstance(answer, Page):
            return _rendered(request, answer, frame)
        return _other(answer)

    async def _frame(self, request: Request, form: Fields) -> Shell:
        named = form.one("namespace") or request.query_params.get("namespace", "")
        is_whole = not (named and request.headers.get(FRAGMENT))  # the live part of a page has no frame
        namespaces = await self._namespaces() if is_whole else ()
        theme = request.cookies.get(THEME_COOKIE, "")
        return Shell(
            namespace=named or default_namespace(namespaces),
            namespaces=namespaces,
            here=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            csrf=guards.token_of(request) or guards.new_token(),
            theme=theme if theme in THEMES else "",
            is_read_only=self._options.is_read_only,
        )

    async def _namespaces(self) -> tuple[str, ...]:
        try:
            reply = await self._service.call(ListNamespacesRequest(page_size=_MOST_NAMESPACES), ListNamespacesResponse)
        except Refused:  # the page says so itself, if it needs one
            return ()
        deleted = NamespaceState.NAMESPACE_STATE_DELETED
        found = (each.namespace_info for each in reply.namespaces)
        return tuple(sorted(info.name for info in found if info.state != deleted))


def default_namespace(names: tuple[str, ...]) -> str:
    """The one to begin with."""
    if _DEFAULT_NAMESPACE in names:
        return _DEFAULT_NAMESPACE
    return next((name for name in names if name != _SYSTEM_NAMESPACE), _DEFAULT_NAMESPACE)


def _rendered(request: Request, page: Page, frame: Shell) -> Response:
    if request.headers.get(FRAGMENT) == LIVE and not isinstance(page.model, ErrorPage):
        return _fragment(request, render(page, frame, block=LIVE))
    response = HTMLResponse(render(page, frame), status_code=page.status)
    if not guards.token_of(request):
        response.set_cookie(guards.COOKIE, frame.csrf, httponly=True, samesite="lax", path="/")
    return response


def _other(answer: Redirect | Data | Download) -> Response:
    match answer:
        case Redirect():
            return _redirect(answer)
        case Data():
            return _data(answer)
        case Download():
            return _download(answer)


def _download(answer: Download) -> Response:
    headers = {"content-disposition": f'attachment; filename="{answer.file_name}"'}
    return StreamingResponse(answer.parts, media_type=answer.media_type, headers=headers)


def _data(answer: Data) -> Response:
    return Response(msgspec.json.encode(answer.content), media_type="application/json")


def _redirect(answer: Redirect) -> Response:
    response = RedirectResponse(answer.url, status_code=303)
    if answer.cookie is not None:
        name, value = answer.cookie
        response.set_cookie(name, value, max_age=_YEAR_S, httponly=True, samesite="lax", path="/")
    return response


def _fragment(request: Request, body: str) -> Response:
    """What has not changed since the browser was sent it is not sent again."""
    tag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-store"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(body, headers=headers)
