"""The same for HTTP: a scenario calls both servers' HTTP API, and what comes back is compared as JSON.

    @over_http
    async def test_a_path_that_is_not_there(http: Http) -> None:
        await http.get("/nothing")

Normal form: method, path and status, then a line for each entry of the JSON and for each event of a history, with names
sorted. Instants, tokens and what a server counts in its own units are blank; ids that a server made are renamed in the
order of their first use.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from types import TracebackType
from typing import Concatenate, ParamSpec, Self, cast

import httpx

from tests.differential import normal_form
from tests.differential.normal_form import SET, Names
from tests.differential.rig import STOPPED, compare
from tests.differential.servers import Pair

P = ParamSpec("P")
Scenario = Callable[Concatenate["Http", P], Awaitable[None]]
WITHIN_S = 30.0
INSTANT = re.compile(r"20\d\d-\d\d-\d\dT[0-9:.]+Z")


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


BLANK = {camel_case(name) for name in normal_form.BLANK}
LEFT_OUT = {camel_case(name) for name in normal_form.LEFT_OUT}


def over_http(scenario: Scenario[P]) -> Callable[..., Coroutine[object, object, None]]:
    """Make a scenario a test that compares both servers."""

    async def test(pair: Pair, *args: P.args, **kwargs: P.kwargs) -> None:
        async def run(url: str) -> list[str]:
            async with Http(url, pair.namespace) as http:
                try:
                    await scenario(http, *args, **kwargs)
                except (AssertionError, KeyError, IndexError) as error:
                    http.lines.append(f"# {STOPPED} {type(error).__name__}: {error}")
                return http.lines

        compare(pair, *await asyncio.gather(run(pair.specification_http), run(pair.candidate_http)))

    functools.update_wrapper(test, scenario)
    signature = inspect.signature(scenario)
    others = list(signature.parameters.values())[1:]
    pair_parameter = inspect.Parameter("pair", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    test.__signature__ = signature.replace(parameters=[pair_parameter, *others])  # type: ignore[attr-defined]  # read by pytest
    return test


class Http:
    """A client of one server's HTTP API. `{N}` in a path is the scenario's namespace below `/api/v1`."""

    def __init__(self, url: str, namespace: str) -> None:
        self.namespace = namespace
        self.lines: list[str] = []
        self._client = httpx.AsyncClient(base_url=url, timeout=WITHIN_S)
        self._names = Names()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, body: object, **headers: str) -> httpx.Response:
        """`body` is sent as JSON, or as it is if it is text."""
        return await self.ask("POST", path, body=body, headers=headers)

    async def ask(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """One request; names of headers have `_` for `-`."""
        answer = await self.unseen(method, path, body=body, headers=headers)
        self.lines.append(self._names.rename(f"{method} {path} -> {answer.status_code}"))
        self.lines.extend(self._body(answer.text))
        return answer

    async def status(self, method: str, path: str, *, body: object = None, **headers: str) -> None:
        """The same, but of a refusal only its code is kept: texts of parsers differ."""
        answer = await self.unseen(method, path, body=body, headers=headers)
        code = answer.json()["code"] if answer.status_code >= 400 else 0
        self.lines.append(f"{method} {path} {body} -> {answer.status_code} {code}")

    async def unseen(
        self, method: str, path: str, *, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """A request that is not kept."""
        sent = {name.replace("_", "-"): value for name, value in (headers or {}).items()}
        content = body if isinstance(body, str | None) else json.dumps(body)
        where = path.replace("{N}", f"/api/v1/namespaces/{self.namespace}")
        return await self._client.request(method, where, content=content, headers=sent)

    def remark(self, text: str) -> None:
        self.lines.append(f"# {text}")

    def _body(self, text: str) -> list[str]:
        try:
            tree = plain(json.loads(text))
        except ValueError:
            return [text]
        # Twice: names are given in the order of the sorted keys.
        if not isinstance(tree, dict):
            return [self._shown(tree)]
        lines: list[str] = []
        for key, value in sorted(cast("dict[str, object]", tree).items()):
            events = cast("dict[str, list[object]]", value).get("events", []) if key == "history" else []
            lines += [f"  {self._shown(each)}" for each in events] or [f" {key}: {self._shown(value)}"]
        return lines

    def _shown(self, tree: object) -> str:
        return self._names.rename(json.dumps(tree, sort_keys=True, ensure_ascii=False))


def plain(tree: object) -> object:
    if isinstance(tree, list):
        return [plain(each) for each in cast("list[object]", tree)]
    if isinstance(tree, dict):
        entries = cast("dict[str, object]", tree)
        return {
            key: SET if key in BLANK and value else plain(value)
            for key, value in entries.items()
            if key not in LEFT_OUT
        }
    return INSTANT.sub(SET, tree) if isinstance(tree, str) else tree
