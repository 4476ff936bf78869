"""The error by which a converter says that a payload was read but its value is not valid."""

from __future__ import annotations

from typing import Any

from mainspring.exceptions import ApplicationError


def create_payload_validation_error(details: Any) -> ApplicationError:
    """A non-retryable error of the type that is reserved for this; None means no details."""
    return ApplicationError(
        "Payload validation failed",
        *(() if details is None else (details,)),
        type="PayloadValidationError",
        non_retryable=True,
    )
