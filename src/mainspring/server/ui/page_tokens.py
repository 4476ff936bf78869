"""Page tokens of the API as text in an address, and back."""

from __future__ import annotations

import base64
import binascii

from starlette.exceptions import HTTPException


def token_text(token: bytes) -> str:
    """A token of the service, to be put in an address."""
    return base64.urlsafe_b64encode(token).decode()


def token_of(text: str) -> bytes:
    """The token in an address.

    Raises:
        HTTPException: It cannot be read.
    """
    try:
        return base64.b64decode(text, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise HTTPException(400, "The address holds a page that cannot be read.") from error
