"""The switch between dark and light, kept in a cookie, so that it holds from the first paint and without the script."""

from __future__ import annotations

from starlette.exceptions import HTTPException

from mainspring.server.ui.page import Page, Redirect, Visit
from mainspring.server.ui.site import THEME_COOKIE, THEMES


async def switch(visit: Visit) -> Page | Redirect:
    """Take the other theme, and go back to the page that the switch stood on."""
    theme = visit.form.one("theme")
    if theme not in THEMES:
        raise HTTPException(400, "There is no such theme.")
    return Redirect(own_address(visit.form.one("back")), cookie=(THEME_COOKIE, theme))


def own_address(text: str) -> str:
    """The text if it is an address of this site, else the start page: for browsers `//` begins another site."""
    is_own = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if is_own else "/"
