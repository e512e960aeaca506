"""The facts `owner.*`, `system.*` and `dependencies.*`."""

from __future__ import annotations

from typing import Any

from pluginworld import collect_one, make_subject, value_of

from plugins.contract import FactState, FailedFact, Known, Missing, Unknown
from plugins.descriptor.collector import Descriptors

TEAM = "group:default/team"
SHOP = "system:default/shop"
QUEUE, STOCK = "component:default/queue", "component:default/stock"


def entity(kind: str, name: str, spec: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, **metadata}, "spec": spec}


def facts_of(spec: dict[str, Any], neighbors: dict[str, Any]) -> dict[str, FactState]:
    subject = make_subject(entity=entity("Component", "basket", spec), neighbors=neighbors)
    return collect_one(Descriptors(), None, subject)


def test_the_owner_says_who_it_is() -> None:
    team = entity(
        "Group",
        "team",
        {"type": "team", "parent": "division", "children": []},
        title="The team",
        tags=["core"],
        labels={"site": "oslo"},
        annotations={"example.com/chat": "#team"},
    )
    facts = facts_of({"owner": "team"}, {TEAM: team})
    assert facts["owner.type"] == Known(value="team", path=TEAM)
    assert value_of(facts["owner.title"]) == "The team"
    assert value_of(facts["owner.parent"]) == "group:default/division"
    assert value_of(facts["owner.tags"]) == ("core",)
    assert value_of(facts["owner.labels"]) == ("site=oslo",)
    assert value_of(facts["owner.annotations"]) == ("example.com/chat",)


def test_the_system_says_whose_it_is() -> None:
    shop = entity("System", "shop", {"owner": "team", "type": "product"}, labels={"tier": "1"})
    facts = facts_of({"system": "shop"}, {SHOP: shop})
    assert value_of(facts["system.owner"]) == TEAM
    assert value_of(facts["system.type"]) == "product"
    assert value_of(facts["system.labels"]) == ("tier=1",)
    assert isinstance(facts["system.tags"], Missing)


def test_dependencies_say_together_what_there_is_among_them() -> None:
    queue = entity("Resource", "queue", {"type": "queue", "owner": "team"}, tags=["b", "a"])
    stock = entity(
        "Component",
        "stock",
        {"type": "service", "lifecycle": "deprecated", "owner": "team", "system": "shop"},
        tags=["a"],
    )
    spec = {"dependsOn": [STOCK, "resource:default/queue"]}
    facts = facts_of(spec, {"resource:default/queue": queue, STOCK: stock})
    assert value_of(facts["dependencies.kinds"]) == ("component", "resource")
    assert value_of(facts["dependencies.types"]) == ("queue", "service")
    assert value_of(facts["dependencies.lifecycles"]) == ("deprecated",)
    assert value_of(facts["dependencies.owners"]) == (TEAM,)
    assert value_of(facts["dependencies.systems"]) == (SHOP,)
    assert value_of(facts["dependencies.tags"]) == ("a", "b")
    assert isinstance(facts["dependencies.labels"], Missing)


def test_nobody_named_is_missing() -> None:
    facts = facts_of({}, {})
    assert facts["owner.type"] == Missing(looked_for="spec.owner")
    assert facts["system.owner"] == Missing(looked_for="spec.system")
    assert facts["dependencies.types"] == Missing()


def test_what_somebody_says_who_is_not_in_the_catalog_is_unknown() -> None:
    stock = entity("Component", "stock", {"lifecycle": "production"})
    spec = {"owner": "gone", "system": "gone", "dependsOn": [STOCK, QUEUE, "resource:default/db"]}
    facts = facts_of(spec, {STOCK: stock})
    assert facts["owner.type"] == FailedFact(
        reason=Unknown.NOT_COLLECTED, detail="group:default/gone: not in the catalog"
    )
    assert isinstance(facts["system.owner"], FailedFact)
    # One of three says "production"; what the others say may be anything.
    lifecycles = facts["dependencies.lifecycles"]
    assert isinstance(lifecycles, FailedFact)
    assert lifecycles.detail == f"{QUEUE} and 1 more: not in the catalog"
