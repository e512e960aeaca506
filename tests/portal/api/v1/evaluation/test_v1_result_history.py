"""The past of results over the API: as of then, transitions, trends, rollups, badges, CSV."""

from __future__ import annotations

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select

from portal.api.v1.evaluation.scorecard_results import csv_rows
from portal.app import create_app
from portal.db.catalog.entities import by_ref
from portal.db.evaluation import unanswerable
from portal.db.tables import entities, unassessed
from portal.db.work import marks
from tests.catalog_rows import NOW
from tests.portal.api.result_world import text, with_past, write_card
from tests.portal.conftest import MakePortal

A = "/api/v1/entities/component/default/a"
CARE = "/api/v1/scorecards/care"


@pytest.fixture
def past(make_portal: MakePortal, tmp_path: Path) -> FlaskClient:
    portal = make_portal(scorecards=(write_card(tmp_path),))
    return create_app(with_past(portal)).test_client()


def get(client: FlaskClient, path: str, **query: Any) -> Any:
    found = client.get(path, query_string=query)
    assert found.status_code == 200, found.text
    return found.json


def outcomes(result: Any) -> list[str]:
    return [check["outcome"] for check in result["checks"]]


def test_results_are_those_of_then(past: FlaskClient) -> None:
    (then,) = get(past, f"{A}/scorecards", as_of=text(45))
    assert outcomes(then) == ["pass", "pass", "fail"]
    assert (then["passed"], then["failed"], then["unknown"]) == (2, 1, 0)
    assert then["evaluatedAt"] == "2026-04-10T12:00:00.000Z"
    assert [check["since"][:10] for check in then["checks"]] == [
        "2026-03-02",
        "2026-04-10",
        "2026-03-02",
    ]
    assert then["checks"][2]["reason"] == "it is fail"
    assert get(past, f"{A}/scorecards", as_of=text(0)) == []
    assert outcomes(get(past, f"{A}/scorecards", as_of=text(89))[0]) == outcomes(
        get(past, f"{A}/scorecards")[0]
    )


def test_results_of_what_went_are_told_for_the_time_when_it_was_there(past: FlaskClient) -> None:
    c = "/api/v1/entities/component/default/c/scorecards"
    assert outcomes(get(past, c, as_of=text(60))[0]) == ["pass"] * 3
    assert past.get(c, query_string={"as_of": text(80)}).status_code == 404
    assert past.get(c).status_code == 404


def test_a_history_tells_which_checks_changed_and_why(past: FlaskClient) -> None:
    found = get(past, f"{A}/scorecards/care/history")
    assert found["nextCursor"] is None
    assert [(one["change"], one["reason"]) for one in found["items"]] == [
        ("changed", "facts"),
        ("changed", "rules"),
        ("begun", "entity"),
    ]
    newest, rules, first = found["items"]
    assert [(c["check"], c["before"], c["after"]) for c in newest["checks"]] == [
        ("runbook", "fail", "pass")
    ]
    assert newest["checks"][0]["title"] == "Has a runbook"
    assert newest["checks"][0]["because"] == "it is pass"
    assert newest["checks"][0]["observed"] == {"repo.seen": "ppp"}
    assert newest["proven"]["name"] == "Optimizing"
    assert first["version"] == "old" != rules["version"]
    assert [c["before"] for c in first["checks"]] == [None] * 3


def test_a_history_ends_with_the_entity_and_has_pages(past: FlaskClient) -> None:
    path = "/api/v1/entities/component/default/c/scorecards/care/history"
    first = get(past, path, limit=1)
    assert first["items"][0]["change"] == "ended"
    assert first["items"][0]["proven"] is None
    rest = get(past, path, cursor=first["nextCursor"])
    assert [one["change"] for one in rest["items"]] == ["begun"]
    assert rest["nextCursor"] is None


def test_a_trend_has_a_point_for_each_period_and_marks_new_definitions(past: FlaskClient) -> None:
    found = get(past, f"{CARE}/trend", **{"from": text(0), "to": text(90), "by": "month"})
    assert [point["at"][:10] for point in found["points"]] == [
        "2026-03-01",
        "2026-04-01",
        "2026-05-01",
        "2026-05-30",
    ]
    assert [point["total"] for point in found["points"]] == [0, 4, 4, 4]
    april = found["points"][1]
    assert [step["proven"] for step in april["distribution"]] == [2, 1, 0, 1]
    assert april["counts"] == {
        "passed": 4,
        "failed": 5,
        "unknown": 3,
        "notApplicable": 0,
        "exempt": 0,
        "error": 0,
    }
    assert april["passRate"] == pytest.approx(4 / 9, abs=1e-4)
    assert [one["version"] == "old" for one in found["definitions"]] == [True, False]


