"""The rule editor: the definition as text, its problems, and what it would do. It publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from catalog.errors import RefError
from catalog.problems import Problem, Severity
from catalog.refs import parse_ref
from portal.db.evaluation import definitions
from portal.ui.frame import not_found
from portal.ui.home.starred import starred
from portal.ui.models.scorecards.starter import STARTER
from portal.ui.models.scorecards.trial import TrialResult, trial_result
from portal.ui.models.scorecards.tried_on import EntityLines, entity_lines
from portal.ui.models.scorecards.versions import SOURCES
from portal.use_cases.trying import Children, read_definition, try_out
from portal.use_cases.trying_on import MOST, try_on
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

LIMIT = 256 * 1024
"""Bytes of a definition that is tried here; the API takes larger ones."""

NEW_FILE = "scorecard.yaml"
"""What the text of a new scorecard is called in its problems, and downloaded as."""

LONGEST_CHOICE = 2_000
"""Characters of the names of chosen entities."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    """What was made of a text."""

    text: str
    problems: tuple[Problem, ...] = ()
    result: TrialResult | None = None
    fault: str = ""
    """Why it was not tried, beside its problems."""
    chosen: str = ""
    """Entities that it is tried on, as they were written."""
    lines: tuple[EntityLines, ...] = ()
    """What it says of them."""


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards/<name>/edit`, and `/new-scorecard` for one that there is not yet."""
    children = Children()

    @pages.route("/new-scorecard", methods=["GET", "POST"])
    def new_scorecard() -> ResponseReturnValue:
        return _edited(portal, children, None, STARTER)

    @pages.route("/scorecards/<name>/edit", methods=["GET", "POST"])
    def editor(name: str) -> ResponseReturnValue:
        card = portal.cards.get(name)
        if card is None:
            return not_found(f"There is no scorecard named {name}.")
        return _edited(portal, children, card, portal.scorecard_texts[name])


def _edited(portal: Portal, children: Children, card: Scorecard | None, begin: str) -> Response:
    """The page of a published scorecard, or of one that is new, which `begin` is the text of."""
    if request.method == "GET":
        pinned = " ".join(starred()[-MOST:])
        return _page(portal, card, Edited(text=begin, chosen=pinned))
    text = request.form.get("definition", "").replace("\r\n", "\n")
    if "download" in request.form:
        return _download(card.name if card else "scorecard", text)
    chosen = request.form.get("on", "")[:LONGEST_CHOICE]
    edited = _tried(portal, children, card.file if card else NEW_FILE, text, chosen)
    return _page(portal, card, replace(edited, chosen=chosen))


def _tried(portal: Portal, children: Children, file: str, text: str, chosen: str) -> Edited:
    if len(text.encode()) > LIMIT:
        return Edited(text=text, fault=f"It is larger than {LIMIT // 1024} KiB.")
    cards, problems = read_definition(portal, text, file=file)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Edited(text=text, problems=problems)
    if len(cards) != 1:
        return Edited(text=text, problems=problems, fault="It has to define exactly one scorecard.")
    trial = try_out(portal, children.get(), cards[0])
    found = try_on(portal, children.get(), cards[0], _refs(chosen), refused=trial.refused)
    return Edited(
        text=text,
        problems=(*problems, *trial.stopped),
        result=trial_result(trial),
        lines=entity_lines(trial.found.before, cards[0], found),
    )


def _refs(chosen: str) -> list[str]:
    """Canonical refs of what was written; what is none is left as it is, and found nowhere."""
    found = []
    for text in chosen.replace(",", " ").split():
        try:
            found.append(str(parse_ref(text, default_kind="component")))
        except RefError:
            found.append(text)
    return found


def _download(name: str, text: str) -> Response:
    response = make_response(text)
    response.content_type = "application/yaml; charset=utf-8"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.yaml"'
    return response


def _page(portal: Portal, card: Scorecard | None, edited: Edited) -> Response:
    with portal.database.read() as connection:
        kept = definitions.find(connection, card.name, card.version) if card else None
    status = 422 if edited.fault or (edited.problems and edited.result is None) else 200
    text = render_template(
        "editor.html",
        card=card,
        edited=edited,
        source=SOURCES.get(kept.source, kept.source) if kept else "",
        limit=LIMIT,
        most=MOST,
    )
    return make_response(text, status)
