import base64
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import QueryError
from catalog.queries.cursors import Cursor, Position, decode, encode, turned
from catalog.queries.query import Equals, FullText, Order

FIRST = Position(value="a", id=1)
CURSOR = Cursor(
    filter=Equals(key="kind", values=("component",)),
    order=Order(field="metadata.name"),
    full_text=None,
    position=Position(value="b", id=2),
    first=FIRST,
    backward=False,
    total=20,
)


def opened(text: str) -> dict[str, Any]:
    found = orjson.loads(base64.b64decode(text, validate=True))
    assert isinstance(found, dict)
    return found


def sealed(**changes: Any) -> str:
    return base64.b64encode(orjson.dumps(opened(encode(CURSOR)) | changes)).decode()


def test_the_official_client_finds_what_it_looks_for() -> None:
    assert opened(encode(CURSOR)) == {
        "orderFields": [{"field": "metadata.name", "order": "asc"}],
        "orderFieldValues": ["b", "2"],
        "firstSortFieldValues": ["a", "1"],
        "isPrevious": False,
        "totalItems": 20,
        "query": {"kind": "component"},
    }


def test_without_a_filter_there_is_no_query_in_the_cursor() -> None:
    assert "query" not in opened(encode(replace(CURSOR, filter=None)))


def test_the_cursor_of_a_neighboring_page_keeps_the_query() -> None:
    back = turned(CURSOR, FIRST, backward=True)
    assert decode(encode(back)) == replace(CURSOR, position=FIRST, backward=True)


orders = st.none() | st.builds(
    Order, field=st.sampled_from(["a.b", "kind"]), descending=st.booleans()
)


@given(
    order=orders,
    value=st.none() | st.text(),
    number=st.integers(0, 10**17),
    full_text=st.none()
    | st.builds(FullText, term=st.text(), fields=st.lists(st.text()).map(tuple)),
    backward=st.booleans(),
    total=st.integers(0, 10**9),
)
def test_a_cursor_can_be_read_again(
    order: Order | None,
    value: str | None,
    number: int,
    full_text: FullText | None,
    backward: bool,
    total: int,
) -> None:
    at = Position(value=value if order else None, id=number)
    cursor = Cursor(
        filter=None,
        order=order,
        full_text=full_text,
        position=at,
        first=at,
        backward=backward,
        total=total,
    )
    assert decode(encode(cursor)) == cursor


def test_the_older_form_of_filters_is_accepted() -> None:
    text = sealed(query=None, filter={"key": "kind", "values": ["component"]})
    assert decode(text) == CURSOR


@pytest.mark.parametrize("term", ["", "a", "ab", "~~~???"])
def test_a_cursor_is_the_same_with_the_letters_of_urls_and_without_its_end(term: str) -> None:
    text = sealed(fullTextFilter={"term": term})
    assert decode(text.rstrip("=").replace("+", "-").replace("/", "_")) == decode(text)


def test_an_empty_cursor_is_refused() -> None:
    with pytest.raises(QueryError, match=r"^Cursor cannot be empty$"):
        decode("")


@pytest.mark.parametrize(
    "text",
    [
        "garbage",
        "zz",
        "ä",
        base64.b64encode(b"[1]").decode(),
        base64.b64encode(b"[" * 5_000).decode(),
        "A" * 100_000,
        sealed(totalItems=-1),
        sealed(totalItems=True),
        sealed(isPrevious="no"),
        sealed(orderFields=[{"field": "metadata.name"}]),
        sealed(orderFields="metadata.name"),
        sealed(orderFields=[]),
        sealed(orderFieldValues=["b"]),
        sealed(orderFieldValues=["b", "1 OR 1"]),
        sealed(orderFieldValues=["b", "9" * 30]),
        sealed(orderFieldValues=[1, "1"]),
        sealed(firstSortFieldValues=None),
        sealed(query="x"),
        sealed(query={"kind": {"$regex": "x"}}),
        sealed(fullTextFilter={"fields": []}),
        sealed(fullTextFilter={"term": "x", "fields": [1]}),
    ],
)
def test_a_cursor_that_no_page_has_given_is_refused(text: str) -> None:
    with pytest.raises(QueryError, match=r"^Malformed cursor: "):
        decode(text)


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise(data: bytes) -> None:
    for text in (base64.b64encode(data).decode(), data.decode("latin-1")):
        try:
            decode(text)
        except QueryError:
            pass
