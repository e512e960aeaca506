"""Instants: parameters that name a moment of the past, and what is refused about them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from marshmallow import ValidationError, fields

from catalog.refs import EntityRef
from portal.api.errors import Refusal
from portal.api.v1.conventions import Camel
from portal.api.v1.times import rfc3339
from portal.db.changes.history import Identity, identify
from portal.db.changes.instants import NotKept, seq_at
from portal.db.state import Connection

_RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


class Instant(fields.Field[datetime]):
    """A time as RFC 3339 writes it; in UTC once it was read."""

    def __init__(self, description: str, **more: Any) -> None:
        super().__init__(
            metadata={"type": "string", "format": "date-time", "description": description}, **more
        )

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        try:
            if not _RFC_3339.fullmatch(value):
                raise ValueError
            return datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError, TypeError):
            raise ValidationError("Not a time as 2026-03-01T12:00:00Z.") from None


class AsOf(Camel):
    """The past, where it is asked for."""

    as_of = Instant("As it was then.", load_default=None)

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Design 2a.10 names `as_of` with an underscore."""


def moment(connection: Connection, instant: datetime) -> int:
    """The catalog's sequence number at an instant. Raises `Refusal` where that is not kept."""
    try:
        return seq_at(connection, instant)
    except NotKept as error:
        oldest = rfc3339(error.args[0])
        raise Refusal("GONE", f"The past is kept since {oldest}; what was before is gone") from None


def known(connection: Connection, kind: str, namespace: str, name: str) -> Identity:
    """An entity that is or was. Raises `Refusal` where none is known."""
    identity = identify(connection, str(EntityRef(kind=kind, namespace=namespace, name=name)))
    if identity is None:
        raise Refusal("NOT_FOUND", "There never was an entity of this kind, namespace and name")
    return identity
