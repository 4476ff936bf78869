"""Words of Text attributes, matched by SQLite itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.server.visibility.text_match import patterns


@pytest.fixture(scope="module")
def db() -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    yield connection
    connection.close()


def matches(db: sqlite3.Connection, value: str, query: str) -> bool:
    return any(
        db.execute("SELECT ' ' || ? || ' ' GLOB ?", (value, pattern)).fetchone()[0] for pattern in patterns(query)
    )


@pytest.mark.parametrize(
    "value, query",
    [
        ("hello brave World", "hello"),
        ("hello brave World", "HELLO"),
        ("hello brave World", "world"),
        ("hello brave World", "cowardly brave"),
        ("hello,brave(World)", "brave"),
        ("snake_case", "snake"),
        ("tea-time", "tea-time"),
        ("Ünïcode tea", "unicode"),
        ("unicode tea", "ÜNÏCODE"),
        ("ЖУК", "жук"),
        ("Σίσυφος", "σίσυφος"),
        ("東京 tower", "東京"),
        ("order 66", "66"),
        ("[a-z]* x", "z"),
    ],
)
def test_words_match_whatever_their_case_and_accents(db: sqlite3.Connection, value: str, query: str) -> None:
    assert matches(db, value, query)


@pytest.mark.parametrize(
    "value, query",
    [
        ("hello brave World", "hell"),
        ("hello brave World", "hello-world"),
        ("time tea", "tea-time"),
        ("", "x"),
        ("order 667", "66"),
        ("anything", "any*"),
    ],
)
def test_parts_of_words_and_words_apart_do_not(db: sqlite3.Connection, value: str, query: str) -> None:
    assert not matches(db, value, query)


@pytest.mark.parametrize("query", ["", "   ", "-", '" !'])
def test_a_text_without_words_has_no_pattern(query: str) -> None:
    assert patterns(query) == []


@given(
    words=st.lists(st.text(alphabet="abcXYZ019éß", min_size=1, max_size=6), min_size=1, max_size=5),
    separator=st.sampled_from([" ", ", ", "-", "\n", "/"]),
)
def test_each_word_of_a_value_is_found(words: list[str], separator: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        assert all(matches(db, separator.join(words), word) for word in words)
