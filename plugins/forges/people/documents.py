"""Documents: people and teams as descriptors, one file for each, in the form that Backstage gives them.

They are JSON, which is YAML. What people write about themselves is text to every reader of the
catalog: no placeholder, and no expression of a template engine.

Source of the entities: Backstage's `catalog-backend-module-github` and `-gitlab` (reference 4.12).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import orjson

from plugins.forges.people.directory import Directory, Person, Team

_OPENING = re.compile(r"\{(?=[{%])")
"""Between the braces of JSON's own there is always something else."""


def documents(directory: Directory) -> dict[str, bytes]:
    """The content of each file by its path, which is that of the page of the person or team."""
    teams_of: dict[str, list[str]] = defaultdict(list)
    for team in directory.teams:
        for login in team.members:
            teams_of[login].append(_ref(team))
    found = {
        person.login: _document(_user(person, sorted(set(teams_of[login]))))
        for login, person in directory.persons.items()
    }
    found |= {team.path: _document(_group(team, directory)) for team in directory.teams}
    return dict(sorted(found.items()))


def _user(person: Person, teams: list[str]) -> dict[str, Any]:
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": _metadata(person.login, "", person.about, person.annotations),
        "spec": {
            "profile": _given(displayName=person.name, email=person.email, picture=person.picture),
            "memberOf": teams,
        },
    }


def _group(team: Team, directory: Directory) -> dict[str, Any]:
    known = (directory.persons[login].login for login in team.members & directory.persons.keys())
    # Beside a team with a namespace its people would be looked for there, too.
    prefix = "default/" if team.namespace else ""
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": _metadata(team.name, team.namespace, team.about, team.annotations),
        "spec": {
            "type": "team",
            "profile": _given(displayName=team.title, picture=team.picture),
            **_given(parent=team.parent),
            "children": [],
            "members": sorted(f"{prefix}{login}" for login in known),
        },
    }


def _metadata(
    name: str, namespace: str, about: str, annotations: Mapping[str, str]
) -> dict[str, Any]:
    more = _given(namespace=namespace, description=about)
    return {"name": name, **more, "annotations": dict(annotations)}


def _ref(team: Team) -> str:
    return f"{team.namespace}/{team.name}" if team.namespace else team.name


def _given(**texts: str) -> dict[str, str]:
    return {name: clean for name, text in texts.items() if (clean := _clean(text))}


def _clean(text: str) -> str:
    """What can be printed; the rest is no YAML, and nobody's name."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text).strip()


def _document(entity: dict[str, Any]) -> bytes:
    text = orjson.dumps(entity).decode().replace("$", "\\u0024")
    return _OPENING.sub(r"\\u007b", text).encode() + b"\n"
