"""`portal packs`: the packs of checks, what feeds them, and how to switch them on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import click

from catalog.descriptor.suggestions import nearest
from portal.api.v1.collection.packs import form
from portal.cli.options import settings_options, settings_or_exit
from portal.use_cases.packs import PackState, states
from portal.wiring import open_portal
from scorecards.collection.feeding import Feed, Feeder


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@settings_options
def packs(names: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """List the packs of checks: on or off, and what feeds the facts that they need.

    Of the packs that are named it says all, with the lines of the configuration.
    """
    portal = open_portal(settings_or_exit(**options))
    found = {state.pack.name: state for state in states(portal)}
    for name in names:
        if name not in found:
            near = nearest(name, found)
            hint = f"did you mean {near}?" if near else f"there are: {', '.join(found)}"
            raise click.ClickException(f"there is no pack {name}; {hint}")
    chosen = [found[name] for name in names or found]
    if as_json:
        click.echo(json.dumps([form(state) for state in chosen], indent=2))
        return
    for state in chosen:
        for line in _whole(state) if names else _brief(state):
            click.echo(line)


def _brief(state: PackState) -> Iterator[str]:
    color = None if state.switch is None else "yellow" if state.unfed else "green"
    name = click.style(state.pack.name, bold=True)
    yield f"{name}  {state.pack.title}: {click.style(state.words, fg=color)}"


def _whole(state: PackState) -> Iterator[str]:
    yield from _brief(state)
    yield f"  {state.pack.description}"
    yield f"  scorecards: {', '.join(state.pack.contains)}"
    for feed in state.feeds:
        yield f"  {feed.namespace}.*, {_fed(feed)}. {feed.source}"
        for fact in state.pack.facts:
            if fact.namespace == feed.namespace:
                yield f"    {fact.schema.name} ({fact.schema.type.value}): {fact.schema.description}"
    yield "  to switch it on:"
    yield from (f"    {line}" for line in state.config.splitlines())


def _fed(feed: Feed) -> str:
    match feed.by:
        case Feeder.COLLECTOR:
            by = f"observed by {', '.join(feed.collectors)}"
        case Feeder.RECIPE:
            by = "fetched by a recipe"
        case Feeder.PUSH:
            by = "pushed"
        case Feeder.NOTHING:
            return "fed by nothing"
    return f"{by}, without {', '.join(feed.unfed)}" if feed.unfed else by
