"""Attributes of type Text: which words a value has, as a pattern that SQLite's GLOB understands.

    "Tea-time"  ->  *[^0-9A-Za-z...][Tt][EÈÉÊËeèéêë...][Aa][^...][Tt]...[^...]*      over ' ' || value || ' '

Words are runs of letters and digits, equal whatever their case and their accents, as in the real server's index. A
phrase without spaces that has several words must stand together. No index is used: Text is for narrow lists.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import chain
from typing import Final

# Letters and digits, as the ranges of a GLOB class. From U+0100 on it goes by blocks: those of letters, not of signs.
_WORD_CHARACTERS: Final = (
    "0-9A-Za-zª²³µ¹º¼-¾À-ÖØ-öø-\u1fff\u2070-\u209f\u2100-\u218b\u2c00-\u2dff\u3005-\u3007\u3021-\ud7ff\ue000-\ufdff"
    "\ufe70-\ufefe\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\uff66-\uffdc\U00010000-\U0001efff\U00020000-\U0003ffff"
)
_BETWEEN_WORDS: Final = f"[^{_WORD_CHARACTERS}]"
_ACCENTED: Final = (range(0xC0, 0x250), range(0x1E00, 0x1F00))  # the blocks whose letters have accents


def patterns(text: str) -> list[str]:
    """One pattern for each phrase of the text that has words; any of them may match."""
    return [
        f"*{_BETWEEN_WORDS}" + "".join(_any_case(word) + _BETWEEN_WORDS for word in words) + "*"
        for words in map(_words, text.split(" "))
        if words
    ]


def _words(phrase: str) -> list[str]:
    return "".join(character if character.isalnum() else " " for character in phrase).split()


def _any_case(word: str) -> str:
    return "".join(map(_alike, word))


@cache
def _alike(character: str) -> str:
    base = _base(character)
    alike = {character, base, base.upper(), *_accented().get(base, ())}
    return "[" + "".join(sorted(each for each in alike if len(each) == 1)) + "]"


@cache
def _accented() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for character in _letters_with_accents():
        found.setdefault(_base(character), []).append(character)
    return found


def _letters_with_accents() -> Iterator[str]:
    return map(chr, chain.from_iterable(_ACCENTED))


def _base(character: str) -> str:
    """The letter without accents, in lower case."""
    return unicodedata.normalize("NFD", character)[0].lower()
