"""Long loops for `make verify`: kill -9 at random moments, again and again."""

import random
import time
from pathlib import Path

import pytest

from tests.portal.processes import eventually, portal_up
from tests.portal.test_survival import ENTITIES, assessed, source

__all__ = ["source"]  # the fixture


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("named", ["", "*/catalog-info.yaml"], ids=["a folder", "each file"])
def test_twenty_kills_at_random_moments_lose_nothing(
    tmp_path: Path, source: Path, named: str
) -> None:
    data = tmp_path / "data"
    targets = sorted(source.glob(named)) if named else [source]
    arguments = [argument for target in targets for argument in ("--source", str(target))]
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    known: dict[str, str] = {}
    for _ in range(20):
        with portal_up(data, *arguments) as server:
            time.sleep(chance.uniform(0, 1.5))
            for item in server.get("/entities", limit=500)["items"]:
                uid = item["entity"]["metadata"]["uid"]
                assert known.setdefault(item["ref"], uid) == uid
            server.kill()
    with portal_up(data, *arguments) as server:
        eventually(lambda: assessed(server), within=120)
        shown = {
            item["ref"]: item["entity"]["metadata"]["uid"]
            for item in server.get("/entities", limit=500)["items"]
        }
    assert len(shown) == ENTITIES
    assert known.items() <= shown.items()
