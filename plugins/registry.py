"""Finds and loads plugins by their entry points, and keeps a broken one from harming the others.

It checks what a plugin hands over; it does not run anything of it. Names are owned by the plugin
that sorts first, so that the same installation always loads the same parts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime, timedelta
from importlib.metadata import EntryPoint, entry_points

from plugins.contract import Context, FactSchema, FactType, Plugin, Problem, Sees

GROUP = "plumbline.plugins"
"""The entry-point group."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
_FACT_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")

_TYPES: dict[FactType, type] = {
    FactType.BOOL: bool,
    FactType.INT: int,
    FactType.DOUBLE: float,
    FactType.STRING: str,
    FactType.TIMESTAMP: datetime,
    FactType.STRINGS: tuple,
}


def load_plugins(
    *, context_for: Callable[[str], Context], disabled: Collection[str] = ()
) -> tuple[tuple[Plugin, ...], tuple[Problem, ...]]:
    """Every installed plugin that can be used, and a problem for each that cannot.

    `context_for` is asked with the entry point's name. A plugin is taken whole or not at all.
    """
    loaded: list[Plugin] = []
    problems: list[Problem] = []
    owners: dict[str, str] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        if point.name in disabled:
            continue
        made = _make(point, context_for)
        if isinstance(made, Problem):
            problems.append(made)
            continue
        faults = [*faults_of(made, point), *_clashes(made, owners)]
        if faults:
            problems += (_refused(point, fault) for fault in faults)
            continue
        owners.update(dict.fromkeys(_claims(made), made.name))
        loaded.append(made)
    return tuple(loaded), tuple(problems)


def faults_of(made: Plugin, point: EntryPoint) -> list[str]:
    """What is wrong with a plugin's manifest by itself, in words."""
    return list(_faults(made, point))


def _make(point: EntryPoint, context_for: Callable[[str], Context]) -> Plugin | Problem:
    """What the plugin's function returns, looked at no further than its type."""
    try:
        made = point.load()(context_for(point.name))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a stranger's code: row P01
        return _refused(point, f"it raised {type(error).__name__}: {error}")
    if not isinstance(made, Plugin):
        return _refused(point, f"its function returned {type(made).__name__}, not a Plugin")
    return made


def _faults(made: Plugin, point: EntryPoint) -> Iterable[str]:
    """What is wrong with the manifest by itself."""
    if made.name != point.name:
        yield f"it calls itself {made.name!r}; the entry point is {point.name!r}"
    try:
        names = [made.name, *(s.name for s in made.sources), *(c.name for c in made.collectors)]
        names += [notifier.name for notifier in made.notifiers]
        names += [documenter.name for documenter in made.documenters]
        remotes = list(made.remote_collectors)
        names += [remote.name for remote in remotes]
        schemas = [schema for collector in made.collectors for schema in collector.schemas]
        schemas += [schema for remote in remotes for schema in remote.schemas]
        blind = [one.name for one in made.collectors if not isinstance(one.sees, Sees)]
        hurried = [one.name for one in remotes if not timedelta(0) < one.every < one.ttl]
        documents = list(made.scorecards)
    except (AttributeError, TypeError) as error:
        yield f"its manifest is not what the contract says: {error}"
        return
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            yield f"{name!r} is no identifier: lower case letters, digits and '-'"
    for schema in schemas:
        yield from _schema_faults(schema)
    for name in blind:
        yield f"{name!r} does not say what it looks at: `sees` is to be of plugins.contract.Sees"
    for name in hurried:
        yield f"what {name!r} observes is not believed until it asks again"
    for document in documents:
        if not (
            isinstance(document, tuple)
            and len(document) == 2
            and all(isinstance(part, str) for part in document)
        ):
            yield "a scorecard is not a pair of name and text"


def _schema_faults(schema: FactSchema) -> Iterable[str]:
    if not isinstance(schema, FactSchema) or not _FACT_NAME.fullmatch(schema.name):
        yield f"{getattr(schema, 'name', schema)!r} is no name of a fact: 'collector.what'"
        return
    expected, value = _TYPES.get(schema.type), schema.when_absent
    # A bool is an int in Python and is none in a rule.
    fits = expected is not None and type(value) is expected
    if fits and isinstance(value, tuple):
        fits = all(isinstance(item, str) for item in value)
    if fits and isinstance(value, datetime):
        fits = value.tzinfo is not None
    if not fits:
        yield f"{schema.name} is a {schema.type}, and its value when absent is {value!r}"


def _claims(made: Plugin) -> Iterable[str]:
    """The names that only one plugin may have, with what they name."""
    yield f"plugin {made.name!r}"
    yield from (f"source {source.name!r}" for source in made.sources)
    yield from (f"collector {collector.name!r}" for collector in made.collectors)
    yield from (f"notifier {notifier.name!r}" for notifier in made.notifiers)
    yield from (f"documenter {documenter.name!r}" for documenter in made.documenters)
    for collector in made.collectors:
        yield from (f"fact {schema.name!r}" for schema in collector.schemas)
    yield from (f"remote collector {remote.name!r}" for remote in made.remote_collectors)
    schemas = [schema for remote in made.remote_collectors for schema in remote.schemas]
    yield from (f"fact {schema.name!r}" for schema in schemas)
    # Their records are called as their namespaces are, as those of other collectors by name.
    spaces = dict.fromkeys(schema.name.partition(".")[0] for schema in schemas)
    yield from (f"collector {space!r}" for space in spaces)


def _clashes(made: Plugin, owners: dict[str, str]) -> Iterable[str]:
    try:
        claims = list(_claims(made))
    except (AttributeError, TypeError):
        return  # already a fault
    seen: set[str] = set()
    for claim in claims:
        if claim in owners:
            yield f"its {claim} is already the one of plugin {owners[claim]!r}"
        elif claim in seen:
            yield f"it has two of {claim}"
        seen.add(claim)


def _refused(point: EntryPoint, why: str) -> Problem:
    return Problem(
        code="PLUGIN_REFUSED",
        message=f"Plugin {point.name!r} ({point.value}) is not loaded: {why}."[:300],
        hint=f"Mend or remove it, or list {point.name!r} under plumbline.plugins.disabled.",
    )
