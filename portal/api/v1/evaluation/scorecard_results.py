"""The results of one scorecard: every entity that it applies to, a page at a time or as a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from portal.api.csv_table import table, wants_csv
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import LARGEST_PAGE, Answer, Paging, Tags, after, answer, page
from portal.api.v1.evaluation.result_forms import not_assessed
from portal.api.v1.schemas import NOT_ASSESSED, OUTCOMES, NotAssessedAnswer, StandingAnswer
from portal.api.v1.times import rfc3339
from portal.db.evaluation import results, unanswerable
from portal.db.evaluation.unanswerable import Unanswered
from portal.db.insights.unfresh import mark_of, without_result
from portal.wiring import Portal
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

_OUTCOME_OF = {letter: outcome.value for outcome, letter in LETTERS.items()}


class ResultItemAnswer(Answer):
    """An entity's result in a list."""

    ref = fields.String()
    title = fields.String()
    standing = fields.Nested(StandingAnswer)
    outcomes = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(OUTCOMES)),
        metadata={"description": "By id of the check."},
    )
    not_assessed = fields.Nested(
        NotAssessedAnswer, allow_none=True, metadata={"description": NOT_ASSESSED}
    )


class ResultPageAnswer(Answer):
    """A page of results."""

    items = fields.List(fields.Nested(ResultItemAnswer))
    next_cursor = fields.String(allow_none=True)


class ResultList(Paging):
    """Which results."""

    level = fields.Integer(
        load_default=None,
        validate=validate.Range(0, 100),
        metadata={"description": "Rank of the proven level."},
    )
    check = fields.String(load_default=None, metadata={"description": "Id; asks for `outcome`."})
    outcome = fields.String(load_default=None, validate=validate.OneOf(OUTCOMES))
    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` is of the whole list. By default what `Accept` prefers."},
    )

    @validates_schema
    def _both(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("check") is None) != (data.get("outcome") is None):
            raise ValidationError("`check` and `outcome` go together", "check")


def results_of(portal: Portal, tags: Tags, card: Scorecard, asked: Mapping[str, Any]) -> Response:
    """The answer to a `ResultList`."""
    index, letter = _wanted(card, asked)
    wanted = {"level": asked["level"], "check": index, "letter": letter}
    as_table = wants_csv(asked["format"])
    with portal.database.read() as connection:
        form = f"csv {mark_of(connection, card.name)}" if as_table else "json"
        tag = tags.check(connection, form)
        if not as_table:
            found = results.entities(
                connection, card.name, **wanted, after=after(asked), limit=asked["limit"]
            )
            why = unanswerable.about_all(connection, [row.id for row, _ in found.items])
    if as_table:
        rows = csv_rows(portal, card, wanted)
        if index is None and asked["level"] is None:
            rows = chain(rows, csv_rows_without_result(portal, card))
        return table(_header(card), rows, name=f"{card.name}-results", tag=tag)
    cards = {card.name: card}
    items = [
        {
            **{key: forms.entity_head(row)[key] for key in ("ref", "title")},
            "standing": forms.standings(cards, [summary])[0],
            "outcomes": _outcomes(card, summary.outcomes),
            "notAssessed": not_assessed(why.get(row.id)),
        }
        for row, summary in found.items
    ]
    response = answer(page(items, found.after), tag=tag)
    response.headers["Vary"] = "Accept"
    return response


def csv_rows(portal: Portal, card: Scorecard, wanted: Mapping[str, Any]) -> Iterator[list[object]]:
    """The rows of the whole list, read a page at a time; whoever takes them slowly holds nothing."""
    place: str | None = None
    while True:
        with portal.database.read() as connection:
            found = results.entities(
                connection, card.name, **wanted, after=place, limit=LARGEST_PAGE
            )
            why = unanswerable.about_all(connection, [row.id for row, _ in found.items])
        for row, summary in found.items:
            outcomes = _outcomes(card, summary.outcomes)
            yield [
                row.ref,
                forms.entity_head(row)["title"],
                forms.level(card, summary.proven)["name"],
                forms.level(card, summary.possible)["name"],
                summary.passes,
                summary.fails,
                summary.unknowns,
                rfc3339(summary.evaluated_at),
                *_not_assessed(why.get(row.id)),
                *(outcomes.get(check.id, "") for check in card.checks),
            ]
        place = found.after
        if place is None:
            return


def csv_rows_without_result(portal: Portal, card: Scorecard) -> Iterator[list[object]]:
    """Those that have no result, and may get one: their cells are empty, and say why."""
    place: str | None = None
    while True:
        with portal.database.read() as connection:
            found = without_result(connection, card.name, after=place, limit=LARGEST_PAGE)
        for row, why in found.items:
            title = forms.entity_head(row)["title"]
            said = _not_assessed(why) if why else (WAITS, "")
            yield [row.ref, title, *[""] * len(_NUMBERS), *said, *[""] * len(card.checks)]
        place = found.after
        if place is None:
            return


WAITS = "it waits to be assessed"


def _not_assessed(why: Unanswered | None) -> tuple[str, str | None]:
    """Why it could not be when that was last tried, and since when it could not; empty: it could."""
    return ("", "") if why is None else (why.reason, rfc3339(why.since))


_NUMBERS = ("proven", "possible", "passed", "failed", "unknown", "evaluatedAt")


def _header(card: Scorecard) -> list[str]:
    told = ("notAssessed", "notAssessedSince")
    return ["ref", "title", *_NUMBERS, *told, *(check.id for check in card.checks)]


def _wanted(card: Scorecard, asked: Mapping[str, Any]) -> tuple[int | None, str | None]:
    if asked["check"] is None:
        return None, None
    for index, check in enumerate(card.checks):
        if check.id == asked["check"]:
            return index, LETTERS[Outcome(asked["outcome"])]
    raise Refusal("INVALID_VALUE", "The scorecard has no check with this id")


def _outcomes(card: Scorecard, letters: str) -> forms.Json:
    """By check; empty where the result was made with other checks, until the next assessment."""
    if len(letters) != len(card.checks):
        return {}
    return {
        check.id: _OUTCOME_OF[letter] for check, letter in zip(card.checks, letters, strict=True)
    }
