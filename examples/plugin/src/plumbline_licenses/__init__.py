"""A plugin for Plumbline: which license a repository has, and a scorecard that asks for one."""

from __future__ import annotations

from pathlib import Path

from plugins.contract import Context, Plugin
from plumbline_licenses.collector import LicenseCollector

SCORECARD = Path(__file__).with_name("licensing.yaml")


def plugin(_: Context) -> Plugin:
    """What the plugin adds. It is called once in each process, and reads nothing remote."""
    return Plugin(
        name="licenses",
        version="1.0.0",
        summary="Tells which license a repository has.",
        collectors=(LicenseCollector(),),
        scorecards=((SCORECARD.name, SCORECARD.read_text(encoding="utf-8")),),
    )
