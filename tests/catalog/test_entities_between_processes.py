"""Entities are read in one process and stored by another: what arrives is what was sent."""

import pickle

from catalog.descriptor.descriptors import read_descriptor
from catalog.entity import Entity, NamedTarget, Outcome, Verdict
from catalog.ingest.store import Companion, FileReading
from tests.catalog_rows import entity, owned


def arrived(sent: Entity) -> Entity:
    received: Entity = pickle.loads(pickle.dumps(sent))
    return received


def test_an_entity_arrives_as_it_was_sent() -> None:
    sent = owned("payments", "web", metadata={"tags": ["java", "Kafka"]}, spec={"type": "service"})
    same = arrived(sent)
    assert same == sent
    assert same.fingerprint == sent.fingerprint
    assert same.found_by() == sent.found_by()


def test_what_entities_have_in_common_is_sent_once() -> None:
    sent = [entity(name, metadata={"annotations": {"a/b": "x" * 100}}) for name in ("one", "two")]
    alone = sum(len(pickle.dumps(one)) for one in sent)
    assert len(pickle.dumps(sent)) < alone - 100
    one, two = pickle.loads(pickle.dumps(sent))
    common = set(map(id, one.spelled)) & set(map(id, two.spelled))
    assert len(common) == len(set(one.spelled) & set(two.spelled)) > 0


def test_a_term_without_a_value_stays_without_one() -> None:
    sent = entity("payments", metadata={"annotations": {"a": None}})
    assert [value for key, value in sent.found_by() if key.endswith("annotations.a")] == [None]
    assert arrived(sent).found_by() == sent.found_by()


def test_an_entity_without_relations_arrives() -> None:
    assert arrived(entity("payments")) == entity("payments")


def test_a_reading_arrives_as_it_was_sent() -> None:
    found, problems = read_descriptor(
        b"kind: Component\nmetadata: {name: a, title: 7}\n---\nnothing: here\n",
        file="catalog-info.yaml",
        location="file:a",
        origin="file:a",
    )
    accepted = Outcome(file="f", document=2, verdict=Verdict.ACCEPT, ref="r", entity=entity("a"))
    sent = FileReading(
        path="catalog-info.yaml",
        token="",
        url="file:a",
        outcomes=(*found, accepted),
        problems=problems,
        targets=(NamedTarget("r", "t"),),
        companions=(Companion("k", "t"),),
    )
    assert found[0].problems
    same = pickle.loads(pickle.dumps(sent))
    assert same == sent
    assert [one.verdict for one in same.outcomes] == [one.verdict for one in sent.outcomes]


def test_what_is_stored_otherwise_has_another_fingerprint() -> None:
    one = owned("payments", "web")
    assert one.fingerprint == owned("payments", "web").fingerprint
    assert one.fingerprint != owned("payments", "shop").fingerprint
    assert one.fingerprint != entity("payments").fingerprint  # the same body, related otherwise
    assert one.body == entity("payments").body
