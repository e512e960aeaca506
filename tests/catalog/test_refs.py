from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.errors import RefError
from catalog.refs import canonical, parse_ref

PARTS = st.lists(
    st.sampled_from([":", "/", "Component", "default", "Web", "İ", "ΑΣ", "a b", "\n", "é", ""]),
    max_size=7,
).map("".join)


def said(read: Callable[[str], object], text: str) -> str:
    """The reference, or why it is none."""
    try:
        return str(read(text))
    except RefError as error:
        return f"refused: {error}"


@given(PARTS)
def test_the_canonical_text_is_that_of_the_parsed_reference(text: str) -> None:
    assert said(canonical, text) == said(parse_ref, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Component:Default/Web", "component:default/web"),
        ("component:web", "component:default/web"),
        ("component:default/a:b", "component:default/a:b"),
        ("component:a/b/c", "component:a/b/c"),
        ("API:x/ΑΣ", "api:x/ας"),
    ],
)
def test_a_canonical_text_is_whole_and_in_lower_case(text: str, expected: str) -> None:
    assert canonical(text) == expected
