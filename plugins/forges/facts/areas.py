"""Areas: what a forge is asked for each namespace, so that one it says nonsense about harms no other."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TypeAlias, TypeVar

from plugins.contract import FactState
from plugins.forges import problems
from plugins.forges.facts.asking import Asking
from plugins.forges.facts.schemas import schemas_of
from plugins.forges.facts.states import alike, not_read

About = TypeVar("About")

Areas: TypeAlias = Mapping[str, Callable[[Asking, About, datetime], dict[str, FactState]]]
"""By namespace, what learns its facts; given what was learned of the whole repository."""


def all_alike(namespaces: Collection[str], state: FactState) -> dict[str, FactState]:
    """All facts of some namespaces in one state."""
    return alike((schema.name for schema in schemas_of(namespaces)), state)


def learned(
    areas: Areas[About],
    namespaces: Collection[str],
    asking: Asking,
    about: About,
    *,
    now: datetime,
) -> dict[str, FactState]:
    """The facts of these namespaces. An answer of a form that nobody documents is the forge's failure."""
    found: dict[str, FactState] = {}
    for namespace, states in areas.items():
        if namespace not in namespaces:
            continue
        try:
            found |= states(asking, about, now)
        except (LookupError, TypeError, ValueError, AttributeError, OverflowError):
            what = f"what it says for {namespace}.* of {asking.path} has another form"
            problem = problems.bad_answer(asking.forge, what)
            asking.note(problem)
            found |= all_alike([namespace], not_read(problem))
    return found
