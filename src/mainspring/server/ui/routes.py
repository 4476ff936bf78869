"""Which address shows what.

routes(service)  ->  one mount for everything below `/`, to be put behind the routes of other doors
"""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route

from mainspring.server.ui import (
    acting,
    assets,
    completion,
    downloads,
    namespaces,
    queues,
    run,
    run_tree,
    selected,
    starting,
    theme,
)
from mainspring.server.ui.counts import Counts
from mainspring.server.ui.guards import Headers
from mainspring.server.ui.home import Start
from mainspring.server.ui.options import Options
from mainspring.server.ui.page import View
from mainspring.server.ui.service import Service
from mainspring.server.ui.site import Site
from mainspring.server.ui.workflows import Workflows

_USUAL: Final = Options()


def routes(service: Service, options: Options = _USUAL) -> list[BaseRoute]:
    """The UI on a service."""
    site = Site(service, options)
    app = Starlette(
        routes=[
            Route("/static/{name}", assets.serve),
            *(Route(path, site.page(view), methods=["GET"]) for path, view in _pages()),
            *(Route(path, site.action(view), methods=["POST"]) for path, view in _actions()),
        ],
        exception_handlers={HTTPException: site.refused, Exception: site.refused},
    )
    app.router.redirect_slashes = False
    return [Mount("/", Headers(app))]  # around all of it, what Starlette answers for bugs too


def paths_of_actions() -> list[str]:
    """The addresses that take forms."""
    return [path for path, _ in _actions()]


def _pages() -> list[tuple[str, View]]:
    counts = Counts()
    workflows = Workflows(counts)
    return [
        ("/", Start(counts).show),
        ("/workflows", workflows.show),
        ("/workflows/words", completion.words),
        ("/start", starting.ask),
        ("/run", run.show),
        ("/run/tree", run_tree.show),
        ("/run/history.json", downloads.history),
        ("/run/act", acting.ask),
        ("/queues", queues.show),
        ("/queue", queues.show_one),
        ("/workers", queues.show_workers),
        ("/namespaces", namespaces.show),
        ("/namespaces/one", namespaces.show_one),
    ]


def _actions() -> list[tuple[str, View]]:
    return [
        ("/theme", theme.switch),
        ("/workflows/selected", selected.preview),
        ("/workflows/act", selected.act),
        ("/start", starting.act),
        ("/run/act", acting.act),
        ("/namespaces/register", namespaces.register),
        ("/namespaces/update", namespaces.update),
        ("/namespaces/attributes", namespaces.add_attribute),
    ]
