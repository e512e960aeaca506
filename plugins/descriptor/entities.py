"""The facts `catalog.*`: what an entity says of itself, and whether what it refers to is there."""

from __future__ import annotations

import re

from plugins.contract import FactState, Known, Missing, Subject
from plugins.descriptor.fields import (
    Body,
    all_refs,
    kind_of,
    mappings,
    refs_of,
    section,
    text,
    texts,
)

Facts = dict[str, FactState]

_TECHDOCS = "backstage.io/techdocs-ref"
_SOURCE = "backstage.io/source-location"

_SAYS_NOTHING = re.compile(
    r"(?:todo|tbd|tba|fixme|n/?a|none|null|unknown|test|description|no description|placeholder"
    r"|change ?me|my (?:service|component|app)|example|lorem ipsum.*|(?:todo|tbd|fixme)\W.*"
    r"|(?:add|write|your|enter|insert)(?: an?| the| your)? description.*)\W*",
    re.DOTALL,
)
_LONGEST_PLACEHOLDER = 1000
"""Characters that are looked at."""

_TEMPLATE = re.compile(r"\$\{\{|\{\{|\{%|<[a-z_ -]*description[a-z_ -]*>")
_CHAT = re.compile(
    r"slack|teams|chat|discord|mattermost|zulip|matrix|irc|mail|contact|support|help", re.IGNORECASE
)


def facts(subject: Subject) -> Facts:
    """Every fact `catalog.*` of one entity."""
    body = subject.entity
    metadata, spec = section(body, "metadata"), section(body, "spec")
    annotations = section(metadata, "annotations")
    links = mappings(metadata, "links")
    words = [text(link, key).lower() for link in links for key in ("title", "type", "icon")]
    dangling = [ref for ref in all_refs(body) if ref not in subject.neighbors]
    return {
        **_description(metadata),
        "catalog.title": _text(text(metadata, "title"), "metadata.title"),
        **_owner(subject),
        "catalog.lifecycle": _text(text(spec, "lifecycle"), "spec.lifecycle"),
        "catalog.type": _text(text(spec, "type"), "spec.type"),
        **_place(subject),
        "catalog.tags": _list(texts(metadata, "tags"), "metadata.tags"),
        "catalog.link_titles": _list([*dict.fromkeys(filter(None, words))], "metadata.links"),
        "catalog.link_count": Known(value=len(links), path="metadata.links"),
        "catalog.annotations": _list(sorted(annotations), "metadata.annotations"),
        "catalog.techdocs_ref": _annotation(annotations, _TECHDOCS),
        "catalog.source_location": _annotation(annotations, _SOURCE),
        "catalog.provides_apis": _refs(body, "providesApis"),
        "catalog.consumes_apis": _refs(body, "consumesApis"),
        "catalog.depends_on": _refs(body, "dependsOn"),
        "catalog.dangling_refs": Known(value=tuple(dangling), path="spec"),
    }


def _description(metadata: Body) -> Facts:
    description = text(metadata, "description")
    if not description:
        missing = Missing(looked_for="metadata.description")
        names = ("description", "description_length", "description_is_placeholder")
        return {f"catalog.{name}": missing for name in names}
    path = "metadata.description"
    names_again = (text(metadata, "name"), text(metadata, "title"))
    return {
        "catalog.description": Known(value=description, path=path),
        "catalog.description_length": Known(value=len(description), path=path),
        "catalog.description_is_placeholder": Known(
            value=is_placeholder(description, *names_again), path=path
        ),
    }


def is_placeholder(description: str, *names: str) -> bool:
    """Whether a description says nothing: 'TODO', a template's words, or a name over again."""
    lower = description[:_LONGEST_PLACEHOLDER].strip().lower()
    said = _letters(lower)
    return (
        not said
        or _SAYS_NOTHING.fullmatch(lower) is not None
        or _TEMPLATE.search(lower) is not None
        or any(said == _letters(name.lower()) for name in names if name)
    )


def _letters(words: str) -> str:
    return "".join(c for c in words if c.isalnum())


def _owner(subject: Subject) -> Facts:
    """Owner, and how a group that owns can be reached."""
    refs = refs_of(subject.entity, "owner")
    missing = Missing(looked_for="spec.owner")
    if not refs:
        names = ("owner_ref", "owner_kind", "owner_exists", "owner_members", "owner_contact")
        return {f"catalog.{name}": missing for name in names}
    owner = refs[0]
    kind = owner.partition(":")[0]
    group = subject.neighbors.get(owner) if kind == "group" else None
    no_group = Missing(looked_for=f"a group {owner} in the catalog")
    contact = _contact(group) if group is not None else ""
    return {
        "catalog.owner_ref": Known(value=owner, path="spec.owner"),
        "catalog.owner_kind": Known(value=kind, path="spec.owner"),
        "catalog.owner_exists": Known(value=owner in subject.neighbors, path="spec.owner"),
        "catalog.owner_members": (
            no_group if group is None else Known(value=subject.members.get(owner, 0), path=owner)
        ),
        "catalog.owner_contact": (
            Known(value=contact, path=owner)
            if contact
            else no_group
            if group is None
            else Missing(looked_for=f"spec.profile.email, a chat annotation or link of {owner}")
        ),
    }


def _contact(group: Body) -> str:
    """The first of: email, annotation and link that lead to the people of a group."""
    metadata = section(group, "metadata")
    if email := text(section(section(group, "spec"), "profile"), "email"):
        return email
    annotations = section(metadata, "annotations")
    for key in sorted(annotations):
        if _CHAT.search(key) and text(annotations, key):
            return text(annotations, key)
    for link in mappings(metadata, "links"):
        about = " ".join(text(link, key) for key in ("title", "type", "icon", "url"))
        if _CHAT.search(about) and text(link, "url"):
            return text(link, "url")
    return ""


def _place(subject: Subject) -> Facts:
    """System and domain; the domain of a component is the one of its system."""
    body = subject.entity
    system = next(iter(refs_of(body, "system")), "")
    domain = next(iter(refs_of(body, "domain")), "")
    path = "spec.domain"
    if not domain and system in subject.neighbors:
        domain = next(iter(refs_of(subject.neighbors[system], "domain")), "")
        path = system
    looked_for = "spec.domain" if kind_of(body) == "System" else "spec.domain of the system"
    return {
        "catalog.system_ref": _text(system, "spec.system"),
        "catalog.system_exists": (
            Known(value=system in subject.neighbors, path="spec.system")
            if system
            else Missing(looked_for="spec.system")
        ),
        "catalog.domain_ref": (
            Known(value=domain, path=path) if domain else Missing(looked_for=looked_for)
        ),
    }


def _text(value: str, field: str) -> FactState:
    return Known(value=value, path=field) if value else Missing(looked_for=field)


def _list(items: list[str], field: str) -> FactState:
    return Known(value=tuple(items), path=field) if items else Missing(looked_for=field)


def _annotation(annotations: Body, key: str) -> FactState:
    return _text(text(annotations, key), f"metadata.annotations.{key}")


def _refs(body: Body, field: str) -> FactState:
    return _list(list(refs_of(body, field)), f"spec.{field}")
