import pytest

from catalog.descriptor.claimed import owner
from catalog.parsing.documents import parse
from catalog.refs import EntityRef

REF = EntityRef(kind="Component", namespace="shop", name="pay")


def claimed(text: str, ref: EntityRef | None = REF) -> str | None:
    (document,) = parse(text.encode(), file="a.yaml").documents
    return owner(document.state, ref)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spec: {owner: team-a}", "group:shop/team-a"),
        ("spec: {owner: User:default/Ann}", "user:default/ann"),
        ("spec: {owner: 'group:'}", None),
        ("spec: {owner: [team-a]}", None),
        ("spec: team-a", None),
        ("- a", None),
        ("a: [", None),
    ],
)
def test_who_would_own_a_rejected_entity_is_told_where_it_can_be(
    text: str, expected: str | None
) -> None:
    assert claimed(text) == expected


def test_an_entity_that_is_nothing_has_no_owner() -> None:
    assert claimed("spec: {owner: team-a}", None) is None
