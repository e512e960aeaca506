from hypothesis import given
from hypothesis import strategies as st

from catalog.ingest.readings import is_of

DIGEST = "0123456789ab"
revisions = st.text(st.sampled_from("0a/é"), min_size=1, max_size=30)


@given(revisions, revisions)
def test_a_stored_revision_is_known_again_with_or_without_what_was_named(
    one: str, two: str
) -> None:
    for stored in (f"{DIGEST}/{one}", f"{DIGEST}+{DIGEST}/{one}"):
        assert is_of(stored, one)
        assert is_of(stored, two) == (two == one)
    assert not is_of("", one)
