"""The form that plans a campaign: what was typed, and what is wrong with it, field by field."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from catalog.errors import QueryError, RefError
from catalog.problems import Problem
from catalog.queries.query import parse_filters
from catalog.refs import parse_ref
from scorecards.people.campaigns import Checks, Milestone, Plan, Reach

USUAL = timedelta(days=90)
MOST_MILESTONES = 3
"""That the form has room for; the API takes more."""
LEVEL, CHECKS = "level", "checks"
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_FIELDS = {
    "/name": "name",
    "/scorecard": "scorecard",
    "/checks": "checks",
    "/level": "level",
    "/targetOn": "target_on",
}
"""Fields of the form, by the place that a problem names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignForm:
    """What was typed, and what is wrong with it."""

    name: str = ""
    title: str = ""
    description: str = ""
    owner: str = ""
    scorecard: str = ""
    goal: str = LEVEL
    level: str = ""
    checks: tuple[str, ...] = ()
    filter: str = ""
    starts_on: str = ""
    target_on: str = ""
    remind_every: str = ""
    milestones: tuple[tuple[str, str, str], ...] = ()
    """Title, day and percentage of each."""
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def fault(self) -> dict[str, str]:
        """What is wrong, by field."""
        return dict(self.faults)


def read_form(fields: Mapping[str, Sequence[str]]) -> CampaignForm:
    """What a form or a link says."""

    def typed(name: str) -> str:
        return (fields.get(name) or [""])[0].strip()

    return CampaignForm(
        name=typed("name"),
        title=typed("title"),
        description=typed("description").replace("\r\n", "\n"),
        owner=typed("owner"),
        scorecard=typed("scorecard"),
        goal=CHECKS if typed("goal") == CHECKS else LEVEL,
        level=typed("level"),
        checks=tuple(dict.fromkeys(fields.get("checks", ()))),
        filter=typed("filter"),
        starts_on=typed("starts_on"),
        target_on=typed("target_on"),
        remind_every=typed("remind_every"),
        milestones=tuple(
            (typed(f"m{n}_title"), typed(f"m{n}_on"), typed(f"m{n}_share"))
            for n in range(MOST_MILESTONES)
        ),
    )


def proposed(form: CampaignForm, now: datetime) -> CampaignForm:
    """The form with what can be proposed."""
    tomorrow = now.date() + timedelta(days=1)
    return replace(
        form,
        starts_on=form.starts_on or tomorrow.isoformat(),
        target_on=form.target_on or (tomorrow + USUAL).isoformat(),
    )


def plan_of(form: CampaignForm) -> Plan | CampaignForm:
    """The plan that the form makes, or the form with what is wrong."""
    faults: dict[str, str] = {}
    if not _NAME.fullmatch(form.name) or len(form.name) > 63:
        faults["name"] = "Use lower case letters, digits and single hyphens, 63 at most."
    if not 0 < len(form.title) <= 200:
        faults["title"] = "Give it a title of 200 characters at most."
    owner = _owner(form.owner, faults)
    goal = _goal(form, faults)
    try:
        if form.filter and parse_filters([form.filter]) is None:
            faults["filter"] = "The filter asks for nothing; write kind=component."
    except QueryError as error:
        faults["filter"] = f"{error}."
    starts_on, target_on = (
        _day(name, getattr(form, name), faults) for name in ("starts_on", "target_on")
    )
    remind = form.remind_every
    if remind and not (remind.isascii() and remind.isdecimal() and 0 < int(remind[:4]) <= 365):
        faults["remind_every"] = "This is a number of days, 1 to 365; leave it empty for none."
    milestones = _milestones(form, faults)
    if faults or starts_on is None or target_on is None:
        return replace(form, faults=tuple(faults.items()))
    return Plan(
        title=form.title,
        description=form.description[:10_000],
        owner=owner,
        scorecard=form.scorecard,
        goal=goal,
        filter=form.filter,
        starts_on=starts_on,
        target_on=target_on,
        milestones=milestones,
        remind_every=timedelta(days=int(remind)) if remind else None,
    )


def with_problem(form: CampaignForm, problem: Problem) -> CampaignForm:
    """The form with a problem at its field."""
    pointer = problem.pointer or ""
    field = "milestones" if pointer.startswith("/milestones") else _FIELDS.get(pointer, "")
    text = f"{problem.message[:1].upper()}{problem.message[1:]}"
    return replace(form, faults=((field, f"{text}: {problem.found}."),))


def _owner(text: str, faults: dict[str, str]) -> str:
    try:
        return str(parse_ref(text, default_kind="group"))
    except RefError as error:
        faults["owner"] = f"{error}." if text else "Say who runs it."
        return ""


def _goal(form: CampaignForm, faults: dict[str, str]) -> Reach | Checks:
    if form.goal == LEVEL:
        if not form.level:
            faults["level"] = "Choose the level to reach."
        return Reach(level=form.level)
    if not form.checks:
        faults["checks"] = "Choose at least one check."
    return Checks(ids=form.checks)


def _milestones(form: CampaignForm, faults: dict[str, str]) -> tuple[Milestone, ...]:
    found = []
    for title, on, share in form.milestones:
        if not (title or on or share):
            continue
        day = _day("milestones", on, faults)
        whole = share.rstrip(" %")
        if not title or not (whole.isascii() and whole.isdecimal() and int(whole[:4]) <= 100):
            faults["milestones"] = "A milestone has a title, a day and a percentage, 0 to 100."
        elif day is not None:
            found.append(Milestone(title=title[:200], on=day, share=int(whole) / 100))
    return tuple(found)


def _day(name: str, text: str, faults: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        faults[name] = "This is not a day as 2026-03-01."
        return None
