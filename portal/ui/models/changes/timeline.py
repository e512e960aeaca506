"""The past of an entity as one line of time: its versions, and how its results came to be."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import TypeAlias

import orjson

from catalog.diffing import Added, Change, Changed, Diff, Removed, diff
from catalog.pointers import steps_of
from catalog.problems import JsonValue
from portal.db.changes.history import Event, Version
from portal.db.evaluation.result_history import Move
from portal.ui.models.levels import LevelMark, mark_of
from portal.ui.models.looks import LOOKS, Look, plural, show_json
from scorecards.evaluation.transitions import Reason, Stand
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard

MOST_CHANGES = 50
"""Fields of one version that are listed."""
MOST_CHECKS = 30

EVENTS = {
    "added": Look(name="pass", word="Added"),
    "changed": Look(name="running", word="Changed"),
    "renamed": Look(name="running", word="Renamed"),
    "removed": Look(name="warn", word="Removed"),
    "restored": Look(name="pass", word="Restored"),
    "earlier": Look(name="na", word="Earlier"),
}
RESULT = Look(name="na", word="Result")
WHY = {
    Reason.RULES: "the rules changed",
    Reason.EXEMPTION: "an exemption began or ended",
    Reason.ENTITY: "the entity changed",
    Reason.FACTS: "something else was observed",
    Reason.TIME: "time went by",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldLine:
    """A field that came, went, or is another one."""

    word: str
    """Added, Removed or Changed."""
    place: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """A check that came to say something else."""

    check: str
    """Id; '' where the scorecard no longer has it."""
    title: str
    before: Look | None
    after: Look | None
    because: str


@dataclass(frozen=True, kw_only=True, slots=True)
class VersionEntry:
    """A version that came, or went."""

    at: datetime
    look: Look
    ref: str
    """Of a renamed one, what it was called before; else ''."""
    fields: tuple[FieldLine, ...]
    more: bool
    """Fields are not listed."""
    url: str
    """Of the file; '' where it is not on the web."""
    file: str
    revision: str
    actor: str
    reason: str
    as_of: str
    """The address of how it was then: after what came, before what went."""

    is_version = True


@dataclass(frozen=True, kw_only=True, slots=True)
class ResultEntry:
    """A result that became another one."""

    at: datetime
    look: Look
    scorecard: str
    title: str
    why: str
    before: LevelMark | None
    after: LevelMark | None
    ended: bool
    checks: tuple[CheckLine, ...]
    more: int
    counts: str
    """Of a result that begins: what its checks said; else ''."""
    as_of: str

    is_version = False


Entry: TypeAlias = VersionEntry | ResultEntry


@dataclass(frozen=True, kw_only=True, slots=True)
class Timeline:
    """A page of it, the newest first."""

    entries: tuple[Entry, ...]
    after: str | None
    """Where the next page begins; None: this is the end."""
    kept_since: datetime | None
    """From when on everything is kept; None: always."""


def merged(
    events: Sequence[Event], moves: Sequence[Move], cards: Mapping[str, Scorecard], limit: int
) -> tuple[list[Entry], int, int]:
    """The newest entries of both, and how many of each they are. A result follows its version."""
    told: list[tuple[datetime, int, Event | Move]] = [(one.at, 0, one) for one in events]
    made: list[tuple[datetime, int, Event | Move]] = [(one.transition.at, 1, one) for one in moves]
    both = heapq.merge(told, made, key=lambda entry: entry[:2], reverse=True)
    found = [one for _, _, one in islice(both, limit)]
    entries: list[Entry] = [
        version_entry(one) if isinstance(one, Event) else result_entry(one, cards) for one in found
    ]
    of_versions = sum(isinstance(one, Event) for one in found)
    return entries, of_versions, len(found) - of_versions


def version_entry(event: Event) -> VersionEntry:
    """What happened to the entity, in words."""
    went = event.change == "removed"
    found = Diff(changes=())
    if not went and event.before is not None:
        found = diff(_body(event.before), _body(event.version), most=MOST_CHANGES)
    place = event.version.url.partition(":")[2]
    renamed = event.change == "renamed" and event.before is not None
    return VersionEntry(
        at=event.at,
        look=EVENTS[event.change],
        ref=event.before.ref if renamed and event.before else "",
        fields=tuple(map(_field, found.changes)),
        more=found.truncated,
        url=place if place.startswith(("http://", "https://")) else "",
        file=place,
        revision=event.version.revision,
        actor=event.actor,
        reason=event.version.reason if went else "",
        as_of=_address(event.at, ended=went),
    )


def result_entry(move: Move, cards: Mapping[str, Scorecard]) -> ResultEntry:
    """What became of a result, in words; titles are those of the present definition."""
    one = move.transition
    card = cards.get(one.scorecard)
    titles = {check.id: check.title for check in card.checks} if card else {}
    begun = move.before is None and one.stand is not None
    lines = [
        CheckLine(
            check=change.check if change.check in titles else "",
            title=titles.get(change.check, change.check),
            before=LOOKS[change.before] if change.before else None,
            after=LOOKS[change.after] if change.after else None,
            because=said.reason if (said := move.said.get(change.check)) else "",
        )
        for change in (() if begun or one.stand is None else move.changes)
    ]
    return ResultEntry(
        at=one.at,
        look=RESULT,
        scorecard=one.scorecard if card else "",
        title=card.title if card else one.scorecard,
        why=WHY[one.reason],
        before=_mark(card, move.before),
        after=_mark(card, one.stand),
        ended=one.stand is None,
        checks=tuple(lines[:MOST_CHECKS]),
        more=max(0, len(lines) - MOST_CHECKS),
        counts=_counts([change.after for change in move.changes]) if begun else "",
        as_of=_address(one.at, ended=one.stand is None),
    )


def _mark(card: Scorecard | None, stand: Stand | None) -> LevelMark | None:
    if card is None or stand is None:
        return None
    return mark_of(
        card, proven=stand.proven, possible=stand.possible, passes=0, fails=0, unknowns=0
    )


def _counts(outcomes: Sequence[Outcome | None]) -> str:
    """'2 checks pass, 1 fails': how a result began."""
    found = [one for one in outcomes if one is not None]
    words = [
        f"{found.count(outcome)} {LOOKS[outcome].word.lower()}"
        for outcome in Outcome
        if outcome in found
    ]
    return f"{plural(len(found), 'check')}: {', '.join(words)}" if found else ""


def _field(change: Change) -> FieldLine:
    match change:
        case Added(pointer=where, after=value):
            return FieldLine(word="Added", place=place(where), before="", after=show_json(value))
        case Removed(pointer=where, before=value):
            return FieldLine(word="Removed", place=place(where), before=show_json(value), after="")
        case Changed(pointer=where, before=before, after=after):
            return FieldLine(
                word="Changed",
                place=place(where),
                before=show_json(before),
                after=show_json(after),
            )


def place(pointer: str) -> str:
    """A JSON pointer as people write it: `metadata.tags[0]`."""
    steps = steps_of(pointer)
    text = "".join(f"[{step}]" if step.isdecimal() else f".{step}" for step in steps)
    return text.removeprefix(".") or "all of it"


def _address(at: datetime, *, ended: bool) -> str:
    """The time in an address; of what ended the last one at which it was there."""
    then = at - timedelta(microseconds=1) if ended else at
    return then.isoformat().replace("+00:00", "Z")


def _body(version: Version) -> JsonValue:
    body: JsonValue = orjson.loads(version.body)
    return body