def test_the_parts_of_a_trend_add_up(past: FlaskClient) -> None:
    found = get(past, f"{CARE}/trend", **{"from": text(2), "to": text(90)})
    first, last = found["points"][0], found["points"][-1]
    for n, level in enumerate(found["split"]["levels"]):
        change = last["distribution"][n]["proven"] - first["distribution"][n]["proven"]
        assert level["change"] == change == sum(level["parts"].values())
    rate = found["split"]["passRate"]
    assert rate["change"] == pytest.approx(sum(rate["parts"].values()))
    assert rate["before"] == pytest.approx(first["passRate"], abs=1e-4)
    assert rate["after"] == pytest.approx(last["passRate"], abs=1e-4)
    assert rate["parts"]["population"] < 0  # c went, which passed everything


def test_a_trend_counts_an_entity_for_whom_it_belonged_to(past: FlaskClient) -> None:
    asked = {"from": text(2), "to": text(90), "by": "month"}
    web = get(past, f"{CARE}/trend", owner="web", **asked)
    pay = get(past, f"{CARE}/trend", owner="group:default/pay", **asked)
    shop = get(past, f"{CARE}/trend", owner="shop", **asked)
    whole = get(past, f"{CARE}/trend", **asked)
    assert [point["total"] for point in web["points"]] == [2, 2, 2, 2]
    assert [point["total"] for point in pay["points"]] == [2, 2, 2, 2]
    assert shop["points"] == whole["points"]
    assert shop["split"] == whole["split"]
    top = web["split"]["levels"][3]
    assert web["points"][-1]["distribution"][3]["proven"] == 0
    assert (top["change"], top["parts"]["population"]) == (0, 0)  # a became so, and left
    assert pay["split"]["levels"][3]["parts"]["population"] == 0  # c went, and a came
    assert get(past, f"{CARE}/trend", system="store", **asked)["points"][-1]["total"] == 2
    assert get(past, f"{CARE}/trend", domain="sales", **asked)["points"][0]["total"] == 2
    assert get(past, f"{CARE}/trend", owner="nobody", **asked)["points"][0]["total"] == 0


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"from": text(9), "to": text(1)}, 422),
        ({"from": "2000-01-01T00:00:00Z", "to": text(1), "by": "day"}, 422),
        ({"by": "hour"}, 422),
        ({"owner": ":::"}, 422),
        ({"team": "x"}, 400),
    ],
)
def test_a_trend_refuses_what_cannot_be_meant(
    past: FlaskClient, query: dict[str, str], status: int
) -> None:
    assert past.get(f"{CARE}/trend", query_string=query).status_code == status


def test_a_group_counts_what_the_groups_below_it_own(past: FlaskClient) -> None:
    found = get(past, f"{CARE}/rollup", by="owner", since=text(2))
    groups = {one["key"]: one for one in found["items"]}
    assert [(one["key"], one["total"]) for one in found["items"]] == [
        ("group:default/shop", 4),
        ("group:default/pay", 2),
        ("group:default/web", 2),
    ]
    assert (found["total"], found["entities"], found["outside"]) == (3, 4, 0)
    shop, web = groups["group:default/shop"], groups["group:default/web"]
    assert [step["proven"] for step in shop["distribution"]] == [1, 2, 0, 1]
    assert shop["counts"]["exempt"] == 1
    assert web["checks"][0]["title"] == "Has a README"
    assert web["checks"][0]["counts"]["passed"] == 1
    assert web["checks"][0]["passRate"] == 0.5
    assert web["improved"] == 1  # the README of b; what was exempted improved nothing
    assert shop["comparison"] is None


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("label:tier", [("One", 2), ("Two", 2)]),
        ("label:none", []),
        ("system", [("system:default/store", 2)]),
        ("domain", [("domain:default/sales", 2)]),
        ("type", [("service", 4)]),
        ("kind", [("component", 4)]),
        ("tag", [("x", 4)]),
        ("lifecycle", []),
    ],
)
def test_entities_are_grouped_by_whatever_they_have_in_common(
    past: FlaskClient, by: str, groups: list[tuple[str, int]]
) -> None:
    found = get(past, f"{CARE}/rollup", by=by)
    assert [(one["key"], one["total"]) for one in found["items"]] == groups
    assert found["outside"] == 4 - sum(n for _, n in groups)


