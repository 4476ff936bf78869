"""`make generate` writes the pages that are made from the code; `make verify` fails if one is stale.

python -m tools.generate [--check]
"""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tools.pages import command_line, limits, official_names, server_metrics, service_methods, settings, state_machines  # noqa: E402  # the path comes first

PAGES = [command_line, limits, official_names, server_metrics, service_methods, settings, state_machines]


def main(arguments: list[str]) -> int:
    stale: list[Path] = []
    for page in PAGES:
        path, text = ROOT / page.PATH, page.text()
        if path.exists() and path.read_text("utf-8") == text:
            continue
        stale.append(page.PATH)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
    for path in stale:
        print(f"{path} {'is stale: run `make generate`' if '--check' in arguments else 'written'}")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
