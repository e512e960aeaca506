from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from page_structure import Structure

from catalog.parsing.documents import Parsed, parse
from portal.ui.filters import ago, lower_first, markdown, plain, ticks
from portal.ui.models.charts.graph import INCOMING, MOST, graph, words
from portal.ui.models.charts.shares import stacked, tally
from portal.ui.models.entity.ladder import ladder
from portal.ui.models.links import kind_plural, link_to
from portal.ui.models.paging import forward, numbered
from portal.ui.models.yaml_text import to_yaml
from scorecards.collection.store import Assessable
from scorecards.facts import FailedFact, Missing, Unknown
from scorecards.insights.advice import next_steps
from tests.scorecards.scorecard_samples import assess, check, record, scorecard

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=30)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_yaml_text_is_read_back_as_the_same_value(value) -> None:
    documents = parse(to_yaml({"value": value}).encode(), file="x.yaml").documents
    assert [document.state for document in documents] == [Parsed(data={"value": value})]


@given(
    st.lists(
        st.sampled_from(
            [
                "<script>",
                "[a](javascript:x)",
                "[b](data:x)",
                "![c](http://x)",
                "**",
                "`",
                "# ",
                "\n",
                "- ",
                "<img src=x onerror=y>",
                "http://a.b",
                "|a|b|\n|:-:|-|\n|c|d|",
                "&lt;",
                '"',
                "> ",
                "[d]: ",
                "<javascript:x>",
                "[e](  JaVaScRiPt:x)",
                "```\n",
                "[f](//evil.example)",
            ]
        ),
        max_size=12,
    )
)
def test_markdown_is_safe_whatever_it_says(pieces) -> None:
    page = Structure()
    page.feed(markdown("".join(pieces)))
    assert [fault for fault in page.faults if fault != "a th has no scope"] == []
    assert all(level > 3 for level in page.headings)


def test_long_markdown_is_cut_and_says_so() -> None:
    assert "shortened here" in markdown("a " * 6000)


@pytest.mark.parametrize(
    ("age", "shown"),
    [
        (timedelta(seconds=5), "just now"),
        (timedelta(minutes=12), "12 min ago"),
        (timedelta(hours=1), "1 hour ago"),
        (timedelta(days=3), "3 days ago"),
        (timedelta(days=40), "20 Jan 2026"),
        (timedelta(days=-2), "3 Mar 2026"),
    ],
)
def test_time_is_told_by_its_age(age: timedelta, shown: str) -> None:
    assert ago(NOW - age, NOW) == shown


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=6))
def test_segments_fill_the_bar_in_order(counts: list[int]) -> None:
    segments = stacked([("x", count, "pass") for count in counts])
    edge = 0.0
    for segment in segments:
        assert segment.start == pytest.approx(edge, abs=0.1)
        edge = segment.start + segment.width
    assert edge == pytest.approx(100 if sum(counts) else 0, abs=0.1)


def test_rate_counts_only_what_is_decided_and_never_rounds_to_all() -> None:
    assert tally({"p": 1, "f": 1, "u": 50, "x": 9, "n": 9}).percent == "50 %"
    assert tally({"p": 999, "f": 1}).percent == "> 99 %"
    assert tally({"p": 1, "f": 999}).percent == "< 1 %"
    assert tally({"u": 5}).percent == "–"


@given(st.lists(st.tuples(st.sampled_from(["dependsOn", "dependencyOf", "ownedBy"]), TEXT)))
def test_graph_draws_at_most_its_limit_and_counts_the_rest(pairs) -> None:
    ordered = enumerate(sorted(pairs))
    related = [(kind, link_to(f"component:default/{n}")) for n, (kind, _) in ordered]
    drawn = graph(link_to("component:default/x"), related)
    assert len(drawn.nodes) == min(len(related), MOST)
    assert drawn.hidden == len(related) - len(drawn.nodes)
    boxes = [(node.x, node.y) for node in drawn.nodes]
    assert len(set(boxes)) == len(boxes)
    assert all(0 <= y <= drawn.height - 26 for _, y in boxes)


def test_incoming_relations_stand_left() -> None:
    pairs = [
        ("dependencyOf", link_to("component:default/a")),
        ("ownedBy", link_to("group:default/b")),
    ]
    drawn = graph(link_to("component:default/x"), pairs)
    assert "dependencyOf" in INCOMING
    assert drawn.nodes[0].x < drawn.center.x < drawn.nodes[1].x


