"""`portal scorecard simulate`: what a changed or new scorecard would do, before it is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from marshmallow import ValidationError
from rich.console import Console
from rich.table import Table
from werkzeug.exceptions import HTTPException

from catalog.problems import Problem
from portal.api.errors import Refusal
from portal.api.v1.simulation.simulations import SimulationRequest, simulated
from portal.cli.checkout import assessed
from portal.cli.options import rules_or_exit, show_problem
from portal.cli.scorecard.places import live_settings, place_options
from portal.cli.work import ask, opened_portal, show_faults
from portal.config import Settings
from portal.definition_files import read_files
from portal.instance import find
from portal.pool import Pool
from portal.wiring import Portal
from portal.worker.simulation.lived import NotKept


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--filter", "filters", multiple=True, metavar="FILTER", help="kind=component,...")
@click.option("--from", "begin", metavar="TIME", help="Replay the past since then (RFC 3339).")
@click.option("--to", "end", metavar="TIME", help="End of the replay; now by default.")
@click.option("--json", "as_json", is_flag=True, help="Print the simulation as JSON.")
@place_options
def simulate(
    file: Path,
    filters: tuple[str, ...],
    begin: str | None,
    end: str | None,
    as_json: bool,
    source: Path | None,
    scorecards: tuple[Path, ...],
    **options: Any,
) -> None:
    """Say what publishing the scorecard in FILE would do: who changes level, and at what cost.

    It is compared with the published scorecard of the same name. Nothing is stored.
    """
    asked: dict[str, Any] = {"definition": _text(file), "filter": list(filters)}
    if begin is not None:
        asked["replay"] = {"from": begin} | ({"to": end} if end else {})
    if source is not None:
        rules = rules_or_exit(options["configs"])
        with assessed(source, scorecards=scorecards, rules=rules) as (portal, pool):
            found = _here(portal, pool, asked, file)
    else:
        found = _live(live_settings(**options), asked, file)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print(found)


def _text(file: Path) -> str:
    """The text of the file; ends the command where it is none, or empty."""
    problems: list[Problem] = []
    found = [text for _, text in read_files([file], problems)]
    for problem in problems:
        show_problem(problem)
    if problems:
        raise click.ClickException("There is nothing to simulate")
    return found[0]


def _live(settings: Settings, asked: dict[str, Any], file: Path) -> dict[str, Any]:
    running = find(settings.data_dir)
    if running is not None:
        answer: dict[str, Any] = ask(
            running, "POST", "/scorecards/simulate", json=_loaded(asked)[0], about=str(file)
        )
        return answer
    portal = opened_portal(settings)
    with closing(Pool(2)) as pool:
        return _here(portal, pool, asked, file)


def _loaded(asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What is asked, as it is sent and as it is understood; ends the command where it is not."""
    try:
        return asked, SimulationRequest().load(asked)
    except ValidationError as error:
        told = dict(error.messages_dict)
        said = [*_said("", told.pop("replay", {})), *_said("", told)]
        raise click.ClickException("; ".join(said)) from None


def _said(option: str, messages: Any) -> Iterator[str]:
    """Each message, with the option that it is about."""
    if isinstance(messages, dict):
        for key, inner in messages.items():
            yield from _said(f"--{key}" if isinstance(key, str) else option, inner)
    else:
        yield from (f"{option}: {message}" for message in messages)


def _here(portal: Portal, pool: Pool, asked: dict[str, Any], file: Path) -> dict[str, Any]:
    try:
        return simulated(portal, pool, _loaded(asked)[1])
    except Refusal as refused:
        show_faults(refused.errors, str(file))
        raise click.ClickException(refused.description or "it cannot be simulated") from None
    except HTTPException as refused:
        raise click.ClickException(refused.description or "it cannot be simulated") from None


