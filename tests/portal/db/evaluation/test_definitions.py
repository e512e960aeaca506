"""Definitions of scorecards, kept with their versions on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import orjson
import pytest

from catalog.errors import QueryError
from portal.db.engine import Database
from portal.db.evaluation import definitions
from portal.db.evaluation.definitions import GONE, Published
from scorecards.definitions.loading import load_files, load_scorecards
from scorecards.definitions.outline import Op, differences
from scorecards.facts import FactSchema, FactType
from tests.catalog_rows import NOW

FACT = "repo.readme.bytes"
SCHEMAS = {FACT: FactSchema(name=FACT, type=FactType.INT, description="Size", when_absent=0)}
HOUR = timedelta(hours=1)


def text(name: str, bound: int, **spec: Any) -> str:
    check = {
        "id": "readme", "title": "Long", "level": "Managed", "why": "w", "fix": "f",
        "rule": f"{FACT} > {bound}",
    }  # fmt: skip
    return orjson.dumps(
        {
            "apiVersion": "plumbline.dev/v1",
            "kind": "Scorecard",
            "metadata": {"name": name, "title": name},
            "spec": {"checks": [check], **spec},
        }
    ).decode()


def published(*texts: str, author: str = "") -> list[Published]:
    loaded = load_files([("s.yaml", one) for one in texts], schemas=SCHEMAS)
    assert loaded.problems == ()
    return [
        Published(scorecard=card, text=loaded.texts[card.name], source="config", author=author)
        for card in loaded.scorecards
    ]


def record(database: Database, *texts: str, hours: int = 0, author: str = "") -> list[str]:
    with database.write() as connection:
        some = published(*texts, author=author)
        return definitions.record(connection, some, now=NOW + hours * HOUR)


def test_a_change_is_written_down_once(database: Database) -> None:
    assert record(database, text("a", 1), text("b", 1)) == ["a", "b"]
    assert record(database, text("b", 1), text("a", 1), hours=1) == []
    assert record(database, text("a", 2), text("b", 1), hours=2, author="Ann <a@b>") == ["a"]
    with database.read() as connection:
        newest, oldest = definitions.versions(connection, "a").items
        only = definitions.versions(connection, "b").items
    assert len(only) == 1
    assert (newest.seen_at, oldest.seen_at) == (NOW + 2 * HOUR, NOW)
    assert (newest.author, newest.source, newest.file) == ("Ann <a@b>", "config", "s.yaml")
    (one,) = differences(oldest.outline, newest.outline)
    assert (one.op, one.name, one.field) == (Op.CHANGE, "readme", "rule")
    assert (one.before, one.after) == (f"{FACT} > 1", f"{FACT} > 2")


def test_what_goes_and_comes_back_is_written_down(database: Database) -> None:
    record(database, text("a", 1))
    assert record(database, hours=1) == ["a"]
    assert record(database, hours=2) == []
    assert record(database, text("a", 1), hours=3) == ["a"]
    with database.read() as connection:
        back, gone, first = definitions.versions(connection, "a").items
        assert gone.version == GONE
        assert back.version == first.version
        assert definitions.find(connection, "a", first.version) == back
        assert definitions.before(connection, back) == gone
        assert definitions.before(connection, first) is None


def test_an_old_definition_can_be_loaded_again(database: Database) -> None:
    (old,) = published(text("a", 1))
    record(database, text("a", 1))
    record(database, text("a", 2), hours=1)
    with database.read() as connection:
        kept = definitions.definition(connection, "a", old.scorecard.version)
        assert definitions.definition(connection, "a", "nothing") is None
        assert definitions.definition(connection, "b", old.scorecard.version) is None
    assert kept is not None
    (card,), problems = load_scorecards(kept, file="s.yaml", schemas=SCHEMAS)
    assert problems == ()
    assert card.version == old.scorecard.version
    assert card.checks[0].rule == old.scorecard.checks[0].rule


@pytest.mark.parametrize(
    "form", ["{}", "---\n{}", "# first\n---\n{}\n...\n", "%YAML 1.2\n---\n{}\n"]
)
def test_so_can_one_that_extends_others_as_they_were(database: Database, form: str) -> None:
    heir, middle, base = (
        form.format(text("heir", 5, extends="middle")),
        form.format(text("middle", 3, extends="base", remove=[])),
        form.format(text("base", 1, filters={"long": f"{FACT} > 9"})),
    )
    before = {one.scorecard.name: one.scorecard for one in published(heir, middle, base)}
    record(database, heir, middle, base)
    record(database, heir, middle, base.replace("> 9", "> 8"), hours=1)
    with database.read() as connection:
        kept = definitions.definition(connection, "heir", before["heir"].version)
        newest = definitions.versions(connection, "heir").items[0]
        assert newest.version != before["heir"].version
    assert kept is not None
    cards, problems = load_scorecards(kept, file="s.yaml", schemas=SCHEMAS)
    assert problems == ()
    assert [card.name for card in cards] == ["base", "middle", "heir"]
    assert cards[-1].version == before["heir"].version
    assert cards[-1].filters == before["heir"].filters


def test_versions_come_in_pages(database: Database) -> None:
    for bound in range(5):
        record(database, text("a", bound), hours=bound)
    with database.read() as connection:
        everything = definitions.versions(connection, "a").items
        first = definitions.versions(connection, "a", limit=2)
        second = definitions.versions(connection, "a", after=first.after, limit=3)
        with pytest.raises(QueryError):
            definitions.versions(connection, "a", after="x")
    assert (*first.items, *second.items) == everything
    assert second.after is None
