"""How long clients of other languages stand idle before they are put to the test."""

from __future__ import annotations

import os

IDLE_S = float(os.environ.get("MAINSPRING_IDLE_S", "1"))
"""`MAINSPRING_IDLE_S=180` makes it the three minutes after which a connection that is not kept up is dead."""
