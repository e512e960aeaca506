"""`portal facts push`: send facts from CI to a portal, and say what became of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import click
import orjson
import requests

from catalog.problems import Problem
from portal.cli.lazy import Commands, Lazy
from portal.cli.measuring import Reports, item_of, report_options
from portal.cli.options import settings_options, settings_or_exit, show_problem
from portal.cli.work import ask, opened_portal
from portal.config import Settings, environment
from portal.instance import find
from portal.use_cases.pushing import MOST_ITEMS, receive

COMMANDS: Commands = {
    "try": ("portal.cli.recipes", "try_out", "Ask another system now, and store nothing."),
    "push": ("portal.cli.facts", "push", "Send facts that no collector can see."),
}

LARGEST_BATCH = 500_000
"""Bytes of one request."""

ATTEMPTS = 3
"""How often a batch is sent; sending it again changes nothing."""

PAUSE = 0.5
"""Seconds until the second attempt, where nobody says otherwise; until the third it is twice that."""

LONGEST_PAUSE = 30.0
"""Seconds that a `Retry-After` is heeded for."""


@click.group(cls=Lazy, table=COMMANDS)
def facts() -> None:
    """Facts that CI and other systems know."""


@click.command()
@click.argument("file", required=False, type=click.Path(allow_dash=True, path_type=Path))
@report_options
@click.option("--url", help="Of a portal elsewhere; its token is PLUMBLINE_TOKEN.")
@click.option("--dry-run", is_flag=True, help="Print what would be sent, and send nothing.")
@settings_options
def push(file: Path | None, url: str | None, dry_run: bool, **options: Any) -> None:
    """Push the facts in FILE (`-`: standard input), JSON: a list of items, or {"items": [...]}.

    What reports of tests and of coverage say is pushed with --junit and --coverage, with FILE or
    without one. Without --url facts go to the running portal, or into the database when none runs.
    The exit code is 1 when an item was refused; the others are stored all the same. It is 2 when a
    report cannot be read; then nothing is sent.
    """
    reports = Reports(**{field.name: options.pop(field.name) for field in fields(Reports)})
    if file is None and not reports:
        raise click.UsageError("there is nothing to push: name a FILE, --junit or --coverage")
    items = [*([item_of(reports)] if reports else []), *([] if file is None else _items(file))]
    if dry_run:
        click.echo(orjson.dumps(items, option=orjson.OPT_INDENT_2).decode())
        return
    if url is not None:
        answers = [_send(url.rstrip("/"), batch) for batch in _batches(items)]
    else:
        answers = _near(settings_or_exit(**options), items)
    received = [item for answer in answers for item in answer["items"]]
    for number, item in enumerate(received):
        for problem in item["problems"]:
            _show(problem, f"{file or 'reports'}: item {number} ({item['entity'] or 'no entity'})")
    counts = Counter(item["outcome"] for item in received)
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items())))
    sys.exit(1 if counts["refused"] else 0)


def _items(file: Path) -> list[Any]:
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
        data = orjson.loads(content)
        orjson.dumps(data)  # which is not as deep as what can be read
    except OSError as error:
        raise click.ClickException(f"{file} cannot be read: {error.strerror}") from None
    except (orjson.JSONDecodeError, orjson.JSONEncodeError) as error:
        raise click.ClickException(f"{file} cannot be read: {error}") from None
    items = data.get("items") if isinstance(data, dict) else data
    if not isinstance(items, list) or not items:
        raise click.ClickException(f"{file} holds no list of items")
    return items


def _batches(items: Sequence[Any]) -> Iterator[list[Any]]:
    """The items in requests that are not too large."""
    batch: list[Any] = []
    size = 0
    for item in items:
        more = len(orjson.dumps(item))
        if batch and (len(batch) >= MOST_ITEMS or size + more > LARGEST_BATCH):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += more
    yield batch


def _near(settings: Settings, items: Sequence[Any]) -> list[Any]:
    """Push to the portal of these settings, whether it runs or not."""
    running = find(settings.data_dir)
    if running is not None:
        return [ask(running, "POST", "/facts", json={"items": b}) for b in _batches(items)]
    portal = opened_portal(settings)
    received = receive(portal, items, allowed=lambda _ref, _facts: True)
    shown = [
        {
            "entity": item.entity,
            "outcome": item.verdict.value,
            "problems": [problem.as_dict() for problem in item.problems],
        }
        for item in received
    ]
    return [{"items": shown}]


def _send(url: str, batch: list[Any]) -> Any:
    """What a portal elsewhere answers to a batch."""
    token = environment().get("PLUMBLINE_TOKEN", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    for attempt in range(ATTEMPTS):
        try:
            answer = requests.post(
                f"{url}/api/v1/facts",
                data=orjson.dumps({"items": batch}),
                headers={**headers, "Content-Type": "application/json"},
                timeout=60,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            if attempt + 1 == ATTEMPTS:
                raise click.ClickException(f"{url} does not answer: {error}") from None
            time.sleep(PAUSE * 2**attempt)
            continue
        if answer.status_code >= 500 and attempt + 1 < ATTEMPTS:
            time.sleep(_pause(answer, PAUSE * 2**attempt))
            continue
        said = _object(answer)
        if answer.status_code == 200 and "items" in said:
            return said
        detail = said.get("detail") or answer.reason
        raise click.ClickException(f"{url} answers {answer.status_code}: {detail}")
    raise AssertionError("the last attempt returns or raises")


def _pause(answer: requests.Response, usual: float) -> float:
    """Seconds until it may be asked again: a database that restarts needs some."""
    said = answer.headers.get("Retry-After", "")
    return min(float(said), LONGEST_PAUSE) if said.isascii() and said.isdigit() else usual


def _object(answer: requests.Response) -> dict[str, Any]:
    """The JSON object that is answered; empty where something else is, as by a proxy."""
    try:
        said = answer.json()
    except requests.JSONDecodeError:
        return {}
    return said if isinstance(said, dict) else {}


def _show(problem: dict[str, Any], place: str) -> None:
    known = ("code", "message", "hint", "found", "expected")
    show_problem(Problem(file=place, **{name: problem[name] for name in known}))
