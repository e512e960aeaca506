"""What has a part inside is found by words as by looking through every text."""

from hypothesis import given
from hypothesis import strategies as st

from portal.db.catalog import texts
from portal.db.catalog.words import joined, piece_of

_LETTERS = st.sampled_from(["a", "b", "1", "-", " ", ".", "A", "é", "\u0800", "\U0001f600"])
_TEXTS = st.text(_LETTERS, max_size=8).map(str.encode)
_PARTS = st.text(_LETTERS, min_size=1, max_size=4).map(str.encode)


@given(st.lists(_TEXTS), _PARTS)
def test_each_text_with_the_part_is_found_once(given_texts: list[bytes], part: bytes) -> None:
    piece = piece_of(enumerate(given_texts, start=100))
    places = list(piece.scan(part))
    assert sorted(places) == [n for n, text in enumerate(given_texts) if part in text]
    assert [piece.texts.text(n) for n in range(len(given_texts))] == given_texts
    assert list(piece.ids) == list(range(100, 100 + len(given_texts)))


@given(st.lists(st.lists(_TEXTS), min_size=1, max_size=3), _PARTS)
def test_pieces_are_joined_in_order(lists: list[list[bytes]], part: bytes) -> None:
    rows = [list(enumerate(some, start=1000 * n)) for n, some in enumerate(lists)]
    whole = joined([piece_of(some) for some in rows])
    every = [row for some in rows for row in some]
    assert [(number, whole.texts.text(n)) for n, number in enumerate(whole.ids)] == every
    assert sorted(whole.ids[n] for n in whole.scan(part)) == [
        number for number, text in every if part in text
    ]


def test_words_are_told_apart_by_what_is_no_letter_or_digit() -> None:
    piece = piece_of([(1, b"pay-api"), (2, b"pay api"), (3, b"api-pay"), (4, b"pay-apis")])

    def found(part: bytes) -> list[int]:
        return sorted(piece.ids[n] for n in piece.scan(part))

    assert found(b"pay-api") == [1, 4]
    assert found(b"-") == [1, 3, 4]
    assert found(b"y a") == [2]
    assert found(b"api") == [1, 2, 3, 4]
    assert found(b"pay-apix") == []


def test_a_large_piece_stays_while_a_few_texts_come() -> None:
    many = piece_of((n, b"many") for n in range(1_000))
    pieces = (many,)
    for n in range(3 * texts.MOST_PIECES):
        pieces = texts._fewer((*pieces, piece_of([(n, b"few")])))
        assert len(pieces) <= texts.MOST_PIECES
        assert pieces[0] is many
    assert sum(len(list(piece.scan(b"few"))) for piece in pieces) == 3 * texts.MOST_PIECES
    for n in range(2_000):
        pieces = texts._fewer((*pieces, piece_of([(n, b"more")])))
    assert pieces[0] is not many
