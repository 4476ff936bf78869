"""Templates: Jinja2 with escaping always on, and the few words that templates know beside their model.

    url(path, name=value)   asset(name)   parts.<macro>(...)      {{ at | iso }}  {{ nanos | span }}

`Shell` is what the frame around every page shows. A template that is updated live has a block `live`, which can be
rendered alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from mainspring import __version__
from mainspring.server.ui import times
from mainspring.server.ui.assets import asset
from mainspring.server.ui.page import Page, url

LIVE: Final = "live"


class Shell(msgspec.Struct, frozen=True, kw_only=True):
    """The frame of a page."""

    namespace: str
    namespaces: tuple[str, ...]
    here: str  # path and query string of the page
    csrf: str
    theme: str  # "dark", "light", or "" for what the system says
    is_read_only: bool
    version: str = __version__


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("mainspring.server.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(iso=times.iso, plain=times.plain, span=times.span)
    for name in made.list_templates():  # now, since nothing may read files on the event loop later
        made.get_template(name)
    return made


_ENVIRONMENT: Final = _environment()
_WORDS: Final[Mapping[str, object]] = {"url": url, "asset": asset}
# Macros without an import in each template: a block that is rendered alone would not see one.
_PARTS: Final = _ENVIRONMENT.get_template("parts.html", globals=dict(_WORDS)).module


def render(page: Page, shell: Shell, *, block: str = "") -> str:
    """The page as HTML; with `block`, that block of its template alone.

    Raises:
        KeyError: The template has no such block.
    """
    template = _ENVIRONMENT.get_template(page.template)
    names = {
        **_WORDS,
        "parts": _PARTS,
        "page": page.model,
        "title": page.title,
        "section": page.section,
        "shell": shell,
    }
    if block:
        return "".join(template.blocks[block](template.new_context(names)))
    return template.render(names)
