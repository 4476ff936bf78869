"""The web UI: pages that people read in a browser. A client of the service like any other.

    browser --GET--> view(Visit) --requests--> Service        Page(template, frozen model) --Jinja2--> HTML
    browser --POST-> guards (origin, token) -> view           Redirect, or a Page with what was answered

    routes     every address and its view                 site       one visit: guards, view, template, errors
    service    what the UI needs of the server            guards     headers of every answer, forged forms refused
    page       what views take and give                   assets     static files under the hash of their content
    rendering  templates, filters                         times      instants and durations as text
    codec      payloads decoded for people                options    what the configuration says of the UI

A page is three things: a view function `async def show(visit: Visit) -> Page`, a frozen struct that holds all that its
template shows, ready to print, and the template. `routes` lists the view under its address. Ids travel in the query
string, so that every legal id has a page: write links with `visit.link` or, in templates, `url(path, name=value)`.

Every page and every action works without the script (`static/app.js`), which adds live updates and comfort: it asks for
a page again with the header `X-Fragment: live`, is sent the template's block `live` alone, and puts it in place.
Everything shown is hostile: templates escape all, nothing is ever marked safe, the policy allows no inline script or
style, and each POST carries the visitor's token.

May import: `explain` and the API types; the server itself only as `service.Service`. Runs no loop. Start reading at
`site`, then `workflows`.
"""

from __future__ import annotations

from mainspring.server.ui.options import Options
from mainspring.server.ui.routes import routes

__all__ = ["Options", "routes"]
