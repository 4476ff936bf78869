"""What the author of a line says is meant: `# mainspring: allow[forbidden]`, several codes with commas between them.

A code is that of a finding's kind, or one of the other complaints of `mainspring check`. The comment stands in the line
that the finding names.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

_COMMENT: Final = re.compile(r"#\s*mainspring:\s*allow\[([a-z, -]+)\]")


@lru_cache(maxsize=16)
def allowed_codes(text: str) -> Mapping[int, frozenset[str]]:
    """The codes that are allowed, by line of a module's text. Text that is no Python allows nothing."""
    if "mainspring:" not in text:
        return {}
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    except (SyntaxError, tokenize.TokenError):
        return {}
    comments = [(token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT]
    found = [(line, _COMMENT.search(comment)) for line, comment in comments]
    return {line: frozenset(re.split(r"[ ,]+", match[1].strip(" ,"))) for line, match in found if match is not None}
