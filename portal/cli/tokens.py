"""`portal token`: making, listing and revoking the tokens that machines are let in with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import click
from marshmallow import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from catalog.problems import JsonValue, Problem
from portal.api.v1.access.token_forms import token as form
from portal.api.v1.times import rfc3339
from portal.auth.permissions import NAMES
from portal.cli.options import settings_options, settings_or_exit
from portal.cli.removals import ACTOR
from portal.cli.work import ask, opened_portal
from portal.config import Settings
from portal.config.access import PUSH
from portal.config.durations import Duration
from portal.db.access import tokens
from portal.instance import find
from portal.use_cases.issuing import LASTS, Wanted, issue, limits, read_limits
from portal.use_cases.issuing import revoke as end
from portal.wiring import now

NEVER = "never"
PER_PAGE = 500


@click.group()
def token() -> None:
    """Make, list and revoke the tokens that machines are let in with."""


@token.command()
@click.argument("subject")
@click.option("--description", default="", help="What it is for, whom to ask.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    metavar="NAME",
    help=f"What it may do, as {PUSH}; may be repeated.",
)
@click.option(
    "--facts", multiple=True, metavar="NAMESPACE", help=f"Limits {PUSH}; may be repeated."
)
@click.option(
    "--entities", multiple=True, metavar="PATTERN", help="Likewise: refs, with * for any text."
)
@click.option("--everything", is_flag=True, help="It may do everything but make tokens.")
@click.option(
    "--expires",
    default=f"{LASTS.days}d",
    metavar="DURATION",
    show_default=True,
    help=f"In how long, as 30d; {NEVER}: when it is revoked.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the token as JSON, with its secret.")
@settings_options
def create(subject: str, as_json: bool, **options: Any) -> None:
    """Make a token that SUBJECT shows, and print its secret: once, and never again."""
    asked = _asked(
        options.pop("permissions"),
        options.pop("facts"),
        options.pop("entities"),
        everything=options.pop("everything"),
    )
    lasts, description = _lasts(options.pop("expires")), options.pop("description")
    made = _made(settings_or_exit(**options), subject, description, asked, lasts)
    if as_json:
        click.echo(json.dumps(made))
        return
    until = made["expiresAt"] or "somebody revokes it"
    click.echo(f"token {made['id']} of {subject} lets in until {until}", err=True)
    click.echo(made["secret"])


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_options
def list_tokens(as_json: bool, **options: Any) -> None:
    """List the tokens that were made, the newest first, also those that ended."""
    found = _listed(settings_or_exit(**options))
    if as_json:
        click.echo(json.dumps(found))
        return
    if not found:
        click.echo("No token was made yet.")
        return
    names = ("Token", "Subject", "State", "May do", "Made by", "Expires", "Last used")
    table = Table(*(Column(name, overflow="fold") for name in names))
    for one in found:
        allowed = "; ".join(_words(limit) for limit in one["restrictions"]) or "everything"
        table.add_row(
            str(one["id"]),
            escape(one["subject"]),
            one["state"].replace("_", " "),
            escape(allowed),
            escape(one["madeBy"]),
            (one["expiresAt"] or NEVER)[:10],
            (one["usedAt"] or NEVER)[:10],
        )
    Console().print(table)


@token.command()
@click.argument("number", type=click.IntRange(1))
@settings_options
def revoke(number: int, **options: Any) -> None:
    """Revoke the token NUMBER: it lets nobody in any more, and stays on the list."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if running is not None:
        ask(running, "DELETE", f"/tokens/{number}")
    elif end(opened_portal(settings), number, actor=ACTOR) is None:
        raise click.ClickException(f"there is no token {number}")
    click.echo(f"token {number} lets nobody in any more")


def _asked(
    permissions: Sequence[str], facts: Sequence[str], entities: Sequence[str], *, everything: bool
) -> list[JsonValue]:
    """`accessRestrictions`, as the options say; `[]`: none."""
    if everything == bool(permissions):
        known = ", ".join(NAMES)
        raise click.UsageError(f"say by --permission what it may do, or --everything: {known}")
    if (facts or entities) and PUSH not in permissions:
        raise click.UsageError(f"--facts and --entities limit --permission {PUSH}")
    return limits(permissions, facts=facts, entities=entities)


def _lasts(text: str) -> timedelta | None:
    if text == NEVER:
        return None
    try:
        found: timedelta = Duration().deserialize(text)
    except ValidationError:
        raise click.UsageError(f"--expires is a duration as 30d, or {NEVER}") from None
    return found


def _made(
    settings: Settings,
    subject: str,
    description: str,
    asked: list[JsonValue],
    lasts: timedelta | None,
) -> dict[str, Any]:
    """The new token, as the API answers it."""
    restrictions = read_limits(asked)
    if isinstance(restrictions, Problem):
        raise _refused(restrictions)
    expires_at = None if lasts is None else now() + lasts
    running = find(settings.data_dir)
    if running is not None:
        body = {
            "subject": subject,
            "description": description,
            "accessRestrictions": asked,
            "expiresAt": rfc3339(expires_at),
        }
        told: dict[str, Any] = ask(running, "POST", "/tokens", json=body)
        return told
    wanted = Wanted(
        subject=subject,
        description=description,
        restrictions=restrictions,
        expires_at=expires_at,
    )
    made = issue(opened_portal(settings), wanted, actor=ACTOR)
    if isinstance(made, Problem):
        raise _refused(made)
    return {**form(made.token, now()), "secret": made.secret}


def _listed(settings: Settings) -> list[dict[str, Any]]:
    running = find(settings.data_dir)
    found: list[dict[str, Any]] = []
    place: str | None = None
    if running is not None:
        while True:
            more = {"cursor": place} if place else {}
            page = ask(running, "GET", "/tokens", params={"limit": PER_PAGE, **more})
            found += page["items"]
            if (place := page["nextCursor"]) is None:
                return found
    with opened_portal(settings).database.read() as connection:
        while True:
            kept = tokens.list_tokens(connection, after=place, limit=PER_PAGE)
            found += [form(one, now()) for one in kept.items]
            if (place := kept.after) is None:
                return found


def _words(limit: dict[str, Any]) -> str:
    """What a restriction allows."""
    parts = [", ".join(limit["permissions"]) or f"everything of {limit['plugin']}"]
    for key, word in (("actions", "to"), ("facts", "facts of"), ("entities", "about")):
        if limit[key]:
            parts.append(f"{word} {', '.join(limit[key])}")
    return " ".join(parts)


def _refused(problem: Problem) -> click.ClickException:
    found = f" ({problem.found})" if problem.found else ""
    return click.ClickException(f"{problem.message}{found}. {problem.hint}".rstrip())
