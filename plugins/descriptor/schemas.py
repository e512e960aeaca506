"""What the facts from descriptors are called, and what each of them means."""

from __future__ import annotations

from plugins.contract import FactSchema, FactType, FactValue

_ABSENT: dict[FactType, FactValue] = {
    FactType.BOOL: False,
    FactType.INT: 0,
    FactType.STRING: "",
    FactType.STRINGS: (),
}

_B, _I, _S, _L = FactType.BOOL, FactType.INT, FactType.STRING, FactType.STRINGS

_TABLE = (
    ("catalog.description", _S, "The entity's description."),
    ("catalog.description_length", _I, "Length of the description, in characters."),
    ("catalog.description_is_placeholder", _B, "The description is 'TODO' or the name again."),
    ("catalog.title", _S, "The entity's title."),
    ("catalog.owner_ref", _S, "Ref of the owner."),
    ("catalog.owner_kind", _S, "Kind of the owner, lower case: group or user."),
    ("catalog.owner_exists", _B, "The owner is in the catalog."),
    ("catalog.owner_members", _I, "Number of members of the owning group: users of the catalog."),
    ("catalog.owner_contact", _S, "Email address or chat of the owning group."),
    ("catalog.lifecycle", _S, "The lifecycle: production, experimental, ..."),
    ("catalog.type", _S, "The type: service, website, library, ..."),
    ("catalog.system_ref", _S, "Ref of the system that the entity is part of."),
    ("catalog.system_exists", _B, "That system is in the catalog."),
    ("catalog.domain_ref", _S, "Ref of the domain of the entity, or of its system."),
    ("catalog.tags", _L, "The tags."),
    ("catalog.link_titles", _L, "Titles, types and icons of the links, lower case, each once."),
    ("catalog.link_count", _I, "Number of links."),
    ("catalog.annotations", _L, "Keys of the annotations."),
    ("catalog.techdocs_ref", _S, "Where the documentation's source is, as annotated."),
    ("catalog.source_location", _S, "Where the source code is, as annotated."),
    ("catalog.provides_apis", _L, "Refs of the APIs that the entity provides."),
    ("catalog.consumes_apis", _L, "Refs of the APIs that the entity uses."),
    ("catalog.depends_on", _L, "Refs of what the entity depends on."),
    ("catalog.dangling_refs", _L, "Refs that the entity names and that are not in the catalog."),
    ("api.provided", _I, "Number of APIs that the entity provides."),
    ("api.provided_existing", _I, "Number of those that are in the catalog."),
    ("api.provided_parsing", _I, "Number of those whose definition parses."),
    ("api.definition_parses", _B, "The API's definition parses as the format it states."),
    ("api.definition_format", _S, "Format of the definition: openapi, asyncapi, graphql, ..."),
    ("api.version", _S, "Version that the definition states."),
    ("api.operations", _I, "Number of operations in the definition."),
    ("api.operations_described", _I, "Number of operations with a summary or description."),
    ("owner.type", _S, "Type of the owning group: team, business-unit, ..."),
    ("owner.title", _S, "The owner's title."),
    ("owner.parent", _S, "Ref of the group that the owning group is part of."),
    ("owner.tags", _L, "The owner's tags."),
    ("owner.labels", _L, "The owner's labels, as 'key=value'."),
    ("owner.annotations", _L, "Keys of the owner's annotations."),
    ("system.type", _S, "Type of the system."),
    ("system.title", _S, "The system's title."),
    ("system.owner", _S, "Ref of the owner of the system."),
    ("system.tags", _L, "The system's tags."),
    ("system.labels", _L, "The system's labels, as 'key=value'."),
    ("dependencies.kinds", _L, "Kinds of what the entity depends on, lower case."),
    ("dependencies.types", _L, "Types of what it depends on."),
    ("dependencies.lifecycles", _L, "Lifecycles of what it depends on."),
    ("dependencies.owners", _L, "Refs of the owners of what it depends on."),
    ("dependencies.systems", _L, "Refs of the systems of what it depends on."),
    ("dependencies.tags", _L, "Tags of what it depends on."),
    ("dependencies.labels", _L, "Labels of what it depends on, as 'key=value'."),
)

SCHEMAS = tuple(
    FactSchema(name=name, type=kind, description=description, when_absent=_ABSENT[kind])
    for name, kind, description in _TABLE
)
"""In the order in which people read them."""
