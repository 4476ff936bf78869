"""Page tokens belong to one query of one namespace."""

from __future__ import annotations

import pytest

from mainspring.server.engine.errors import InvalidArgument
from mainspring.server.persistence.store import VisibilityFilter
from mainspring.server.visibility.compiler import compile_query
from mainspring.server.visibility.syntax import parse
from mainspring.server.visibility.tokens import page_token, position_of
from tests.visibility.rows import ATTRIBUTES, NAMESPACE


def where(query: str, namespace: str = NAMESPACE) -> VisibilityFilter:
    return compile_query(parse(query), ATTRIBUTES, namespace).where


def test_a_token_brings_the_position_back() -> None:
    token = page_token(where("K = 'x'"), b"here")

    assert position_of(where(" K='x' "), token) == b"here"
    assert position_of(where("K = 'x'"), b"") is None
    assert page_token(where("K = 'x'"), None) == b""


@pytest.mark.parametrize(
    "other", [where("K = 'y'"), where("K != 'x'"), where(""), where("K = 'x'", "another namespace")]
)
def test_a_token_of_another_query_is_refused(other: VisibilityFilter) -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid NextPageToken\.$"):
        position_of(other, page_token(where("K = 'x'"), b"here"))


@pytest.mark.parametrize("token", [b"x", b"{}", b"\x00", b"\x92\xc0\xc0", b"null", b"\x92\xc4\x01a\xc4\x01b"])
def test_what_is_no_token_is_refused(token: bytes) -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid NextPageToken\.$"):
        position_of(where(""), token)
