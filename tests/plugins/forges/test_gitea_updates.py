"""Heads of a Gitea that a sweep need not ask for, and those that it has to."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from forgesources import COMPONENT, provider_of

from catalog.sources import Complete
from plugins.forges.api import Api
from plugins.forges.gitea import Gitea
from plugins.forges.repositories import RepositorySource
from plugins.forges.updates import SETTLED, TRUSTED
from tests.forge.running import RunningForge

NAMES = [f"r{n}" for n in range(12)]

RESTFUL = 8 * 3600
"""Second of a day (UTC) after which for hours it is the turn of none of them."""


class Sweeps:
    """Sweeps of an organization, each an hour after the last one."""

    def __init__(self, running: RunningForge, cache: Path) -> None:
        self.running, self.cache = running, cache
        self.now = (time.time() // TRUSTED + 2) * TRUSTED + RESTFUL
        self.heads: dict[str, str] = {}
        self.start()

    def start(self) -> None:
        """Be another process, which knows what is stored and nothing else."""
        forge = self.running.forge("gitea")
        provider = provider_of("gitea", self.running.host)
        hosting = Gitea(Api(forge, self.cache), clock=lambda: self.now)
        self.source = RepositorySource({forge: hosting}, [provider], cache=self.cache)
        self.target = provider.target

    def run(self, *, later: float = 3600) -> list[str]:
        """Look at every repository that may have changed; the names of those that were asked about."""
        self.now += later
        self.running.asked()
        listing = self.source.list(self.target)
        assert isinstance(listing, Complete)
        for one in listing.repositories:
            # As `portal.db.sources.repositories` sees it.
            if not one.head or not f"{self.heads.get(one.name)}\n".startswith(f"{one.head}\n"):
                snapshot = self.source.snapshot(one)
                assert snapshot.revision, snapshot  # type: ignore[union-attr]
                self.heads[one.name] = snapshot.head  # type: ignore[union-attr]
        lines = [one["line"] for one in self.running.asked() if one["kind"] == "branch"]
        return sorted(line.split("/")[5] for line in lines)


@pytest.fixture
def sweeps(forge: RunningForge, tmp_path: Path) -> Sweeps:
    for name in NAMES:
        forge.create(f"acme/{name}", {"catalog-info.yaml": COMPONENT})
    return Sweeps(forge, tmp_path)


def test_only_what_was_pushed_to_is_asked_about(sweeps: Sweeps, forge: RunningForge) -> None:
    assert sweeps.run() == sorted(NAMES)
    assert sweeps.run() == []
    time.sleep(1.0)  # the time of an update has whole seconds
    head = forge.commit("acme/r3", {"new.txt": "!"})
    assert sweeps.run() == ["r3"]
    assert head in sweeps.heads["acme/r3"].splitlines()
    assert sweeps.run() == []


def test_who_starts_anew_goes_on_from_what_is_stored(sweeps: Sweeps, forge: RunningForge) -> None:
    assert sweeps.run() == sorted(NAMES)
    sweeps.start()
    assert sweeps.run() == []
    time.sleep(1.0)
    forge.commit("acme/r3", {"new.txt": "!"})
    sweeps.start()
    assert sweeps.run() == ["r3"]


def test_what_was_pushed_to_just_now_is_asked_about_again(
    sweeps: Sweeps, forge: RunningForge
) -> None:
    """A second push within the same second has the same time."""

    def push(*names: str) -> None:
        for name in names:
            for path in forge.order("places", path=f"acme/{name}"):
                os.utime(path, (sweeps.now, sweeps.now))

    push(*NAMES)
    assert sweeps.run(later=1) == sorted(NAMES)
    head = forge.commit("acme/r3", {"new.txt": "!"})
    push("r3")
    assert sweeps.run(later=1) == sorted(NAMES)
    assert head in sweeps.heads["acme/r3"].splitlines()
    assert sweeps.run(later=SETTLED + 60) == sorted(NAMES)
    assert sweeps.run() == []


def same_time(forge: RunningForge, name: str) -> Callable[[], None]:
    """What lets a push leave no trace in the time of the update."""
    files = [Path(path) for path in forge.order("places", path=f"acme/{name}")]
    before = {file: file.stat().st_mtime for file in files}

    def restore() -> None:
        for file, when in before.items():
            os.utime(file, (when, when))

    return restore


def test_what_no_time_tells_of_is_found_within_a_day(sweeps: Sweeps, forge: RunningForge) -> None:
    forge.order("change", path="acme/r5", mirror=True)
    assert sweeps.run() == sorted(NAMES)
    assert sweeps.run() == ["r5"], "a mirror tells nothing by it"
    restore = same_time(forge, "r3")
    head = forge.commit("acme/r3", {"new.txt": "!"})
    restore()
    assert sweeps.run() == ["r5"]
    counts = [len(sweeps.run()) for _ in range(round(TRUSTED / 3600))]
    assert head in sweeps.heads["acme/r3"].splitlines()
    assert sum(counts) - len(counts) == len(NAMES) - 1, "each of the others once"
    assert max(counts) < len(NAMES) // 2, "and not all at once"
