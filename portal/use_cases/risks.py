"""Ownership and risk: what nobody answers for, and what others rely on although it is to go.

Each risk is a filter of the catalog, and another one for what could be at risk: a number without that
says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from catalog.queries.query import (
    All,
    AnyOf,
    EntityQuery,
    Equals,
    Filter,
    Has,
    HasPrefix,
    Not,
    Order,
)
from catalog.refs import parse_ref
from portal.db.catalog import entities
from portal.db.insights.owners import Tree, missing_owners, tree_of
from portal.db.state import Connection

OWNED_KINDS = ("component", "api", "resource", "system", "domain", "template")
"""Kinds of which somebody has to be the owner."""

NEEDED_BY = ("dependencyOf", "apiConsumedBy")

MOST_GONE = 500
"""Owners that are not in the catalog, of which entities are looked for."""

_OWNER = "relations.ownedby"

_OF_TEAM = {
    "gone": "that this team owns",
    "person": "that this team owns, and that need an owner",
    "empty": "teams from here down that own something",
    "deprecated": "that this team owns, and that are deprecated",
    "orphan": "that this team owns",
}
"""What each risk is counted among where it is a team's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Risk:
    """Something that may go wrong, and how the entities are found for which it may."""

    title: str
    why: str
    """Why it matters, and what to do."""
    whole: str
    """What it is counted among, in words that follow a number."""
    filter: Filter | None
    """None: it is of no team."""
    among: Filter | None
    """What it is counted among; None: everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """How many entities a risk concerns, and among how many."""

    concerned: int
    among: int


def risks(connection: Connection, team: str = "") -> Mapping[str, Risk]:
    """The risks by the word in the URL.

    `team` is the canonical ref of a group: only what it, a group below it or a member of these owns, and
    these groups themselves.
    """
    every = _every(missing_owners(connection, MOST_GONE))
    if not team:
        return every
    tree = tree_of(connection, team)
    return {name: _of(risk, name, tree, team) for name, risk in every.items()}


def count(connection: Connection, risk: Risk) -> Count | None:
    """The numbers of a risk; None where it is of no team."""

    def total(tree: Filter | None) -> int:
        return entities.by_query(connection, EntityQuery(filter=tree, limit=0)).total

    if risk.filter is None:
        return None
    return Count(concerned=total(risk.filter), among=total(risk.among))


def query_of(risk: Risk, *, limit: int, offset: int = 0, cursor: str | None = None) -> EntityQuery:
    """The query for the entities that a risk concerns, by name; for none where it is of no team."""
    return EntityQuery(
        filter=AnyOf(parts=()) if risk.filter is None else risk.filter,
        order=Order(field="metadata.name"),
        limit=limit,
        offset=offset,
        cursor=cursor,
    )


def _every(gone: tuple[str, ...]) -> dict[str, Risk]:
    owned = Equals(key="kind", values=OWNED_KINDS)
    named = Has(key=_OWNER)
    owning = All(parts=(Equals(key="kind", values=("group",)), Has(key="relations.ownerof")))
    deprecated = Equals(key="spec.lifecycle", values=("deprecated",))
    needed = AnyOf(parts=tuple(Has(key=f"relations.{one.lower()}") for one in NEEDED_BY))
    person = HasPrefix(key=_OWNER, prefix="user:")
    return {
        "unowned": Risk(
            title="Nobody owns it",
            why="Whoever finds a fault has nobody to tell. Name a group under `spec.owner`.",
            whole="that need an owner",
            filter=All(parts=(owned, Not(part=named))),
            among=owned,
        ),
        "gone": Risk(
            title="Its owner is not in the catalog",
            why="A team that was renamed or dissolved owns nothing. Name the one that took it over.",
            whole="that name an owner",
            filter=Equals(key=_OWNER, values=gone),
            among=named,
        ),
        "person": Risk(
            title="One person owns it",
            why="When they leave, nobody answers for it. Name the group that they work in.",
            whole="that need an owner and name one",
            filter=All(parts=(owned, person)),
            among=All(parts=(owned, named)),
        ),
        "empty": Risk(
            title="A team without members owns something",
            why="Nobody is told of what fails. Name the members, or give what it owns to others.",
            whole="teams that own something",
            filter=All(parts=(owning, Not(part=Has(key="relations.hasmember")))),
            among=owning,
        ),
        "deprecated": Risk(
            title="It is deprecated, and others need it",
            why="It cannot go before they do without it. Tell them until when, and what to use.",
            whole="that are deprecated",
            filter=All(parts=(deprecated, needed)),
            among=deprecated,
        ),
        "orphan": Risk(
            title="No file declares it any more",
            why="Nobody keeps it up. Remove it, or declare it where its code is.",
            whole="in the catalog",
            filter=Equals(key="metadata.annotations.backstage.io/orphan", values=("true",)),
            among=None,
        ),
    }


def _of(risk: Risk, name: str, tree: Tree, team: str) -> Risk:
    """The risk among what is a team's."""
    if risk.filter is None or name == "unowned":
        return replace(risk, filter=None)
    scope: Filter = Equals(key=_OWNER, values=(*tree.groups, *tree.people))
    if name == "empty":
        root = parse_ref(team)
        itself = All(
            parts=(
                Equals(key="metadata.name", values=(root.name.lower(),)),
                Equals(key="metadata.namespace", values=(root.namespace.lower(),)),
            )
        )
        scope = AnyOf(parts=(itself, Equals(key="relations.childof", values=tree.groups)))
    return replace(
        risk,
        whole=_OF_TEAM[name],
        filter=All(parts=(risk.filter, scope)),
        among=scope if risk.among is None else All(parts=(risk.among, scope)),
    )
