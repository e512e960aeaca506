"""Numbers that are kept: right at once where that is quick, else with their age, and never old."""

import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from flask import render_template
from page_people import send
from page_shop import Shop
from sqlalchemy import Connection

from portal.db.engine import Database
from portal.db.state import raise_assessment, state_of
from portal.ui.state_memory import MOST_KEPT, OLDEST, QUICK, Counted, StateMemory
from tests.catalog_rows import NOW


@dataclass
class Counting:
    """Counts in a database that changes; the number is the state itself."""

    database: Database
    slow: bool = True
    now: timedelta = timedelta()
    made: list[str] = field(default_factory=list)
    may_go_on: threading.Event = field(default_factory=threading.Event)
    broken: bool = False

    def __post_init__(self) -> None:
        self.may_go_on.set()
        self.memory = StateMemory[str, str](
            database=self.database, now=lambda: NOW + self.now, make=self.make
        )

    def make(self, connection: Connection, key: str) -> str:
        assert self.may_go_on.wait(10)
        if self.broken:
            raise ValueError("cannot be counted")
        began = time.thread_time()
        while self.slow and time.thread_time() - began <= QUICK:
            pass
        self.made.append(key)
        return state_of(connection)

    def change(self) -> str:
        """The new state, a second later."""
        self.now += timedelta(seconds=1)
        with self.database.write() as connection:
            raise_assessment(connection)
            return state_of(connection)

    def get(self, key: str = "", *, exact: bool = False) -> Counted[str]:
        with self.database.read() as connection:
            return self.memory.get(connection, key, exact=exact)

    def wait(self) -> None:
        """Until nothing is counted beside the requests."""
        for thread in threading.enumerate():
            if "_beside" in thread.name:
                thread.join(10)


@pytest.fixture(autouse=True)
def counts_wait() -> None:
    """Here some counts are slow."""


@pytest.fixture
def counting(database: Database) -> Counting:
    return Counting(database)


def test_what_is_quick_is_always_right(counting: Counting) -> None:
    counting.slow = False
    counting.get()
    for _ in range(2):
        state = counting.change()
        assert counting.get() == counting.get() == Counted(value=state, behind=None)
    assert len(counting.made) == 3


def test_what_takes_long_is_shown_with_its_age_until_it_is_counted(counting: Counting) -> None:
    first = counting.change()
    assert counting.get() == Counted(value=first, behind=None)
    seen_at = NOW + counting.now
    counting.may_go_on.clear()
    state = counting.change()
    for _ in range(3):
        assert counting.get() == Counted(value=first, behind=seen_at)
    counting.may_go_on.set()
    counting.wait()
    assert len(counting.made) == 2, "once at a time, however many ask"
    assert counting.get() == Counted(value=state, behind=None)


def test_who_has_changed_something_waits(counting: Counting) -> None:
    counting.get()
    state = counting.change()
    assert counting.get(exact=True) == Counted(value=state, behind=None)


def test_numbers_that_were_overtaken_long_ago_are_not_shown(counting: Counting) -> None:
    counting.get()
    counting.now += OLDEST
    state = counting.change()
    assert counting.get() == Counted(value=state, behind=None)


def test_age_is_since_they_were_last_right(counting: Counting) -> None:
    counting.get()
    counting.now += OLDEST
    assert counting.get().behind is None
    seen_at = NOW + counting.now
    counting.change()
    assert counting.get().behind == seen_at
    counting.wait()


def test_several_first_viewers_wait_for_one_count(counting: Counting) -> None:
    state = counting.change()
    counting.may_go_on.clear()
    found: list[Counted[str]] = []
    viewers = [threading.Thread(target=lambda: found.append(counting.get())) for _ in range(4)]
    for viewer in viewers:
        viewer.start()
    counting.may_go_on.set()
    for viewer in viewers:
        viewer.join(10)
    assert found == [Counted(value=state, behind=None)] * 4
    assert len(counting.made) == 1


def test_a_count_that_fails_is_told_to_who_has_to_wait_for_it(
    counting: Counting, caplog: pytest.LogCaptureFixture
) -> None:
    first = counting.get().value
    counting.broken = True
    counting.change()
    assert counting.get().value == first
    counting.wait()
    assert "numbers could not be counted" in caplog.text
    with pytest.raises(ValueError, match="cannot be counted"):
        counting.get(exact=True)
    counting.broken = False
    assert counting.get(exact=True).behind is None


def test_few_are_kept(counting: Counting) -> None:
    counting.slow = False
    for _ in range(2):
        for key in range(MOST_KEPT + 1):
            counting.get(str(key))
    assert len(counting.made) == 2 * (MOST_KEPT + 1)
    counting.get(str(MOST_KEPT))
    assert len(counting.made) == 2 * (MOST_KEPT + 1)


def test_page_says_how_old_its_numbers_are(shop: Shop) -> None:
    with shop.client.application.test_request_context("/insights"):
        said = render_template("freshness.html", behind=NOW, now=NOW + timedelta(seconds=4.7))
        assert "right 4 s ago, and are being counted again" in said
    assert "being counted again" not in shop.get("/insights")


def test_only_an_accepted_form_marks_its_sender(shop: Shop) -> None:
    wanted = {
        "ref": "component:default/orders",
        "scorecard": "readiness",
        "ground": "risk_accepted",
        "text": "It goes in March.",
        "expires_on": "2026-03-09",
    }
    refused = send(shop.client, "/exemptions/new", **wanted | {"expires_on": ""})
    assert shop.client.get_cookie("changed") is None
    assert refused.status_code >= 400
    send(shop.client, "/exemptions/new", **wanted)
    mark = shop.client.get_cookie("changed")
    assert mark is not None
    assert (mark.max_age, mark.path, mark.http_only) == (30, "/", True)
