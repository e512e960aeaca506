"""Entities are read in one process and stored by another: what arrives is what was sent."""

import pickle

from catalog.entity import Entity, Relation, Term
from tests.catalog_rows import entity, owned


def arrived(sent: Entity) -> Entity:
    received: Entity = pickle.loads(pickle.dumps(sent))
    return received


def test_an_entity_arrives_as_it_was_sent() -> None:
    sent = owned("payments", "web", metadata={"tags": ["java", "Kafka"]}, spec={"type": "service"})
    same = arrived(sent)
    assert same == sent
    assert same.fingerprint == sent.fingerprint
    assert {type(one) for one in same.found_by()} == {Term}
    assert {type(one) for one in same.relations} == {Relation}


def test_what_entities_have_in_common_is_sent_once() -> None:
    sent = [entity(name, metadata={"annotations": {"a/b": "x" * 100}}) for name in ("one", "two")]
    alone = sum(len(pickle.dumps(one)) for one in sent)
    assert len(pickle.dumps(sent)) < alone - 100
    one, two = pickle.loads(pickle.dumps(sent))
    common = set(map(id, one.spelled)) & set(map(id, two.spelled))
    assert len(common) == len(set(one.spelled) & set(two.spelled)) > 0


def test_a_term_without_a_value_stays_without_one() -> None:
    sent = entity("payments", metadata={"annotations": {"a": None}})
    assert [term.value for term in sent.found_by() if term.key.endswith("annotations.a")] == [None]
    assert arrived(sent).found_by() == sent.found_by()


def test_an_entity_without_relations_arrives() -> None:
    assert arrived(entity("payments")) == entity("payments")


def test_what_is_stored_otherwise_has_another_fingerprint() -> None:
    one = owned("payments", "web")
    assert one.fingerprint == owned("payments", "web").fingerprint
    assert one.fingerprint != owned("payments", "shop").fingerprint
    assert one.fingerprint != entity("payments").fingerprint  # the same body, related otherwise
    assert one.body == entity("payments").body