def _print(found: dict[str, Any]) -> None:
    console = Console(highlight=False)
    what = "a change of" if found["published"] else "the new scorecard"
    console.print(f"[bold]{what} {found['scorecard']}[/]: {_entities(found['entities'])}")
    if not found["entities"] and not found["leftOut"]:
        console.print("  [yellow]nothing was compared: no entity is there that is asked for[/]")
    console.print(f"  asked anew: {', '.join(found['evaluated']) or 'nothing'}")
    for key, words in (
        ("dropped", "dropped checks: {}"),
        ("starts", "it newly applies to {}"),
        ("ends", "it applies no more to {}"),
        ("leftOut", "waiting to be assessed, and left out: {}"),
    ):
        if value := found[key]:
            said = ", ".join(value) if isinstance(value, list) else _entities(value)
            console.print(f"  {words.format(said)}")
    console.print(
        f"  [green]{found['up']} rise[/], [red]{found['down']} fall[/]; to get back takes those "
        f"who fall about {_time(found['minutes'])} of work"
    )
    for rows, title in (
        (_moves(found), "Levels"),
        (_checks(found), "Checks"),
        (_teams(found), "Teams"),
    ):
        if len(rows) > 1:
            console.print(_table(title, rows))
    for one in found["ripples"]:
        console.print(
            f"  the scorecard {one['scorecard']} looks at it: {one['up']} rise, {one['down']} fall, "
            f"the level of {one['entities']} entities changes there"
        )
    for one in found["missing"]:
        console.print(
            f"  {one['check']}: {one['fact']} is not known of {_entities(one['entities'])} "
            f"({one['reason']})"
        )
    for color, key in (("yellow", "problems"), ("red", "stopped")):
        for one in found[key]:
            console.print(f"  [{color}]{one['line']}:{one['column']}: {one['message']}[/]")
    if found["replay"] is not None:
        console.print(_table(f"Replayed since {found['replay']['from']}", _points(found["replay"])))
        for line in _not_kept(found["replay"]):
            console.print(f"  {line}")


def _moves(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        ("before", "after", "entities"),
        *(
            (_level(move["before"]), _level(move["after"]), str(move["entities"]))
            for move in found["moves"]
        ),
    ]


def _checks(found: dict[str, Any]) -> list[tuple[str, ...]]:
    names = ("newlyFailing", "newlyHeld", "newlyPassing", "newlyUnknown")
    rows = ((one["check"], *(str(one[name]) for name in names)) for one in found["checks"])
    titles = ("check", "newly failing", "in a grace", "newly passing", "newly unknown")
    return [titles, *rows]


def _teams(found: dict[str, Any]) -> list[tuple[str, ...]]:
    return [
        ("owner", "fall", "rise", "newly failing", "work to get back"),
        *(
            (
                team["owner"] or "nobody",
                str(team["down"]),
                str(team["up"]),
                str(team["newlyFailing"]),
                _time(team["minutes"]),
            )
            for team in found["teams"]
        ),
    ]


def _points(replay: dict[str, Any]) -> list[tuple[str, ...]]:
    names = ("entities", "up", "down", "newlyHeld", "uncollected")
    return [
        ("at", "entities", "higher", "lower", "in a grace", "what was then is not kept"),
        *((point["at"], *(str(point[name]) for name in names)) for point in replay["points"]),
    ]


def _not_kept(replay: dict[str, Any]) -> list[str]:
    """Why something is unknown, each with the most entities that it concerns at an instant."""
    most: dict[tuple[str, str, str], int] = {}
    for point in replay["points"]:
        for gap in point["notKept"]:
            key = (gap["check"], gap["reason"], gap["fact"])
            most[key] = max(most.get(key, 0), gap["entities"])
    return [
        f"{check}: {_WHY[NotKept(reason)].format(fact)} is not kept, of up to {n} entities"
        for (check, reason, fact), n in sorted(most.items(), key=lambda found: -found[1])
    ]


_WHY = {
    NotKept.FACTS: "what {} was",
    NotKept.AGE: "how old {} was",
    NotKept.LEVEL: "what {} was",
    NotKept.BEGINNING: "since when it had failed before that time",
    NotKept.ORDER: "whether it passed between two changes of one instant",
    NotKept.TIME: "since when it has failed, as it looks at the time,",
}


def _table(title: str, rows: list[tuple[str, ...]]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows[1:]:
        table.add_row(*row)
    return table


def _level(level: dict[str, Any] | None) -> str:
    return "does not apply" if level is None else str(level["name"])


def _entities(count: int) -> str:
    return "1 entity" if count == 1 else f"{count} entities"


def _time(minutes: int) -> str:
    """Working time: days have eight hours."""
    if minutes >= 8 * 60:
        return f"{minutes / 60 / 8:.1f} days"
    return f"{minutes / 60:.1f} hours" if minutes >= 60 else f"{minutes} minutes"
