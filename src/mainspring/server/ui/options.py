"""What the configuration says of the UI itself."""

from __future__ import annotations

import msgspec

from mainspring.server.ui.service import Codec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`codec`: what makes payloads readable; None: they are shown as they are stored."""

    codec: Codec | None = None
