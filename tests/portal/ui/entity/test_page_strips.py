"""What each check said lately, as a strip: nothing is drawn that is not known."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from page_structure import faults

from portal.app import create_app
from portal.db.changes.history import identify
from portal.db.evaluation.result_history import moves
from portal.ui.models.charts.strips import Strip, strips
from portal.wiring import Portal
from tests.portal.api.result_world import assess, day, with_past, write_card
from tests.portal.conftest import MakePortal


@pytest.fixture
def portal(make_portal: MakePortal, tmp_path: Path) -> Portal:
    """Three months of two teams' services; it is the last of their days."""
    return with_past(make_portal(scorecards=(write_card(tmp_path),), plugins_disabled=("library",)))


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def strips_of(
    portal: Portal, name: str, first: int, last: int, *, limit: int = 200
) -> dict[str, Strip]:
    with portal.database.read() as connection:
        identity = identify(connection, f"component:default/{name}")
        assert identity is not None
        found = moves(connection, identity.ids, limit=limit)
    whole = found.after is None
    made = strips(found.items, whole=whole, start=day(first), end=day(last))
    return {check: strip for (_, check), strip in made.items()}


def pieces(strip: Strip) -> list[tuple[str, float, float]]:
    return [(one.look, one.start, one.width) for one in strip.pieces]


def test_each_outcome_is_as_wide_as_it_lasted(portal: Portal) -> None:
    runbook = strips_of(portal, "a", 0, 100)["runbook"]
    assert pieces(runbook) == [("fail", 1, 49), ("pass", 50, 50)]
    assert runbook.words.startswith("2 changes; no result from ")
    assert ", then fail from " in runbook.words


def test_what_went_on_is_one_piece_and_what_does_not_apply_is_a_gap(portal: Portal) -> None:
    assess(portal, {"b": "pfn"}, 80)
    found = strips_of(portal, "b", 0, 100)
    assert pieces(found["readme"]) == [("fail", 1, 59), ("pass", 60, 40)]
    assert pieces(found["runbook"]) == [("fail", 1, 59), ("exempt", 60, 20)]
    assert "not applicable" in found["runbook"].words


def test_what_was_before_the_time_is_cut_and_what_is_not_known_is_hatched(portal: Portal) -> None:
    found = strips_of(portal, "d", 30, 50)
    assert pieces(found["readme"]) == [("none", 0, 50), ("pass", 50, 50)]
    assert [one.hatched for one in found["readme"].pieces] == [True, False]


def test_what_was_before_the_first_transition_that_is_told_is_not_drawn(portal: Portal) -> None:
    found = strips_of(portal, "a", 0, 100, limit=1)
    assert pieces(found["runbook"]) == [("pass", 50, 50)]


def test_page_has_the_strip_of_the_present_and_says_it_in_words(
    portal: Portal, client: FlaskClient
) -> None:
    assess(portal, {"a": "ppf"}, 80)
    page = client.get("/catalog/component/default/a?tab=scorecards").text
    assert faults(page) == []
    drawn = re.findall(r'class="chart thin strip" role="img" aria-label="([^"]+)"', page)
    assert len(drawn) == 3
    assert any("then pass from" in one and "then fail from" in one for one in drawn)
    then = client.get("/catalog/component/default/a?tab=scorecards&as_of=2026-05-01T00:00:00Z").text
    assert "chart thin strip" not in then
