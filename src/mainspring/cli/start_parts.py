"""What workflows and standalone activities are both started with: options, and the parts of requests they make."""

from __future__ import annotations

from typing import Any

import click
from temporalio.api.common.v1 import Payload, Priority
from temporalio.api.sdk.v1 import UserMetadata

from mainspring.cli.gathering import Decorator
from mainspring.cli.output.words import EnumType, all_words
from mainspring.cli.payload_inputs import text_payload
from mainspring.cli.values import KEY_VALUE

SEARCH_ATTRIBUTE: Decorator = click.option(
    "--search-attribute",
    type=KEY_VALUE,
    multiple=True,
    help="Search attribute as KEY=JSON. May be given several times.",
)
STATIC_SUMMARY: Decorator = click.option("--static-summary", default="", help="One line for people, in Markdown.")
STATIC_DETAILS: Decorator = click.option("--static-details", default="", help="Lines for people, in Markdown.")
PRIORITY_KEY: Decorator = click.option(
    "--priority-key", type=int, default=0, help="Priority of its tasks: 1 comes first, 5 last."
)
FAIRNESS_KEY: Decorator = click.option("--fairness-key", default="", help="Whose tasks they are, for fair turns.")
FAIRNESS_WEIGHT: Decorator = click.option(
    "--fairness-weight", type=float, default=0.0, help="How many turns that key gets, compared with others."
)


def user_metadata_of(options: Any) -> UserMetadata | None:
    """Of options with the two for people; None if neither is given."""
    summary, details = options.static_summary, options.static_details
    if not summary and not details:
        return None
    return UserMetadata(summary=optional_text(summary), details=optional_text(details))


def priority_of(options: Any) -> Priority | None:
    """Of options with the three of priority; None if none is given."""
    key, fairness_key, weight = options.priority_key, options.fairness_key, options.fairness_weight
    if not (key or fairness_key or weight):
        return None
    return Priority(priority_key=key, fairness_key=fairness_key, fairness_weight=weight)


def optional_text(text: str) -> Payload | None:
    return text_payload(text) if text else None


def words_of(kind: EnumType) -> click.Choice[str]:
    """The values of an enum as words, in any case."""
    return click.Choice(all_words(kind), case_sensitive=False)
