"""Directories: who the people of an organization are, in which teams, whichever forge says it.

A directory is read whole or not at all. Who is in which team is told by all teams together, so that
half of a listing would take people out of teams that they are in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from plugins.contract import Forge, Problem

LONGEST = 255
"""Characters of a name."""

P = TypeVar("P", contravariant=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """A user of a forge."""

    login: str
    annotations: Mapping[str, str]
    name: str = ""
    """For people, as the others are; '': the forge does not say."""
    email: str = ""
    picture: str = ""
    about: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Team:
    """A team or group of a forge."""

    name: str
    """Of the entity."""
    namespace: str = ""
    """'': the default one."""
    path: str
    """Of its page, from the root of the forge's pages."""
    annotations: Mapping[str, str]
    title: str = ""
    about: str = ""
    picture: str = ""
    parent: str = ""
    """Name of the team that it belongs to, of the same namespace."""
    members: frozenset[str] = frozenset()
    """Logins in lower case."""


@dataclass(kw_only=True, slots=True)
class Directory:
    """People and teams; filled organization by organization."""

    persons: dict[str, Person] = field(default_factory=dict)
    """By login in lower case: who is in two organizations is one person."""
    teams: list[Team] = field(default_factory=list)

    def add(self, person: Person) -> None:
        """Take in a person, unless known already."""
        self.persons.setdefault(person.login.lower(), person)


class PeopleReader(Protocol[P]):
    """What is special about the people of one forge."""

    forge: Forge

    def read(self, provider: P) -> Directory | Problem:
        """All that a provider asks for, or why it cannot be told."""
        ...


def is_name(text: object) -> bool:
    """Whether a forge's word for a person or team may become part of a path.

    It may still be no name of an entity: then its document says so.
    """
    return (
        isinstance(text, str)
        and 0 < len(text) <= LONGEST
        and text.isprintable()
        and not {"/", "\\", " ", "?", "#"} & set(text)
        and text.strip(".") != ""
    )


def text_of(value: object) -> str:
    """A forge's word for people; '' where there is none."""
    return value if isinstance(value, str) else ""
