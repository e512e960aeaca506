from hypothesis import given
from hypothesis import strategies as st

from catalog.spelled import spell, unspell

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(st.sampled_from(["Component", "Größe"]), TEXTS, st.none() | TEXTS)
def test_a_spelled_term_says_what_it_was_made_of(kind: str, key: str, value: str | None) -> None:
    assert unspell(spell(kind, key, value)) == (key, value)


@given(*[st.tuples(TEXTS, st.none() | TEXTS)] * 2)
def test_terms_that_differ_are_spelled_otherwise(
    one: tuple[str, str | None], other: tuple[str, str | None]
) -> None:
    assert (spell("API", *one) == spell("API", *other)) == (one == other)


def test_a_term_is_one_of_its_kind() -> None:
    assert spell("API", "spec.type", "grpc") != spell("Component", "spec.type", "grpc")
    assert spell("API", "spec.type", "grpc") == spell("api", "spec.type", "grpc")


def test_a_value_is_kept_as_it_is_spelled_beside_what_is_searched() -> None:
    assert spell("API", "k", "Kafka") == '["k","kafka","Kafka",true,"api"]'
    assert spell("API", "k", "kafka") == '["k","kafka","",true,"api"]'
    assert spell("API", "k", "") == '["k","","",true,"api"]'
    assert spell("API", "k", None) == '["k","","",false,"api"]'
