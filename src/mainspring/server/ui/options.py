"""What the configuration says of the UI itself."""

from __future__ import annotations

import msgspec

from mainspring.server.ui.service import Codec


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`codec`: what makes payloads readable; None: they are shown as they are stored. `is_read_only`: no actions."""

    codec: Codec | None = None
    is_read_only: bool = False
