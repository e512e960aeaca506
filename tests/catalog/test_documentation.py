"""Titles of pages: from their headings, from their names, and always fit to be shown and stored."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.documentation import (
    LONGEST_TITLE,
    first_heading,
    name_title,
    plain_title,
    without_front_matter,
)


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# Payments\n", "Payments"),
        ("Some words\n\n## Install #\n", "Install"),
        ("Payments\n========\n", "Payments"),
        ("---\ntitle: x\n---\n# After it\n", "After it"),
        ("```\n# a comment\n```\n# Real\n", "Real"),
        ("~~~\n# a\n```\n~~~\n# Real\n", "Real"),
        ('<h1 align="center">Pay <b>ments</b></h1>\n', "Pay ments"),
        ("# [Payments](x.md) `api` ![logo](l.png)\n", "Payments api logo"),
        ("[![build](b.svg)](x)\n# Payments\n", "Payments"),
        ("#\n# Real\n", "Real"),
        ("- a\n---\n", ""),
        ("#no heading\n", ""),
        ("", ""),
    ],
)
def test_first_heading_is_the_title(text: str, title: str) -> None:
    assert first_heading(text) == title


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("README.md", "README"),
        ("services/a/README.md", "A"),
        ("docs/how-to_deploy.md", "How to deploy"),
        ("docs/how-to/index.md", "How to"),
        ("index.md", "Index"),
        ("docs/.md", ".md"),
    ],
)
def test_without_a_heading_the_name_is_the_title(path: str, title: str) -> None:
    assert name_title(path) == title


def test_front_matter_that_does_not_end_is_text() -> None:
    assert without_front_matter("---\na: b\n# x\n") == "---\na: b\n# x\n"


@given(st.text(max_size=500))
def test_a_title_is_one_short_line_that_every_store_keeps(text: str) -> None:
    for title in (plain_title(text), first_heading(f"# {text}"), name_title(text)):
        assert len(title) <= LONGEST_TITLE
        assert title.isprintable()
        title.encode()  # no half of a surrogate pair
    assert name_title(text)
