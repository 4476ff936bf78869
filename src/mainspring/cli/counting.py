"""Counts as the server gives them: a total, and groups if the query asks for them."""

from __future__ import annotations

from typing import Any

from mainspring.cli.output import Output


def show_count(output: Output, reply: Any) -> None:
    """Print the reply of a call that counts."""
    for group in reply.groups:
        for value in group.group_values:
            value.metadata.pop("type", None)  # so that it is shown as its JSON
    output.message(reply)
    output.line(f"Total: {reply.count}")
    for group in reply.groups:
        values = ", ".join(output.cell(value).text.strip('"') for value in group.group_values)
        output.line(f"Group total: {group.count}, values: {values}")
