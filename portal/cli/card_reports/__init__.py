"""Reports of `portal check`: a card, or what a change does to it, in the forms that tools read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TextIO

from portal.cli.card import Comparison
from portal.cli.card_reports.junit import junit
from portal.cli.card_reports.markdown import markdown
from portal.cli.card_reports.objects import objects
from portal.cli.card_reports.plain import plain
from portal.cli.card_reports.sarif import sarif

REPORTS: dict[str, Callable[[Comparison, TextIO], None]] = {
    "text": plain,
    "json": objects,
    "sarif": sarif,
    "junit": junit,
    "markdown": markdown,
}
"""By the name of the format."""
