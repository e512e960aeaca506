"""The graph: what surrounds an entity, what is a group's through others, what depends on it."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from catalog.refs import EntityRef
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, Tags, after, answer, page
from portal.api.v1.existing import NO_ENTITY, asked_ref
from portal.db.catalog import reach
from portal.db.catalog.entities import ref_id
from portal.db.catalog.graph import Direction, Graph, Node, walk
from portal.db.catalog.reach import Reached
from portal.db.state import Connection
from portal.wiring import Portal

DEEPEST = 10
MOST_NODES = 1_000

ONE = "/entities/<kind>/<namespace>/<name>"


class Walk(Camel):
    """A walk through the relations."""

    root = fields.String(required=True, metadata={"description": "Entity ref."})
    direction = fields.String(
        load_default="both", validate=validate.OneOf([way.value for way in Direction])
    )
    types = fields.List(
        fields.String(), load_default=[], metadata={"description": "Of relations; none: all."}
    )
    depth = fields.Integer(load_default=1, validate=validate.Range(1, DEEPEST))
    limit = fields.Integer(
        load_default=200,
        validate=validate.Range(1, MOST_NODES),
        metadata={"description": "Nodes at most."},
    )


class NodeAnswer(Answer):
    """A ref in the graph."""

    ref = fields.String()
    kind = fields.String()
    title = fields.String()
    exists = fields.Boolean(metadata={"description": "False: it is only named in a relation."})
    distance = fields.Integer(metadata={"description": "Steps from the root."})


class EdgeAnswer(Answer):
    """A relation of the entity `source`."""

    type = fields.String()
    source = fields.String()
    target = fields.String()


class CycleAnswer(Answer):
    """Entities that all lead to each other by relations of one type."""

    types = fields.List(fields.String())
    refs = fields.List(fields.String())


class GraphAnswer(Answer):
    """What surrounds an entity."""

    nodes = fields.List(fields.Nested(NodeAnswer))
    edges = fields.List(fields.Nested(EdgeAnswer))
    cycles = fields.List(fields.Nested(CycleAnswer))
    truncated = fields.Boolean(metadata={"description": "A limit ended the walk."})


class HopAnswer(Answer):
    """One relation on a path."""

    type = fields.String()
    ref = fields.String(metadata={"description": "Where it leads."})


class ReachedAnswer(NodeAnswer):
    """An entity, and how it is reached."""

    path = fields.List(
        fields.Nested(HopAnswer), metadata={"description": "From the entity that was asked about."}
    )


class ReachedPageAnswer(Answer):
    """A page of entities, by ref."""

    items = fields.List(fields.Nested(ReachedAnswer))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer()


class DependentsAnswer(Answer):
    """What depends on an entity, the nearest first."""

    items = fields.List(fields.Nested(ReachedAnswer))
    next_cursor = fields.String(allow_none=True)
    truncated = fields.Boolean(metadata={"description": "There are more than `limit`."})


class Through(Paging):
    """Directly, or through others."""

    transitive = fields.Boolean(load_default=False)


class Needing(Camel):
    """Directly, or through others."""

    transitive = fields.Boolean(load_default=False)
    limit = fields.Integer(load_default=200, validate=validate.Range(1, MOST_NODES))


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/graph`, and what is reached from one entity."""
    views = Resource("graph", __name__, url_prefix="/api/v1", description="What is related.")

    @views.operation("GET", "/graph", query=Walk, answer=GraphAnswer)
    def get_graph(asked: dict[str, Any]) -> Response:
        """Walk the relations of an entity, breadth first, with the cycles among what was found."""
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found = walk(
                connection,
                _found(connection, asked_ref(asked["root"])),
                direction=Direction(asked["direction"]),
                types=asked["types"],
                depth=asked["depth"],
                limit=asked["limit"],
            )
        return answer(_graph(found), tag=tag)

    for name, look, words in (
        ("owned", reach.owned, _OWNED),
        ("members", reach.members, _MEMBERS),
    ):
        _add_pages(views, portal, tags, name, look, words)

    @views.operation("GET", f"{ONE}/dependents", query=Needing, answer=DependentsAnswer)
    def get_entity_dependents(
        asked: dict[str, Any], kind: str, namespace: str, name: str
    ) -> Response:
        """Get what depends on an entity, on an API that it provides, or on a part of it."""
        with portal.database.read() as connection:
            tag = tags.check(connection)
            number = _found(connection, EntityRef(kind=kind, namespace=namespace, name=name))
            found = reach.dependents(
                connection, number, transitive=asked["transitive"], limit=asked["limit"]
            )
        items = [_reached(one) for one in found.items]
        return answer({**page(items, None), "truncated": found.truncated}, tag=tag)

    return views


_OWNED = """Get what a group or a user owns.

Transitively: of a group also what the groups below it and the members of all these own; of a user
also what the groups that they are a member of own.
"""
_MEMBERS = "Get the members of a group; transitively those of the groups below it, too."


def _add_pages(
    views: Resource, portal: Portal, tags: Tags, name: str, look: Any, words: str
) -> None:
    def get_reached(asked: dict[str, Any], **path: str) -> Response:
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found, total = look(
                connection,
                _found(connection, EntityRef(**path)),
                transitive=asked["transitive"],
                after=after(asked),
                limit=asked["limit"],
            )
        items = [_reached(one) for one in found.items]
        return answer({**page(items, found.after), "total": total}, tag=tag)

    get_reached.__name__ = f"get_entity_{name}"
    get_reached.__doc__ = words
    views.operation("GET", f"{ONE}/{name}", query=Through, answer=ReachedPageAnswer)(get_reached)


def _found(connection: Connection, ref: EntityRef) -> int:
    number = ref_id(connection, str(ref))
    if number is None:
        raise Refusal("NOT_FOUND", NO_ENTITY)
    return number


def _graph(found: Graph) -> dict[str, Any]:
    return {
        "nodes": [_node(node) for node in found.nodes],
        "edges": [edge._asdict() for edge in found.edges],
        "cycles": [{"types": cycle.types, "refs": cycle.refs} for cycle in found.cycles],
        "truncated": found.truncated,
    }


def _node(node: Node) -> dict[str, Any]:
    return {
        "ref": node.ref,
        "kind": node.kind,
        "title": node.title,
        "exists": node.exists,
        "distance": node.distance,
    }


def _reached(one: Reached) -> dict[str, Any]:
    return {
        **_node(one.node),
        "path": [{"type": hop.type, "ref": hop.ref} for hop in one.path],
    }
