"""Trials: reading a location as an ingestion would, and storing nothing of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from catalog.ingest.led_to import DEEPEST_CHAIN
from catalog.ingest.readings import Origin, Pass
from catalog.ingest.store import FileReading, StoredRepository
from catalog.problems import Problem
from catalog.sources import Failed, Snapshot, Source
from portal.worker.children.views import source_for
from portal.worker.reading import no_source, reader_of
from portal.worker.tools import Tools

MOST_LOCATIONS = 200
"""Locations that one trial follows."""

UNKNOWN = StoredRepository(revision="", files={})


@dataclass(kw_only=True)
class Trial:
    """What reading a location came to; filled location by location."""

    readings: list[FileReading] = field(default_factory=list)
    failures: list[Problem] = field(default_factory=list)


def try_location(tools: Tools, *, type: str, target: str) -> Trial:  # noqa: A002 - Backstage's word
    """Read a location, and what its Location entities lead to, as one registered by the API."""
    trial = Trial()
    ahead = [(target, 0)]
    seen = {target}
    for place, depth in ahead:  # grows by what is found
        origin = Origin(id="", ref=f"{type}:{target}", rules=tools.rules, depth=depth)
        for url in _read(tools, trial, origin, place):
            if url not in seen and len(seen) < MOST_LOCATIONS and depth < DEEPEST_CHAIN:
                seen.add(url)
                ahead.append((url, depth + 1))
    return trial


def _read(tools: Tools, trial: Trial, origin: Origin, target: str) -> list[str]:
    """Read one location; returns the URLs that its Location entities name outside it."""
    source = source_for(tools.plugins, target, checked=True)
    if source is None:
        trial.failures.append(no_source(target))
        return []
    listing = source.list(target)
    if isinstance(listing, Failed):
        trial.failures.append(listing.problem)
        return []
    found: list[str] = []
    for repository in listing.repositories:
        snapshot = source.snapshot(repository)
        if isinstance(snapshot, Failed):
            trial.failures.append(snapshot.problem)
            continue
        found += _read_all(tools, trial, origin, source, snapshot)
    return found


def _read_all(
    tools: Tools, trial: Trial, origin: Origin, source: Source, snapshot: Snapshot
) -> list[str]:
    reading = Pass(origin, snapshot, source, UNKNOWN, reader_of(tools))
    trial.readings += reading.readings()
    return [one.url for found in reading.elsewhere.values() for one in found]
