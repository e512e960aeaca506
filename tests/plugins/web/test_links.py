"""Links are asked as a visitor would, at hosts that may be asked, and broken after the third failure."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from webserver import Reply, WebServer, answer, raw, redirect

from plugins.contract import (
    FactState,
    FailedFact,
    Known,
    LinkFacts,
    Missing,
    ReadingRule,
    Unknown,
)
from plugins.web.client import CheckedClient
from plugins.web.links import AT_ONCE, LinkCollector

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LATER = timedelta(hours=8)


def collector(*hosts: str, **options: Any) -> LinkCollector:
    rules = tuple(ReadingRule(host=host) for host in hosts)
    return LinkCollector(LinkFacts(allow=rules), CheckedClient(rules, seconds=5, **options))


def entity(*links: object) -> dict[str, Any]:
    return {"kind": "Component", "metadata": {"name": "a", "links": list(links)}}


def runbook(url: str) -> dict[str, Any]:
    return entity({"url": url, "title": "Our Runbook"})


def facts(
    asked: LinkCollector, about: dict[str, Any], *, at: datetime = NOW
) -> dict[str, FactState]:
    return dict(asked.observe(asked.subject_of(about), now=at).facts)


def state(asked: LinkCollector, about: dict[str, Any], *, at: datetime = NOW) -> FactState:
    return facts(asked, about, at=at)["links.runbook_status"]


def test_a_link_that_answers_is_known_by_its_role(server: WebServer) -> None:
    server.replies["/run"] = answer()
    server.replies["/board"] = answer()
    about = entity(
        {"url": f"{server.url}/board", "icon": "dashboard"},
        {"url": f"{server.url}/run", "title": "Runbook of the shop"},
        {"url": f"{server.url}/other", "title": "Other runbook"},
        "odd",
        {"title": "no URL"},
    )
    server.replies["/other"] = answer()
    found = facts(collector(server.authority), about)
    assert found == {
        "links.runbook_status": Known(value=200),
        "links.dashboard_status": Known(value=200),
        "links.broken": Known(value=()),
    }
    assert server.methods == ["HEAD"] * 3
    assert all("authorization" not in headers for _, headers in server.asked)


def test_where_none_is_linked_it_is_missing_and_nothing_is_asked(server: WebServer) -> None:
    for about in (entity(), {"metadata": {}}, {"metadata": {"links": "odd"}}, {}):
        found = facts(collector(server.authority), about)
        assert isinstance(found["links.runbook_status"], Missing)
        assert isinstance(found["links.dashboard_status"], Missing)
    assert server.asked == []


def only_get(reply: Reply, *, head: int) -> Reply:
    def replied(handler: BaseHTTPRequestHandler) -> None:
        (answer(status=head) if handler.command == "HEAD" else reply)(handler)

    return replied


@pytest.mark.parametrize("head", [404, 405, 403, 501])
def test_what_head_is_refused_the_first_byte_is_asked_for(server: WebServer, head: int) -> None:
    server.replies["/x"] = only_get(answer(b"a" * 100_000), head=head)
    assert state(collector(server.authority), runbook(f"{server.url}/x")) == Known(value=200)
    assert server.methods == ["HEAD", "GET"]
    assert server.asked[1][1]["range"] == "bytes=0-0"


def test_a_host_that_knows_no_head_is_not_left_alone(server: WebServer) -> None:
    asked = collector(server.authority)
    for number in range(20):
        server.replies[f"/{number}"] = only_get(answer(), head=501)
        assert state(asked, runbook(f"{server.url}/{number}")) == Known(value=200)


def test_a_part_and_an_empty_page_are_pages(server: WebServer) -> None:
    server.replies["/part"] = only_get(answer(b"a", status=206), head=405)
    server.replies["/empty"] = only_get(answer(status=416), head=405)
    asked = collector(server.authority)
    assert state(asked, runbook(f"{server.url}/part")) == Known(value=206)
    assert state(asked, runbook(f"{server.url}/empty")) == Known(value=200)


def test_redirects_are_followed_as_far_as_they_may_be(server: WebServer, other: WebServer) -> None:
    server.replies["/moved"] = redirect("/here")
    server.replies["/here"] = answer(status=404)
    server.replies["/login"] = redirect(f"{other.url}/sign-in")
    asked = collector(server.authority)
    assert isinstance(state(asked, runbook(f"{server.url}/moved")), FailedFact)
    assert state(asked, runbook(f"{server.url}/login")) == Known(value=302)
    assert other.asked == []


@pytest.mark.parametrize(
    ("reply", "value"),
    [(answer(status=404), 404), (answer(status=503), 503), (raw(b"odd\r\n\r\n"), 0)],
)
def test_what_fails_is_broken_after_the_third_time(
    server: WebServer, reply: Reply, value: int
) -> None:
    server.replies["/x"] = reply
    about, asked = runbook(f"{server.url}/x"), collector(server.authority)
    for number in range(2):
        found = state(asked, about, at=NOW + number * LATER)
        assert isinstance(found, FailedFact), found
        assert found.reason is Unknown.SOURCE_FAILED
        assert f"number {number + 1}" in found.detail
    # At once it is not asked again, and so does not fail again.
    assert isinstance(state(asked, about, at=NOW + LATER), FailedFact)
    broken = facts(asked, about, at=NOW + 2 * LATER)
    assert broken["links.runbook_status"] == Known(value=value)
    assert broken["links.broken"] == Known(value=(f"{server.url}/x",))


def test_one_answer_and_the_failures_begin_anew(server: WebServer) -> None:
    about, asked = runbook(f"{server.url}/x"), collector(server.authority)
    for number, reply in enumerate(
        [answer(status=404), answer(status=404), answer(), answer(status=404)]
    ):
        server.replies["/x"] = reply
        found = state(asked, about, at=NOW + number * LATER)
    assert isinstance(found, FailedFact)
    assert "number 1" in found.detail


@pytest.mark.parametrize("status", [401, 403])
def test_a_page_behind_a_login_is_not_told_apart(server: WebServer, status: int) -> None:
    server.replies["/x"] = answer(status=status)
    asked = collector(server.authority)
    for number in range(4):
        found = state(asked, runbook(f"{server.url}/x"), at=NOW + number * LATER)
        assert isinstance(found, FailedFact)
        assert found.reason is Unknown.NOT_PERMITTED


@pytest.mark.parametrize(
    "url",
    [
        "mailto:ops@example.com",
        "/docs/runbook.md",
        "javascript:alert(1)",
        "https://user:secret@wiki.example.com/",
        "https://elsewhere.example.com/",
        "https://intern.example.com/",
    ],
)
def test_what_may_not_be_asked_is_unknown_and_never_broken(url: str) -> None:
    # The second rule names a domain, which a host with an internal address may not hide in.
    asked = collector("wiki.example.com", "*.example.com:8443", resolve=lambda *_: ["10.0.0.1"])
    url = url.replace("intern.example.com", "intern.example.com:8443")
    for number in range(4):
        found = facts(asked, runbook(url), at=NOW + number * LATER)
        said = found["links.runbook_status"]
        assert isinstance(said, FailedFact), said
        assert said.reason is Unknown.NOT_CONFIGURED
        assert "secret" not in said.detail
        assert found["links.broken"] == Known(value=())


def test_a_link_that_many_have_is_asked_once(server: WebServer) -> None:
    server.replies["/wiki"] = answer()
    asked = collector(server.authority)
    for name in "abc":
        about = entity({"url": f"{server.url}/wiki", "title": f"Runbook of {name}"})
        assert state(asked, about) == Known(value=200)
    assert len(server.asked) == 1


def test_few_requests_to_a_host_are_under_way_at_a_time(server: WebServer) -> None:
    guard, under_way, most = threading.Lock(), 0, 0

    def slow(handler: BaseHTTPRequestHandler) -> None:
        nonlocal under_way, most
        with guard:
            under_way += 1
            most = max(most, under_way)
        server.stopping.wait(0.05)
        with guard:
            under_way -= 1
        answer()(handler)

    asked = collector(server.authority)
    for number in range(8):
        server.replies[f"/{number}"] = slow
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda n: state(asked, runbook(f"{server.url}/{n}")), range(8)))
    assert found == [Known(value=200)] * 8
    assert 1 <= most <= AT_ONCE


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["metadata", "links", "url", "title"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["metadata", "links"]), JSON, max_size=2))
def test_no_descriptor_is_an_exception(about: dict[str, Any]) -> None:
    asked = collector("wiki.example.com", resolve=lambda *_: ["10.0.0.1"])
    found = asked.observe(asked.subject_of(about), now=NOW)
    assert found.facts.keys() == {schema.name for schema in asked.schemas}