def test_pagers_say_where_they_stand() -> None:
    last = numbered({}, page=3, shown=24, total=124, per_page=50)
    assert (last.first, last.last, last.next, last.previous) == (101, 124, None, {"page": "2"})
    nothing = numbered({}, page=1, shown=0, total=0, per_page=50)
    assert (nothing.first, nothing.last, nothing.next) == (0, 0, None)
    onward = forward({"code": "X"}, start=51, shown=50, after="0-9")
    assert onward.next == {"code": "X", "after": "0-9", "from": "101"}
    assert onward.previous == {"code": "X"}


def test_refs_that_no_page_can_be_at_are_text() -> None:
    assert link_to("not a ref at all").parts is None
    assert link_to("component:default/a/b").parts is None
    assert link_to("component:shop/pay").title == "shop/pay"


def test_words() -> None:
    assert words("dependsOn") == "depends on"
    assert kind_plural(("api",), 2) == "2 APIs"
    assert kind_plural(("widget",), 1) == "1 entity"
    assert lower_first("API exists") == "API exists"
    assert lower_first("A team") == "a team"
    assert plain("**bold** `x` [y](http://z)\n# h") == "bold x y h"
    assert ticks("a `<b>` c") == "a <code>&lt;b&gt;</code> c"
    assert ticks("one ` only") == "one ` only"


def test_what_is_not_known_is_told_with_why_and_not_as_nothing() -> None:
    card = scorecard(check("repo.readme.bytes > 0", observe=["repo.readme.bytes"]))
    unread = record({"repo.readme.bytes": FailedFact(reason=Unknown.NOT_CONFIGURED, detail="")})
    missing = record({"repo.readme.bytes": Missing()})
    rows = {}
    for name, found in (("unread", unread), ("missing", missing)):
        subject = Assessable(id=1, ref="component:default/a", body=b"{}", records=(found,))
        result = assess(card, subject)
        assert result is not None
        (rows[name],) = [
            row for rung in ladder(card, result, {}, {}, {}).rungs for row in rung.rows
        ]
    assert (rows["unread"].observed, len(rows["unread"].unknown)) == ((), 1)
    assert (rows["missing"].observed, rows["missing"].unknown) == (
        (("repo.readme.bytes", "nothing"),),
        (),
    )


def test_what_stands_in_the_way_comes_first_on_its_level() -> None:
    rules = ("repo.readme.bytes > 0", "repo.readme.bytes > 9", "repo.readme.bytes > 1")
    card = scorecard(*map(check, rules))
    found = record({"repo.readme.bytes": 5})
    subject = Assessable(id=1, ref="component:default/a", body=b"{}", records=(found,))
    result = assess(card, subject)
    assert result is not None
    rows = [row.check.id for rung in ladder(card, result, {}, {}, {}).rungs for row in rung.rows]
    assert rows == ["check-1", "check-0", "check-2"]


def test_of_what_stands_in_the_way_the_first_is_what_advice_says_first() -> None:
    efforts = ("days", "hours", "minutes", "hours")
    rules = [
        check("repo.readme.bytes > 9", effort=one, weight=n + 1) for n, one in enumerate(efforts)
    ]
    card = scorecard(*rules)
    found = record({"repo.readme.bytes": 5})
    subject = Assessable(id=1, ref="component:default/a", body=b"{}", records=(found,))
    result = assess(card, subject)
    assert result is not None
    rows = [row.check.id for rung in ladder(card, result, {}, {}, {}).rungs for row in rung.rows]
    assert rows == [step.check for step in next_steps(card, result)]
    assert rows[0] == "check-2"


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Orders", "Orders"),
        ("W" * 10_000, "W" * 200 + "…"),
        ("\u202elive\u202c service", "live service"),
        ("\u2067service\u2069", "service"),
        ("Z" + "\u0301\u0334\u0489" * 300, "Z\u0301\u0334\u0489\u0301"),
        (
            "\u0627\u0644\u0637\u0644\u0628\u0627\u062a",
            "\u0627\u0644\u0637\u0644\u0628\u0627\u062a",
        ),
        ("e\u0301te\u0301", "e\u0301te\u0301"),
        ("", "orders"),
    ],
)
def test_a_title_is_shown_as_one_line_can_carry_it(title: str, shown: str) -> None:
    assert link_to("component:default/orders", title=title).title == shown
