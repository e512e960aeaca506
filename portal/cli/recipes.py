"""`portal facts try NAME FILE`: ask another system now, show what would become known, store nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import orjson

from catalog.descriptor.descriptors import read_descriptor
from plugins.web.answers import Fetched
from plugins.web.client import CheckedClient
from portal.cli.options import settings_options, settings_or_exit, show_problem
from portal.wiring import now
from portal.worker.systems.outside import client_for, sent, without_answer
from scorecards.collection.fetching import Reader, Request, parsed
from scorecards.collection.recipes import Recipe
from scorecards.facts import FactState, FailedFact, Known, Missing


@click.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@settings_options
def try_out(name: str, file: Path, **options: Any) -> None:
    """Fetch the facts of the namespace NAME about the entities in the descriptor FILE.

    The exit code is 1 where a fact could not be learned.
    """
    settings = settings_or_exit(**options)
    recipe = next((one for one in settings.recipes if one.name == name), None)
    if recipe is None:
        names = ", ".join(one.name for one in settings.recipes) or "none"
        raise click.ClickException(f"no facts are fetched for {name}; there are: {names}")
    failed = False
    for ref, states in _learned(recipe, _entities(recipe, file)):
        click.echo(ref)
        for fact, state in states.items():
            failed |= isinstance(state, FailedFact)
            click.echo(f"  {fact}: {_in_words(state)}")
    sys.exit(1 if failed else 0)


def _entities(recipe: Recipe, file: Path) -> list[tuple[str, Mapping[str, Any]]]:
    outcomes, problems = read_descriptor(
        file.read_bytes(), file=str(file), location="file:x", origin="file:x"
    )
    for problem in problems:
        show_problem(problem)
    found = [outcome.entity for outcome in outcomes if outcome.entity is not None]
    return [
        (str(entity.ref), orjson.loads(entity.body))
        for entity in found
        if not recipe.kinds or entity.ref.kind.lower() in recipe.kinds
    ]


def _learned(
    recipe: Recipe, entities: list[tuple[str, Mapping[str, Any]]]
) -> Iterator[tuple[str, Mapping[str, FactState]]]:
    reader, client = Reader(recipe, now=now()), client_for(recipe)
    if recipe.items and entities:
        answer = _asked(recipe, client, Request(url=recipe.url))
        if isinstance(answer, FailedFact | Missing):
            yield from ((ref, reader.alike(answer)) for ref, _ in entities)
        else:
            yield from reader.read_all(entities, answer)
        return
    for ref, entity in entities:
        said = _answers(recipe, reader, client, entity)
        if isinstance(said, FailedFact | Missing):
            yield ref, reader.alike(said)
        else:
            yield ref, reader.read_one(entity, said)


def _answers(
    recipe: Recipe, reader: Reader, client: CheckedClient, entity: Mapping[str, Any]
) -> list[Any] | FailedFact | Missing:
    """What is answered about an entity, request by request."""
    answers: list[Any] = []
    while len(answers) < reader.steps:
        request = reader.further(entity, answers) if answers else reader.request(entity)
        answer = None if request is None else _asked(recipe, client, request)
        if isinstance(answer, FailedFact) or (isinstance(answer, Missing) and not answers):
            return answer
        answers.append(None if isinstance(answer, Missing) else answer)
    return answers


def _asked(recipe: Recipe, client: CheckedClient, request: Request | FailedFact) -> Any:
    """The JSON of an answer; or what it means that there is none."""
    if isinstance(request, FailedFact):
        return request
    said = "" if request.body is None else f" {request.body.decode()}"
    click.echo(f"{'POST' if said else 'GET'} {request.url}{said}", err=True)
    answer = sent(client, request, dict(recipe.headers))
    return parsed(answer.content) if isinstance(answer, Fetched) else without_answer(answer)


def _in_words(state: FactState) -> str:
    match state:
        case Known(value=value):
            return str(list(value) if isinstance(value, tuple) else value)
        case Missing(looked_for=what):
            return f"missing: {what}"
        case FailedFact(reason=reason, detail=detail):
            return f"not known ({reason.value}): {detail}"
