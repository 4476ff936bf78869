"""Options that come together become one argument.

    @gathered("target", Target, click.option("--workflow-id", ...), click.option("--run-id", ...))
    async def command(session: Session, target: Target) -> None: ...

The fields of the struct are the options' names. So several commands share a set of options, and no function has twenty
parameters.
"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

Body = Callable[..., Awaitable[None]]

Decorator = Callable[[Body], Body]


def gathered(into: str, kind: type[msgspec.Struct], *options: Callable[[Body], Body], prefix: str = "") -> Decorator:
    """Give a command options whose values come as one struct.

    `prefix` is what the options' names have before the fields' names.
    """

    def decorate(body: Body) -> Body:
        @functools.wraps(body)
        def run(*args: Any, **values: Any) -> Awaitable[None]:
            fields = {field: values.pop(prefix + field) for field in kind.__struct_fields__}
            return body(*args, **values, **{into: kind(**fields)})

        decorated: Body = run
        for option in reversed(options):
            decorated = option(decorated)
        return decorated

    return decorate
