"""Pushing: facts that CI sends, read item by item, judged and stored; what became of each.

One bad item never harms the others. What is acknowledged is stored, together with the mark that
asks for its entity to be assessed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from catalog.descriptor.suggestions import nearest
from catalog.errors import RefError
from catalog.problems import JsonValue, Problem, quote
from catalog.refs import parse_ref
from portal.db.collection import pushed
from portal.db.state import Connection
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane
from scorecards.collection.pushed import Push, Verdict, judge, read_time
from scorecards.facts import FactRecord

KEYS = ("entity", "run", "revision", "observedAt", "facts")

MOST_ITEMS = 1_000
"""In one batch."""

LONGEST = 2_000
"""Characters of a run's URL and of a revision."""

CLOCKS = timedelta(minutes=5)
"""How far ahead of ours the clock of a runner may be."""

Allowed = Callable[[str, Sequence[str]], bool]
"""Whether who pushes may push these facts, by name, about the entity with this ref."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """What became of an item."""

    entity: str
    """As the item names it."""
    verdict: Verdict
    problems: tuple[Problem, ...] = ()


def receive(portal: Portal, items: Sequence[JsonValue], *, allowed: Allowed) -> list[Received]:
    """What became of each item, in order. Facts of the items that are not refused are stored."""
    now = portal.now()
    read = [_read(item, now) for item in items]
    with portal.database.write() as connection:
        judged = _judged(portal, connection, read, allowed)
        records = [record for found in judged if isinstance(found, list) for record in found]
        verdicts = pushed.push(connection, records, portal.readers)
    if Verdict.STORED in verdicts.values():
        portal.work.request(ASSESS, Lane.EVENT)
    return [
        Received(entity=_named(item), verdict=Verdict.REFUSED, problems=found)
        if isinstance(found, tuple)
        else Received(entity=_named(item), verdict=_worst(found, verdicts))
        for item, found in zip(items, judged, strict=True)
    ]


def _judged(
    portal: Portal,
    connection: Connection,
    read: Sequence[Push | tuple[Problem, ...]],
    allowed: Allowed,
) -> list[list[FactRecord] | tuple[Problem, ...]]:
    """The records of each item, or what is wrong with it."""
    known = pushed.known(connection, [push.ref for push in read if isinstance(push, Push)])
    judged: list[list[FactRecord] | tuple[Problem, ...]] = []
    for push in read:
        if not isinstance(push, Push):
            judged.append(push)
        elif not allowed(push.ref, list(push.facts)):
            judged.append((_forbidden(push),))
        elif push.ref not in known:
            judged.append((_stranger(push.ref),))
        else:
            records, problems = judge(push, portal.pushable)
            judged.append(problems or list(records))
    return judged


def _worst(records: Sequence[FactRecord], verdicts: dict[pushed.Key, Verdict]) -> Verdict:
    """Of an item with facts of several namespaces: stored, if any of it is."""
    found = {verdicts[record.ref, record.collector] for record in records}
    order = (Verdict.STORED, Verdict.SUPERSEDED, Verdict.UNCHANGED)
    return next(verdict for verdict in order if verdict in found)


def _read(item: JsonValue, now: datetime) -> Push | tuple[Problem, ...]:
    """The item, or everything that is wrong with its shape."""
    if not isinstance(item, dict):
        return (_fault("", "an item must be an object", item),)
    problems = [_unknown(key) for key in item if key not in KEYS]
    ref = _ref(item.get("entity"), problems)
    run = _text(item, "run", problems)
    if run and not _is_web(run):
        problems.append(_fault("/run", "`run` must be an http or https URL", run))
    observed_at = _time(item.get("observedAt"), now, problems)
    facts = item.get("facts")
    if not isinstance(facts, dict):
        problems.append(_fault("/facts", "`facts` must be an object of values by name", facts))
        facts = {}
    revision = _text(item, "revision", problems)
    if problems:
        return tuple(problems)
    return Push(ref=ref, run=run, revision=revision, observed_at=observed_at, facts=facts)


def _ref(value: JsonValue, problems: list[Problem]) -> str:
    try:
        if isinstance(value, str) and "\x00" not in value:
            return str(parse_ref(value, default_kind="component"))
        problems.append(_fault("/entity", "`entity` must be an entity reference", value))
    except RefError as error:
        problems.append(_fault("/entity", str(error), value))
    return ""


def _text(item: dict[str, JsonValue], key: str, problems: list[Problem]) -> str:
    value = item.get(key, "")
    if isinstance(value, str) and len(value) <= LONGEST and "\x00" not in value:
        return value
    problems.append(_fault(f"/{key}", f"`{key}` must be a text of at most {LONGEST}", value))
    return ""


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # an address in brackets that is none
        return False


def _time(value: JsonValue, now: datetime, problems: list[Problem]) -> datetime:
    if value is None:
        return now
    time = read_time(value) if isinstance(value, str) else None
    if time is None:
        text = "`observedAt` must be a time with its zone, as 2026-08-01T10:00:00Z"
        problems.append(_fault("/observedAt", text, value))
    elif time > now + CLOCKS:
        problems.append(_fault("/observedAt", "`observedAt` is in the future", value))
    return min(time or now, now)


def _named(item: JsonValue) -> str:
    entity = item.get("entity") if isinstance(item, dict) else None
    return quote(entity) if isinstance(entity, str) else ""


def _fault(pointer: str, message: str, value: JsonValue) -> Problem:
    found = "" if value is None else quote(value)
    return Problem(code="FIELD_VALUE", message=message, pointer=pointer, found=found)


def _unknown(key: str) -> Problem:
    near = nearest(key, list(KEYS))
    return Problem(
        code="FIELD_UNKNOWN",
        message=f"`{quote(key)}` means nothing here",
        pointer=f"/{quote(key)}",
        hint=f"Did you mean `{near}`?" if near else f"Known here: {', '.join(KEYS)}",
    )


def _forbidden(push: Push) -> Problem:
    return Problem(
        code="FACT_NOT_PERMITTED",
        message="This token may not push these facts about this entity",
        found=push.ref,
        hint="Its accessRestrictions name the facts and entities that it may push",
    )


def _stranger(ref: str) -> Problem:
    return Problem(
        code="ENTITY_UNKNOWN",
        message="There is no such entity",
        pointer="/entity",
        found=ref,
        hint="Facts can be pushed once its descriptor was read",
    )
