"""The last weeks of each check as a strip: what it said when, as wide as it lasted.

Nothing is drawn where it did not apply, where there was no result, or where the past is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.db.evaluation.result_history import Move
from portal.ui.models.looks import LOOKS, plural
from scorecards.evaluation.transitions import OUTCOMES, Stand
from scorecards.results import Outcome

FILLS = {
    Outcome.PASS: "pass",
    Outcome.FAIL: "fail",
    Outcome.EXEMPT: "exempt",
    Outcome.UNKNOWN: "none",
    Outcome.ERROR: "none",
}
"""Of what is drawn; not applicable is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """For how long a check said the same."""

    start: float
    """Percent of the strip's width, as `width`."""
    width: float
    look: str
    title: str
    hatched: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Strip:
    """One check, from the left, where the time begins, to the present."""

    pieces: tuple[Piece, ...]
    words: str
    """The same for who does not see it."""


@dataclass(frozen=True, slots=True)
class _Span:
    outcome: Outcome | None
    start: datetime
    end: datetime


Key = tuple[str, str]
"""Name of the scorecard and id of the check."""


def strips(
    moves: Sequence[Move], *, whole: bool, start: datetime, end: datetime
) -> dict[Key, Strip]:
    """The strips of all checks that anything is known of, from the transitions of one entity.

    `whole`: there are no earlier transitions than these, so that what came before is known.
    """
    cards: dict[str, list[Move]] = {}
    for move in sorted(moves, key=lambda move: (move.transition.at, move.transition.id)):
        cards.setdefault(move.transition.scorecard, []).append(move)
    found: dict[Key, Strip] = {}
    for name, of_card in cards.items():
        stands = _stands(of_card, whole=whole, start=start, end=end)
        checks = dict.fromkeys(check for _, _, stand in stands if stand for check in stand.outcomes)
        for check in checks:
            spans = _spans(check, stands)
            if any(span.outcome in FILLS for span in spans):
                found[name, check] = _strip(spans, start, end)
    return found


def _stands(
    moves: Sequence[Move], *, whole: bool, start: datetime, end: datetime
) -> list[tuple[datetime, datetime, Stand | None]]:
    """What held from when to when, as far as it is between the two instants."""
    first = moves[0]
    since = start if whole or first.before is None else first.transition.at
    held = [(since, first.before), *((one.transition.at, one.transition.stand) for one in moves)]
    ends = [at for at, _ in held[1:]] + [end]
    return [
        (max(at, start), min(until, end), stand)
        for (at, stand), until in zip(held, ends, strict=True)
        if until > start and max(at, start) < min(until, end)
    ]


def _spans(check: str, stands: Sequence[tuple[datetime, datetime, Stand | None]]) -> list[_Span]:
    spans: list[_Span] = []
    for at, until, stand in stands:
        letter = stand.outcomes.get(check) if stand else None
        outcome = OUTCOMES[letter] if letter else None
        if spans and spans[-1].outcome is outcome:
            spans[-1] = _Span(outcome, spans[-1].start, until)
        else:
            spans.append(_Span(outcome, at, until))
    return spans


def _strip(spans: Sequence[_Span], start: datetime, end: datetime) -> Strip:
    length = (end - start).total_seconds()
    pieces = tuple(
        Piece(
            start=round(100 * (span.start - start).total_seconds() / length, 2),
            width=round(100 * (span.end - span.start).total_seconds() / length, 2),
            look=FILLS[span.outcome],
            title=f"{LOOKS[span.outcome].word} from {_day(span.start)} to {_day(span.end)}",
            hatched=FILLS[span.outcome] == "none",
        )
        for span in spans
        if span.outcome in FILLS
    )
    turns = len(spans) - 1
    told = ", then ".join(f"{_word(span.outcome)} from {_day(span.start)}" for span in spans[-4:])
    more = f"{plural(turns, 'change')}; " if turns else "no change; "
    return Strip(pieces=pieces, words=f"{more}{told}")


def _word(outcome: Outcome | None) -> str:
    return LOOKS[outcome].word.lower() if outcome else "no result"


def _day(at: datetime) -> str:
    return f"{at.day} {at:%b}"
