"""What a request names: a ref that can be read, an entity or a scorecard that there is; or the refusal."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.errors import RefError
from catalog.refs import EntityRef, parse_ref
from portal.api.errors import Refusal
from portal.db.catalog.entities import EntityRow, by_ref
from portal.db.state import Connection
from scorecards.scorecard import Scorecard

NO_ENTITY = "There is no entity of this kind, namespace and name"


def asked_ref(text: str, kind: str | None = None) -> EntityRef:
    """The ref that a parameter writes, by default of this kind. Raises `Refusal`."""
    try:
        return parse_ref(text, default_kind=kind)
    except RefError as error:
        raise Refusal("INVALID_VALUE", str(error)) from None


def asked_team(text: str | None) -> str:
    """The canonical ref of a group; '' where none is named. Raises `Refusal`."""
    ref = None if text is None else asked_ref(text, "group")
    if ref is not None and ref.kind.lower() != "group":
        raise Refusal("INVALID_VALUE", "`team` is not a group")
    return "" if ref is None else str(ref)


def existing_entity(connection: Connection, kind: str, namespace: str, name: str) -> EntityRow:
    """The entity of this kind, namespace and name. Raises `Refusal`."""
    row = by_ref(connection, str(EntityRef(kind=kind, namespace=namespace, name=name)))
    if row is None:
        raise Refusal("NOT_FOUND", NO_ENTITY)
    return row


def existing_scorecard(scorecards: Mapping[str, Scorecard], name: str) -> Scorecard:
    """The scorecard of this name. Raises `Refusal`."""
    if name not in scorecards:
        raise Refusal("NOT_FOUND", "There is no scorecard of this name")
    return scorecards[name]
