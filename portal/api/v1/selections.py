"""Selections: parameters that say of which entities numbers are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields

from portal.api.v1.conventions import Camel
from portal.api.v1.existing import asked_ref
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
            ref = str(asked_ref(asked[name], kind))
            members = members_of(connection, ref, below)
            found.append(Related(type=relation, targets=members))
    return found
