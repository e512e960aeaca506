"""The rule editor: the definition as text, its problems, and what it would do. It publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from catalog.problems import Problem, Severity
from portal.db import definitions
from portal.trying import Children, read_definition, try_out
from portal.ui.frame import not_found
from portal.ui.models.trial import TrialResult, trial_result
from portal.ui.models.versions import SOURCES
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

LIMIT = 256 * 1024
"""Bytes of a definition that is tried here; the API takes larger ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """What was made of a text."""

    text: str
    problems: tuple[Problem, ...] = ()
    result: TrialResult | None = None
    fault: str = ""
    """Why it was not tried, beside its problems."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards/<name>/edit`."""
    children = Children()

    @pages.route("/scorecards/<name>/edit", methods=["GET", "POST"])
    def editor(name: str) -> ResponseReturnValue:
        card = next((card for card in portal.scorecards if card.name == name), None)
        if card is None:
            return not_found(f"There is no scorecard named {name}.")
        if request.method == "GET":
            return _page(portal, card, Edited(text=portal.scorecard_texts[name]))
        text = request.form.get("definition", "").replace("\r\n", "\n")
        if "download" in request.form:
            return _download(name, text)
        return _page(portal, card, _tried(portal, children, card, text))


def _tried(portal: Portal, children: Children, card: Scorecard, text: str) -> Edited:
    if len(text.encode()) > LIMIT:
        return Edited(text=text, fault=f"It is larger than {LIMIT // 1024} KiB.")
    cards, problems = read_definition(portal, text, file=card.file)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Edited(text=text, problems=problems)
    if len(cards) != 1:
        return Edited(text=text, problems=problems, fault="It has to define exactly one scorecard.")
    trial = try_out(portal, children.get(), cards[0])
    return Edited(text=text, problems=(*problems, *trial.stopped), result=trial_result(trial))


def _download(name: str, text: str) -> Response:
    response = make_response(text)
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return response


def _page(portal: Portal, card: Scorecard, edited: Edited) -> Response:
    with portal.database.read() as connection:
        kept = definitions.find(connection, card.name, card.version)
    status = 422 if edited.fault or (edited.problems and edited.result is None) else 200
    text = render_template(
        "editor.html",
        card=card,
        edited=edited,
        source=SOURCES.get(kept.source, kept.source) if kept else "",
        limit=LIMIT,
    )
    return make_response(text, status)
