"""`portal config`: what helps to write a configuration."""

from __future__ import annotations

import json

import click

from portal.config.editing import editor_schema


@click.group()
def config() -> None:
    """Help to write a configuration."""


@config.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for an editor."""
    click.echo(json.dumps(editor_schema(), indent=1, ensure_ascii=False))
