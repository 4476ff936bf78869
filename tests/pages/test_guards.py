"""What stands before every page: headers, and forms of other sites."""

from __future__ import annotations

from typing import NoReturn

import pytest

from mainspring.server.ui import assets, site
from tests.pages.browsing import ADDRESS, browsing


@pytest.mark.parametrize("path", ["/workflows", "/nowhere", "/static/app.css", "/workflows?query=%28"])
async def test_every_answer_forbids_foreign_and_inline_code(path: str) -> None:
    async with browsing() as browser:
        answer = await browser.get(path)

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_pages_are_not_cached_and_hold_no_inline_script_or_style() -> None:
    async with browsing() as browser:
        await browser.start("order-1")
        answer = await browser.get("/workflows")

    assert answer.headers["cache-control"] == "no-store"
    assert "<style" not in answer.text
    assert " style=" not in answer.text
    assert answer.text.count("<script") == answer.text.count("<script src=") == 1


async def test_static_files_are_kept_for_ever_under_the_hash_of_their_content() -> None:
    async with browsing() as browser:
        answer = await browser.get(assets.asset("app.css"))
        stale = await browser.get("/static/app.000000000000.css")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert stale.status_code == 404
    assert stale.headers["cache-control"] == "no-store"


async def test_a_form_of_our_own_is_taken() -> None:
    async with browsing() as browser:
        answer = await browser.post("/theme", theme="dark", back="/workflows?status=Failed")
        page = await browser.get("/workflows")

    assert (answer.status_code, answer.headers["location"]) == (303, "/workflows?status=Failed")
    assert 'data-theme="dark"' in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.test"},
        {"origin": "null"},
        {"origin": "http://ui.test.evil.test"},
        {"referer": "http://evil.test/?http://ui.test"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "http://[bad"},
        {},
    ],
)
async def test_a_form_of_another_site_is_refused(headers: dict[str, str]) -> None:
    async with browsing() as browser:
        await browser.get("/workflows")
        form = {"csrf": browser.http.cookies["mainspring_csrf"], "theme": "dark"}
        answer = await browser.http.post("/theme", data=form, headers=headers)

    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("sent", ["", "wrong", "ü", "0" * 32])
async def test_a_form_without_the_visitors_token_is_refused(sent: str) -> None:
    async with browsing() as browser:
        await browser.get("/workflows")
        answer = await browser.http.post("/theme", data={"csrf": sent}, headers={"origin": ADDRESS})

    assert answer.status_code == 403
    assert "expired" in answer.text


async def test_a_visitor_without_a_cookie_cannot_send_a_form() -> None:
    async with browsing() as browser:
        answer = await browser.http.post("/theme", data={"csrf": ""}, headers={"origin": ADDRESS})

    assert answer.status_code == 403


async def test_a_form_that_is_too_large_or_none_is_refused() -> None:
    async with browsing() as browser:
        await browser.get("/workflows")
        large = await browser.post("/theme", theme="x" * 13_000_000)
        many = await browser.post("/theme", theme=["x"] * 3_000)
        json = await browser.http.post("/theme", json={}, headers={"origin": ADDRESS})
        binary = await browser.http.post(
            "/theme",
            content=b"theme=%ff\xff",
            headers={"origin": ADDRESS, "content-type": "application/x-www-form-urlencoded"},
        )

    assert (large.status_code, many.status_code, json.status_code, binary.status_code) == (413, 400, 415, 400)


async def test_a_theme_that_there_is_not_is_not_kept() -> None:
    async with browsing() as browser:
        answer = await browser.post("/theme", theme="x" * 5_000)

    assert answer.status_code == 400
    assert "set-cookie" not in answer.headers


async def test_a_bug_is_answered_with_a_page_that_tells_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> NoReturn:
        raise ValueError("secret")

    monkeypatch.setattr(site, "_redirect", broken)
    async with browsing() as browser:
        answer = await browser.post("/theme", theme="dark")

    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("back", ["//evil.test", "https://evil.test", "/\\evil.test", "evil", "/a\r\nx: y", ""])
async def test_a_switch_never_leads_to_another_site(back: str) -> None:
    async with browsing() as browser:
        answer = await browser.post("/theme", theme="dark", back=back)

    assert answer.headers["location"] == "/"
