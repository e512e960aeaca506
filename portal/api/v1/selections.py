"""Selections: parameters that say of which entities numbers are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.api.errors import Refusal
from portal.api.v1.conventions import Camel
from portal.db.insights.rollups import INSIDE, OWNED, PART, members_of
from portal.db.insights.trends import Related
from portal.db.state import Connection

_WAYS = {"owner": ("group", OWNED, INSIDE), "system": ("system", PART, PART)}
_WAYS["domain"] = ("domain", PART, PART)
"""By parameter: the kind by default, how an entity is related, and how what is below it is."""


class RefFilter(Camel):
    """Only entities that are related to something."""

    owner = fields.String(
        load_default=None,
        metadata={"description": "Ref; by default of a group, with the groups below it."},
    )
    system = fields.String(
        load_default=None, metadata={"description": "Ref; by default of a system."}
    )
    domain = fields.String(
        load_default=None,
        metadata={"description": "Ref; by default of a domain, with its systems."},
    )


def related(connection: Connection, asked: Mapping[str, Any]) -> list[Related]:
    """What is asked for, for the store. Raises `Refusal` for what is no ref."""
    found = []
    for name, (kind, relation, below) in _WAYS.items():
        if asked[name] is not None:
            ref = canonical(asked[name], kind)
            members = members_of(connection, ref, below)
            found.append(Related(type=relation, targets=members))
    return found


def canonical(text: str, kind: str) -> str:
    """A ref as it is stored. Raises `Refusal`."""
    try:
        return str(parse_ref(text, default_kind=kind))
    except RefError as error:
        raise Refusal("INVALID_VALUE", str(error)) from None
