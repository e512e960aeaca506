"""Values are found in their file by JSON pointer."""

import pytest

from catalog.parsing.documents import ParsedDocument, parse
from catalog.parsing.positions import Position, Positions, locate

TEXT = """\
# comment
a: 1
---
kind: Component
metadata:
  name: x
  annotations:
    a/b~c: "é"
    0x1F: |
      text
  links:
    - url: http://x
      title: T
    - {url: 'y', title: Z}
  empty:
spec:
  shared: &s {k: v}
  again: *s
"""


@pytest.fixture
def document() -> ParsedDocument:
    return parse(TEXT.encode(), file="f.yaml").documents[1]


@pytest.mark.parametrize(
    ("pointer", "value", "key"),
    [
        ("", (4, 1), (4, 1)),
        ("/kind", (4, 7), (4, 1)),
        ("/metadata", (6, 3), (5, 1)),
        ("/metadata/annotations/a~1b~0c", (8, 12), (8, 5)),
        ("/metadata/annotations/31", (9, 11), (9, 5)),
        ("/metadata/links/0/title", (13, 14), (13, 7)),
        ("/metadata/links/1/title", (14, 25), (14, 18)),
        ("/metadata/links/1", (14, 7), (14, 7)),
        ("/metadata/empty", (15, 9), (15, 3)),
        ("/spec/again", (18, 10), (18, 3)),
        ("/spec/again/k", (17, 18), (17, 15)),
    ],
)
def test_a_value_and_its_key_are_found(
    document: ParsedDocument, pointer: str, value: tuple[int, int], key: tuple[int, int]
) -> None:
    assert locate(document, pointer) == Position(*value)
    assert Positions(document).of(pointer, key=True) == Position(*key)


@pytest.mark.parametrize(
    ("pointer", "expected"),
    [
        ("/apiVersion", (4, 1)),
        ("/spec/owner", (16, 1)),
        ("/metadata/links/7/url", (11, 3)),
        ("/metadata/links/x", (11, 3)),
        ("/kind/deeper/still", (4, 1)),
    ],
)
def test_a_missing_value_is_shown_at_what_should_hold_it(
    document: ParsedDocument, pointer: str, expected: tuple[int, int]
) -> None:
    assert locate(document, pointer) == Position(*expected)
    assert Positions(document).of(pointer, key=True) == Position(*expected)


def test_many_questions_need_one_composition(document: ParsedDocument) -> None:
    places = Positions(document)
    assert places.of("/kind") == locate(document, "/kind")
    assert places.of("/spec/shared") == locate(document, "/spec/shared")


@pytest.mark.parametrize("text", ["---", "a: `x`", "[" * 3000])
def test_nothing_is_found_in_an_empty_or_malformed_document(text: str) -> None:
    (document,) = parse(text.encode(), file="f.yaml").documents
    assert locate(document, "/a") is None


def test_columns_count_characters_where_stand_ins_were_needed() -> None:
    (document,) = parse('a: ["\x81😀\\ud83d\\ude00", b]\n'.encode(), file="f.yaml").documents
    assert locate(document, "/a/1") == Position(1, 23)
