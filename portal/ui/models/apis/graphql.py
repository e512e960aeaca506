"""A GraphQL schema as people read it: what can be asked and done, and the types."""

from __future__ import annotations

from portal.openapi import (
    LONGEST,
    MOST_OPERATIONS,
    MOST_PARAMETERS,
    MOST_SCHEMAS,
    Field,
    Group,
    Operation,
    Outline,
    Reply,
    Shape,
)
from portal.ui.models.apis.graphql_types import Member, Type, read_types

ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}
"""The types of what can be asked, where the schema names no others."""


def graphql_outline(text: str) -> Outline:
    """The outline of a schema. Raises `NotUnderstood`."""
    types, roots = read_types(text)
    names = {name: roots.get(action, name) for action, name in ROOTS.items()}
    found = [
        (action, types[name].description, member)
        for action, name in ((action, names[root]) for action, root in ROOTS.items())
        if name in types
        for member in types[name].members
    ]
    named = {name: one for name, one in types.items() if name not in names.values()}
    return Outline(
        title="",
        version="",
        description="",
        groups=tuple(
            Group(
                tag=action,
                about=next(about for of, about, _ in found if of == action),
                operations=tuple(
                    _operation(action, one)
                    for of, _, one in found[:MOST_OPERATIONS]
                    if of == action
                ),
            )
            for action in dict.fromkeys(of for of, _, _ in found[:MOST_OPERATIONS])
        ),
        hidden=max(0, len(found) - MOST_OPERATIONS),
        shapes=tuple(_shape(name, one) for name, one in list(named.items())[:MOST_SCHEMAS]),
        hidden_shapes=max(0, len(named) - MOST_SCHEMAS),
    )


def _operation(action: str, member: Member) -> Operation:
    summary, _, rest = member.description.partition("\n")
    return Operation(
        id=member.name,
        method=action.upper(),
        path=member.name,
        summary=summary,
        description=rest.strip(),
        deprecated=member.deprecated,
        parameters=tuple(map(_field, member.arguments[:MOST_PARAMETERS])),
        more=max(0, len(member.arguments) - MOST_PARAMETERS),
        body=(),
        replies=(Reply(status="", description="", schema=member.type, media=""),),
    )


def _field(member: Member) -> Field:
    arguments = ", ".join(f"{one.name}: {one.type}" for one in member.arguments)
    said = f"Deprecated. {member.description}" if member.deprecated else member.description
    return Field(
        name=f"{member.name}({arguments})"[:LONGEST] if arguments else member.name,
        where="argument",
        required=False,  # the type says it, by its exclamation mark
        type=member.type,
        description=said,
    )


def _shape(name: str, one: Type) -> Shape:
    return Shape(
        name=name,
        type=one.kind,
        fields=tuple(map(_field, one.members[:MOST_PARAMETERS])),
        more=max(0, len(one.members) - MOST_PARAMETERS),
    )
