"""Location refs: what Backstage reads as one, and what it says of the rest."""

import pytest

from catalog.errors import RefError
from catalog.location_refs import parse_location


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("url:https://a/b", ("url", "https://a/b")),
        ("file:/a/b", ("file", "/a/b")),
        (" url : x ", ("url", "x")),
        ("a:b:c", ("a", "b:c")),
    ],
)
def test_a_location_ref_is_split_at_its_first_colon_and_trimmed(
    text: str, expected: tuple[str, str]
) -> None:
    assert parse_location(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "a",
            "Unable to parse location ref 'a', expected '<type>:<target>', "
            "e.g. 'url:https://host/path'",
        ),
        ("", "Unable to parse location ref '', expected "),
        ("url:", "Unable to parse location ref 'url:', expected "),
        (":x", "Unable to parse location ref ':x', expected "),
        ("url:  ", "Unable to parse location ref 'url:  ', expected "),
        (
            "https://a",
            "Invalid location ref 'https://a', please prefix it with 'url:', e.g. 'url:https://a'",
        ),
        ("http:x", "Invalid location ref 'http:x', please prefix it"),
        (
            "url:javascript:alert(1)",
            "Invalid location ref 'url:javascript:alert(1)', target is a javascript: URL",
        ),
        ("url: JAVA\tscript\n:x", "Invalid location ref "),
    ],
)
def test_what_is_none_is_refused_in_backstages_words(text: str, message: str) -> None:
    with pytest.raises(RefError) as refused:
        parse_location(text)
    assert str(refused.value).startswith(message)
