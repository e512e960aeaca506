"""The facts `catalog.*`."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluginworld import NOW, collect_one, make_subject, value_of

from plugins.contract import FailedFact, Known, Missing
from plugins.descriptor.collector import Descriptors
from plugins.descriptor.entities import is_placeholder

GROUP = "group:default/payments-team"


def component(spec: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "payments", **metadata},
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "spec": {
            "type": "service",
            "lifecycle": "production",
            "owner": "payments-team",
            **(spec or {}),
        },
    }


def group(**more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "payments-team", **more.pop("metadata", {})},
        "kind": "Group",
        "spec": {"type": "team", "children": [], **more},
    }


def facts_of(entity: dict[str, Any], **more: Any) -> dict[str, Any]:
    facts = collect_one(Descriptors(), None, make_subject(entity=entity, **more))
    return {name: value_of(state) for name, state in facts.items()}


def test_plain_fields_are_known_with_their_path() -> None:
    entity = component(title="Payments", description="Takes money from people.", tags=["java"])
    facts = collect_one(Descriptors(), None, make_subject(entity=entity))
    assert facts["catalog.description"] == Known(
        value="Takes money from people.", path="metadata.description"
    )
    assert value_of(facts["catalog.description_length"]) == 24
    assert value_of(facts["catalog.title"]) == "Payments"
    assert value_of(facts["catalog.lifecycle"]) == "production"
    assert value_of(facts["catalog.type"]) == "service"
    assert value_of(facts["catalog.tags"]) == ("java",)


def test_absent_fields_are_missing_and_name_the_field() -> None:
    facts = facts_of({"metadata": {"name": "x"}, "kind": "Component"})
    assert facts["catalog.owner_ref"] == Missing(looked_for="spec.owner")
    assert facts["catalog.description"] == Missing(looked_for="metadata.description")
    assert facts["catalog.link_count"] == 0
    assert facts["catalog.dangling_refs"] == ()
    present = {name for name, value in facts.items() if not isinstance(value, Missing)}
    assert present == {"catalog.link_count", "catalog.dangling_refs"}


def test_owner_is_resolved_among_the_neighbors() -> None:
    facts = facts_of(component(), neighbors={GROUP: group()}, members={GROUP: 3})
    assert facts["catalog.owner_ref"] == GROUP
    assert facts["catalog.owner_kind"] == "group"
    assert facts["catalog.owner_exists"] is True
    assert facts["catalog.owner_members"] == 3


def test_owner_that_does_not_exist_is_dangling_and_has_no_members() -> None:
    facts = facts_of(component())
    assert facts["catalog.owner_ref"] == GROUP
    assert facts["catalog.owner_exists"] is False
    assert isinstance(facts["catalog.owner_members"], Missing)
    assert facts["catalog.dangling_refs"] == (GROUP,)


def test_owner_may_be_a_user_in_another_namespace() -> None:
    facts = facts_of(component({"owner": "User:Ops/Alice"}))
    assert facts["catalog.owner_ref"] == "user:ops/alice"
    assert facts["catalog.owner_kind"] == "user"


def test_own_namespace_is_the_default_of_references() -> None:
    facts = facts_of(component({"system": "shop"}, namespace="Retail"))
    assert facts["catalog.owner_ref"] == "group:retail/payments-team"
    assert facts["catalog.system_ref"] == "system:retail/shop"


@pytest.mark.parametrize(
    ("owner", "contact"),
    [
        (group(profile={"email": "pay@example.org"}), "pay@example.org"),
        (group(metadata={"annotations": {"slack.com/channel": "#pay"}}), "#pay"),
        (
            group(metadata={"links": [{"title": "Our chat", "url": "https://chat.example.org/p"}]}),
            "https://chat.example.org/p",
        ),
        (group(metadata={"links": [{"url": "mailto:pay@example.org"}]}), "mailto:pay@example.org"),
    ],
)
def test_contact_is_an_email_address_or_a_chat(owner: dict[str, Any], contact: str) -> None:
    assert facts_of(component(), neighbors={GROUP: owner})["catalog.owner_contact"] == contact


def test_group_without_email_and_chat_has_no_contact() -> None:
    owner = group(metadata={"links": [{"title": "Wiki", "url": "https://w.example.org"}]})
    contact = facts_of(component(), neighbors={GROUP: owner})["catalog.owner_contact"]
    assert isinstance(contact, Missing)


def test_domain_comes_from_the_system() -> None:
    system = {"metadata": {"name": "shop"}, "kind": "System", "spec": {"domain": "retail"}}
    facts = facts_of(component({"system": "shop"}), neighbors={"system:default/shop": system})
    assert facts["catalog.system_exists"] is True
    assert facts["catalog.domain_ref"] == "domain:default/retail"


def test_relations_are_canonical_and_dangling_ones_are_named() -> None:
    entity = component(
        {
            "providesApis": ["Pay", "api:default/pay"],
            "consumesApis": ["ledger"],
            "dependsOn": ["resource:db", "Component:Orders"],
            "subcomponentOf": "shop",
        }
    )
    api = {"metadata": {"name": "pay"}, "kind": "API", "spec": {"type": "grpc"}}
    facts = facts_of(entity, neighbors={"api:default/pay": api, GROUP: group()})
    assert facts["catalog.provides_apis"] == ("api:default/pay",)
    assert facts["catalog.consumes_apis"] == ("api:default/ledger",)
    assert facts["catalog.depends_on"] == ("resource:default/db", "component:default/orders")
    assert facts["catalog.dangling_refs"] == (
        "api:default/ledger",
        "component:default/orders",
        "component:default/shop",
        "resource:default/db",
    )


def test_links_and_annotations_are_listed() -> None:
    entity = component(
        links=[
            {"url": "https://x", "title": "The Runbook", "icon": "Book"},
            {"url": "https://y", "type": "Dashboard", "icon": "dashboard"},
        ],
        annotations={
            "backstage.io/techdocs-ref": "dir:.",
            "backstage.io/source-location": "url:https://git.example.org/x/",
        },
    )
    facts = facts_of(entity)
    assert facts["catalog.link_count"] == 2
    assert facts["catalog.link_titles"] == ("the runbook", "book", "dashboard")
    assert facts["catalog.annotations"] == (
        "backstage.io/source-location",
        "backstage.io/techdocs-ref",
    )
    assert facts["catalog.techdocs_ref"] == "dir:."
    assert facts["catalog.source_location"] == "url:https://git.example.org/x/"


@pytest.mark.parametrize(
    "text",
    ["TODO", "todo: describe", "TBD.", "n/a", "-", "...", "Payments", "the-payments",
     "Lorem ipsum x", "${{ values.description }}", "<your description>",
     "Add a description here", "My service"],
)  # fmt: skip
def test_words_that_say_nothing_are_placeholders(text: str) -> None:
    assert is_placeholder(text, "payments", "The Payments")


@pytest.mark.parametrize(
    "text",
    [
        "Takes money from people.",
        "Payments of the shop",
        "Todos for teams",
        "Tests browsers",
        "支付",
    ],
)
def test_words_that_say_something_are_none(text: str) -> None:
    assert not is_placeholder(text, "payments", "")


def test_record_names_the_descriptor_and_no_revision_of_files() -> None:
    location = "url:https://git.example.org/x/blob/HEAD/catalog-info.yaml"
    entity = component(annotations={"backstage.io/managed-by-location": location})
    (record,) = Descriptors().collect([make_subject(entity=entity)], None, now=NOW)
    assert record.url == location.removeprefix("url:")
    assert record.revision == ""
    assert (record.collector, record.observed_at, record.valid_until) == ("catalog", NOW, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
FIELDS = st.sampled_from(
    ["owner", "system", "dependsOn", "providesApis", "definition", "type", "profile", "domain"]
)


@given(
    kind=st.sampled_from(["Component", "API", "Group", "System", "Resource", "Widget"]),
    spec=JSON | st.dictionaries(FIELDS, JSON),
    metadata=JSON
    | st.dictionaries(
        st.sampled_from(["annotations", "links", "tags", "description", "namespace", "name"]), JSON
    ),
)
def test_no_body_makes_the_collector_raise(kind: str, spec: Any, metadata: Any) -> None:
    entity = {"metadata": metadata, "kind": kind, "spec": spec}
    facts_of(entity, neighbors={GROUP: entity})


SOMEWHERE = ("owner_exists", "owner_members", "owner_contact", "system_exists", "dangling_refs")


def test_what_a_checkout_refers_to_and_does_not_hold_is_not_known() -> None:
    subject = make_subject(entity=component({"system": "shop"}))
    facts = collect_one(Descriptors(partial=True), None, subject)
    for name in (*SOMEWHERE, "domain_ref"):
        state = facts[f"catalog.{name}"]
        assert isinstance(state, FailedFact), name
        assert "in no file of this checkout" in state.detail
    assert facts["catalog.owner_ref"] == Known(value=GROUP, path="spec.owner")


def test_what_a_checkout_holds_itself_is_known() -> None:
    neighbors = {GROUP: group(), "system:default/shop": {"kind": "System", "spec": {}}}
    subject = make_subject(
        entity=component({"system": "shop"}), neighbors=neighbors, members={GROUP: 2}
    )
    alone = collect_one(Descriptors(partial=True), None, subject)
    assert alone == collect_one(Descriptors(), None, subject)