def test_groups_are_compared_on_the_checks_that_both_are_judged_by(past: FlaskClient) -> None:
    found = get(past, f"{CARE}/rollup", by="owner", against="group:default/pay")
    web = next(one for one in found["items"] if one["key"] == "group:default/web")
    assert web["comparison"] == {
        "with": "group:default/pay",
        "checks": 3,
        "rate": pytest.approx(1 / 6, abs=1e-4),
        "otherRate": pytest.approx(5 / 6, abs=1e-4),
    }
    refused = past.get(f"{CARE}/rollup", query_string={"against": "nobody"})
    assert refused.status_code == 422


def test_a_rollup_has_pages(past: FlaskClient) -> None:
    first = get(past, f"{CARE}/rollup", limit=2)
    rest = get(past, f"{CARE}/rollup", limit=2, cursor=first["nextCursor"])
    assert len(first["items"]) == 2
    assert [one["key"] for one in rest["items"]] == ["group:default/web"]
    assert rest["nextCursor"] is None
    for by in ("label", "color", "owner:x", "label:", ""):
        assert past.get(f"{CARE}/rollup", query_string={"by": by}).status_code == 422


def test_insights_name_the_checks_that_stand_out(past: FlaskClient) -> None:
    found = get(past, f"{CARE}/insights", since=text(2))
    names = {key: [one["check"] for one in value] for key, value in found.items() if key != "since"}
    assert names == {
        "alwaysPassing": [],
        "alwaysFailing": [],
        "oftenExempted": ["runbook"],
        "mostFailed": ["tests", "readme", "runbook"],
        "mostImproved": ["readme", "runbook"],
    }
    assert found["oftenExempted"][0]["exemptShare"] == 0.25
    late = get(past, f"{CARE}/insights", since=text(80), owner="pay")
    assert [one["check"] for one in late["alwaysPassing"]] == ["readme", "runbook"]


