"""Suggestions: what an author probably meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.descriptor.formats import is_name, is_tag
from catalog.descriptor.suggestions import listing, name_like, nearest, tag_like

KNOWN = ("type", "lifecycle", "owner", "system", "providesApis", "consumesApis", "dependsOn")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("providesAPos", "providesApis"),
        ("consumesApi", "consumesApis"),
        ("dependson", "dependsOn"),
        ("ower", "owner"),
        ("lifecylce", "lifecycle"),
        ("subtype", ""),
        ("profile", ""),
        ("tier", ""),
        ("x" * 500, ""),
    ],
)
def test_nearest_word(word: str, meant: str) -> None:
    assert nearest(word, KNOWN) == meant


def test_names_are_made_of_what_is_left() -> None:
    assert name_like("Custom MS SQL (Docker)") == "custom-ms-sql-docker"
    assert name_like("Café Größe") == "cafe-groe"
    assert name_like("名前") == ""


@given(st.text())
def test_suggested_names_and_tags_are_valid(text: str) -> None:
    assert is_name(name_like(text)) or name_like(text) == ""
    assert is_tag(tag_like(text)) or tag_like(text) == ""


def test_listing_reads_as_a_sentence() -> None:
    assert [listing("a"), listing("ab"), listing("abc")] == ["a", "a and b", "a, b and c"]
