"""`portal explain`: why something is, or is not, in the catalog, step by step."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from werkzeug.exceptions import HTTPException

from portal.api.v1.catalog.explain import explained, form
from portal.cli.options import settings_options, settings_or_exit
from portal.cli.work import ask, opened_portal
from portal.config import Settings
from portal.instance import find

MARKS = {"ok": ("✓", "green"), "problem": ("✗", "red"), "unknown": ("?", "yellow")}


@click.command()
@click.argument("subject", metavar="REF_OR_URL")
@click.option("--json", "as_json", is_flag=True, help="Print the explanation as JSON.")
@settings_options
def explain(subject: str, as_json: bool, **options: Any) -> None:
    """Say why REF_OR_URL is, or is not, in the catalog; exits with 1 when it is not.

    REF_OR_URL is an entity ref (`component:default/basket`), or the URL or path of a location, a
    repository or a file.
    """
    found = _explain(settings_or_exit(**options), subject)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print(found)
    sys.exit(0 if found["present"] else 1)


def _explain(settings: Settings, subject: str) -> dict[str, Any]:
    here = Path(subject)
    asked = {"url" if _is_url(subject) else "ref": subject}
    if here.exists():  # also a relative path means this file, wherever the portal runs
        asked = {"url": str(here.resolve())}
    running = find(settings.data_dir)
    if running is not None:
        answer: dict[str, Any] = ask(running, "GET", "/explain", params=asked)
        return answer
    try:
        return form(explained(opened_portal(settings), **asked), "")
    except HTTPException as refused:
        raise click.ClickException(refused.description or "this cannot be explained") from None


def _is_url(subject: str) -> bool:
    """Whether it cannot be a ref: these have one slash at most, and no ending of a file."""
    looks = ("://", "url:", "file:", "git@")
    return (
        any(mark in subject for mark in looks)
        or subject.startswith(("/", "."))
        or subject.endswith((".yaml", ".yml"))
        or subject.count("/") > 1
    )


def _print(found: dict[str, Any]) -> None:
    for step in found["steps"]:
        mark, color = MARKS[step["status"]]
        at = f"  ({step['at']})" if step["at"] else ""
        click.echo(f"{click.style(mark, fg=color)} {step['name']}: {step['words']}{at}")
    click.echo(found["answer"])