def test_badges_say_the_level_and_are_not_sent_twice(past: FlaskClient) -> None:
    badge = get(past, f"{A}/scorecards/care/badge.json")
    assert badge == {
        "schemaVersion": 1,
        "label": "Care",
        "message": "Optimizing",
        "color": "brightgreen",
    }
    drawn = past.get(f"{A}/scorecards/care/badge.svg")
    assert drawn.content_type == "image/svg+xml"
    root = ET.fromstring(drawn.data)
    assert root.attrib["aria-label"] == "Care: Optimizing"
    again = past.get(
        f"{A}/scorecards/care/badge.svg", headers={"If-None-Match": drawn.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")
    assert past.get(f"{A}/scorecards/none/badge.svg").status_code == 404
    assert past.get(A.replace("/a", "/z") + "/scorecards/care/badge.json").status_code == 404


def test_a_badge_is_neither_green_nor_red_for_what_is_unknown(past: FlaskClient) -> None:
    d = "/api/v1/entities/component/default/d/scorecards/care/badge.json"
    e = "/api/v1/entities/component/default/e/scorecards/care/badge.json"
    group = "/api/v1/entities/group/default/web/scorecards/care/badge.json"
    assert get(past, d)["color"] == "yellow"
    assert get(past, e)["color"] == "red"
    assert (get(past, group)["message"], get(past, group)["color"]) == ("no result", "lightgrey")


def test_csv_has_the_whole_list_with_the_same_filters(past: FlaskClient) -> None:
    found = past.get(f"{CARE}/results", query_string={"format": "csv", "limit": 1})
    assert found.content_type.startswith("text/csv")
    assert found.headers["Content-Disposition"] == 'attachment; filename="care-results.csv"'
    rows = [row for row in csv.DictReader(io.StringIO(found.text)) if row["evaluatedAt"]]
    listed = get(past, f"{CARE}/results")["items"]
    assert [row["ref"] for row in rows] == [item["ref"] for item in listed]
    for row, item in zip(rows, listed, strict=True):
        assert {name: row[name] for name in item["outcomes"]} == item["outcomes"]
        assert row["proven"] == item["standing"]["proven"]["name"]
    query = {"check": "tests", "outcome": "fail"}
    asked = past.get(f"{CARE}/results", query_string=query, headers={"Accept": "text/csv"})
    narrowed = list(csv.DictReader(io.StringIO(asked.text)))
    assert [row["ref"] for row in narrowed] == [
        item["ref"] for item in get(past, f"{CARE}/results", **query)["items"]
    ]


def test_csv_has_whoever_has_no_result_apart_and_says_why(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = with_past(make_portal(scorecards=(write_card(tmp_path),)))
    client = create_app(portal).test_client()
    with portal.database.write() as connection:
        connection.execute(delete(unassessed))  # as if everybody had been assessed

    def rows(**query: Any) -> list[dict[str, str]]:
        found = client.get(f"{CARE}/results", query_string={"format": "csv", **query})
        return list(csv.DictReader(io.StringIO(found.text)))

    def trend(**query: Any) -> list[dict[str, str]]:
        span = {"from": text(30), "by": "month", "format": "csv", **query}
        found = client.get(f"{CARE}/trend", query_string=span)
        return list(csv.DictReader(io.StringIO(found.text)))

    before = rows()
    assert {row["notAssessed"] for row in before} == {""}
    with portal.database.write() as connection:
        marks.mark_all(connection, ["another"])
    assert rows() == before, "nobody waits for this one"
    with portal.database.write() as connection:
        marks.mark_all(connection, ["care", "other"])
        known = {row["ref"] for row in before}
        others = {
            row.ref: row.id
            for row in connection.execute(select(entities.c.ref, entities.c.id))
            if row.ref not in known
        }
        lost, *waiting = sorted(others)
        a = by_ref(connection, "component:default/a")
        assert a is not None
        unanswerable.give_up(connection, {others[lost]: "A child was lost."}, now=NOW)
        unanswerable.give_up(connection, {a.id: "A child was lost."}, now=NOW)
    after = rows()
    assert [row["ref"] for row in after[: len(before)]] == [row["ref"] for row in before]
    told = {row["ref"]: row["notAssessed"] for row in after if row["notAssessed"]}
    why = "A child was lost."
    waits = dict.fromkeys(waiting, "it waits to be assessed")
    assert told == {"component:default/a": why, lost: why, **waits}
    assert {row["passed"] for row in after[len(before) :]} == {""}
    assert [row["ref"] for row in rows(check="tests", outcome="fail")] == [
        row["ref"] for row in before if row["tests"] == "fail"
    ]
    *past, now = trend()
    numbers = {"notAssessed": "1", "neverAssessed": "1", "waiting": str(len(waiting))}
    assert numbers.items() <= now.items()
    assert {row[name] for row in past for name in numbers} == {""}
    assert {row["waiting"] for row in trend(to=text(60))} == {""}
    lacking = get(client, f"{CARE}/trend", **{"from": text(30)})["lacking"]
    assert lacking == {name: int(n) for name, n in numbers.items()}
    nobodys = get(client, f"{CARE}/trend", owner="nobody", **{"from": text(30)})["lacking"]
    assert nobodys == dict.fromkeys(numbers, 0)
    page = client.get("/scorecards/care").get_data(as_text=True)
    assert "to be assessed</strong> by this scorecard" in page


def test_csv_and_json_have_tags_of_their_own(past: FlaskClient) -> None:
    path = f"{CARE}/results"
    as_csv = past.get(path, headers={"Accept": "text/csv"})
    as_json = past.get(path, headers={"Accept": "application/json"})
    assert as_csv.headers["ETag"] != as_json.headers["ETag"]
    assert as_csv.headers["Vary"] == as_json.headers["Vary"] == "Accept"
    known = {"Accept": "text/csv", "If-None-Match": as_csv.headers["ETag"]}
    assert past.get(path, headers=known).status_code == 304
    known["If-None-Match"] = as_json.headers["ETag"]
    assert past.get(path, headers=known).status_code == 200


def test_whoever_takes_csv_slowly_holds_no_connection(
    make_portal: MakePortal, tmp_path: Path
) -> None:
    portal = with_past(make_portal(scorecards=(write_card(tmp_path),)))
    card = next(card for card in portal.scorecards if card.name == "care")
    rows = csv_rows(portal, card, {})
    assert next(rows)
    assert "Current Checked out connections: 0" in portal.database.engine.pool.status()
    assert next(rows)
