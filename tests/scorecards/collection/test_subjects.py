"""Subjects that go to another process: parsed there, once each."""

from __future__ import annotations

import pickle

import orjson

from scorecards.collection.collectors import Subject
from scorecards.collection.subjects import PackedSubject, unpack_subjects

TEAM = {"kind": "Group", "metadata": {"name": "web"}}
BASKET = {"kind": "Component", "metadata": {"name": "basket"}}
PACKED = PackedSubject(
    "component:default/basket",
    orjson.dumps(BASKET),
    "services/basket/catalog-info.yaml",
    {"group:default/web": orjson.dumps(TEAM)},
    {"group:default/web": 3},
)


def test_a_subject_arrives_with_its_neighbors_and_its_folder() -> None:
    [found] = unpack_subjects(pickle.loads(pickle.dumps([PACKED])))
    assert found == Subject(
        ref="component:default/basket",
        entity=BASKET,
        file="services/basket/catalog-info.yaml",
        directory="services/basket",
        neighbors={"group:default/web": TEAM},
        members={"group:default/web": 3},
    )


def test_what_many_refer_to_is_parsed_once() -> None:
    one, other = unpack_subjects([PACKED, PACKED._replace(ref="component:default/orders")])
    assert one.neighbors["group:default/web"] is other.neighbors["group:default/web"]


def test_a_descriptor_at_the_root_has_no_folder() -> None:
    [found] = unpack_subjects([PACKED._replace(file="catalog-info.yaml")])
    assert found.directory == ""
