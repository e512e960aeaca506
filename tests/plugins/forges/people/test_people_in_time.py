"""The time that a reading of people may take."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from forgepeople import PEOPLE, TEAMS, problem_of, read, ready

from plugins.contract import Snapshot
from tests.forge.running import RunningForge


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_who_cannot_be_read_in_time_is_not_read_by_halves(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.order("organize", name="acme", people=PEOPLE, teams=TEAMS)
    forge.fail("", "slow", times=1, seconds=0.4)
    source, provider = ready(forge, tmp_path, kind, timeout=timedelta(seconds=0.3))
    assert problem_of(read(source, provider)) == "FORGE_INCOMPLETE"
    assert forge.counts().total() == 1
    source, provider = ready(forge, tmp_path, kind)
    assert isinstance(read(source, provider), Snapshot)
