"""Hostile rules in real children: stopped with a reason at their place, and the others go on."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from portal.db.evaluation import quarantine
from portal.db.work import marks
from portal.use_cases.stopping import pardon, stopped_rules
from portal.version import EDITION
from tests.portal.worker.hostile_rules import (
    ENDLESS,
    GREEDY,
    NAMES,
    SLOW,
    Running,
    only_on,
    scorecard,
)

GOOD = scorecard("good", fine="entity.spec.type == 'service'", short="size(entity.kind) < 3")
Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a portal with these scorecards, which has read its services."""
    started: list[Running] = []

    def begin(*documents: str, url: str = f"sqlite:///{tmp_path}/portal.db") -> Running:
        running = Running(url, tmp_path, *documents)
        started.append(running)
        running.read()
        return running

    yield begin
    for running in started:
        running.close()


def is_all_right(running: Running) -> bool:
    """Whether every good result is there."""
    return (running.outcomes("good", "fine"), running.outcomes("good", "short")) == (
        ["pass"] * 3,
        ["fail"] * 3,
    )


@pytest.mark.parametrize(
    "rule",
    [
        pytest.param(SLOW, marks=pytest.mark.slow),
        only_on("b", ENDLESS),
        pytest.param(GREEDY, marks=pytest.mark.slow),
    ],
    ids=["slow", "endless", "greedy"],
)
def test_a_hostile_rule_is_stopped_and_everything_else_is_stored(start: Start, rule: str) -> None:
    running = start(GOOD, scorecard("bad", fine="entity.kind == 'Component'", hostile=rule))
    running.work()
    assert is_all_right(running)
    assert running.outcomes("bad", "fine") == ["pass"] * 3
    assert (
        running.outcomes("bad", "hostile") == ["error"] * 3
    )  # of all, not of those that came later
    where = (
        "component:default/b" if rule.startswith("entity.metadata.name") else "component:default/a"
    )
    reason = running.said("c", "bad", "hostile").reason
    assert "took longer than " in reason
    assert reason.endswith(f" on {where} and is not run any more")
    with running.portal.database.read() as connection:
        (problem,) = stopped_rules(running.portal, connection)
    text = running.file.read_text().splitlines()
    assert (problem.code, problem.file) == ("RULE_STOPPED", str(running.file))
    assert problem.line is not None
    assert problem.column is not None
    assert text[problem.line - 1][problem.column - 1 :].strip('"').startswith(rule)
    assert problem.message.endswith(f" on {where} and is not run any more")


@pytest.mark.slow
def test_what_was_stopped_costs_nothing_any_more_not_even_after_a_restart(
    start: Start, database_url: str
) -> None:
    rules = (GOOD, scorecard("bad", hostile=GREEDY))
    running = start(*rules, url=database_url)
    running.work()
    with a_system_that_kills_who_needs(
        running, LARGE
    ) as killed:  # a child that runs it would be caught
        running.ask_again()
        assert running.work() == 1
        running.publish(*rules)
        running.ask_again()
        assert running.work() == 1
    assert killed == []
    assert is_all_right(running)
    assert running.outcomes("bad", "hostile") == ["error"] * 3


def test_another_text_is_tried_anew_and_so_is_what_is_pardoned(start: Start) -> None:
    running = start(GOOD, scorecard("bad", hostile=SLOW))
    running.work()
    (first,) = running.quarantined()
    running.publish(GOOD, scorecard("bad", hostile="entity.kind == 'Component'"))
    running.work()
    assert running.outcomes("bad", "hostile") == ["pass"] * 3
    running.publish(GOOD, scorecard("bad", hostile=SLOW))
    running.work()
    (card,) = [card for card in running.portal.scorecards if card.name == "bad"]
    with running.portal.database.write() as connection:
        assert pardon(running.portal, connection, card) == [first]
        assert marks.count_marks(connection) == len(NAMES)
    assert running.quarantined() == []
    running.work()  # in the very children that had found it out
    assert running.quarantined() == [first]


def test_another_edition_of_the_product_tries_everything_anew(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = start(GOOD, scorecard("bad", hostile=SLOW))
    running.work()
    monkeypatch.setattr("portal.wiring.EDITION", "another")
    running.publish(GOOD, scorecard("bad", hostile=SLOW))
    assert running.quarantined() == []
    with running.portal.database.read() as connection:
        assert marks.count_marks(connection) == len(NAMES)


def test_a_rule_over_which_children_are_killed_is_stopped(start: Start) -> None:
    """As in a container that has less memory than the rule wants."""
    running = start(GOOD, scorecard("bad", hostile=only_on("b", GREEDY)))
    with a_system_that_kills_who_needs(running, LARGE) as killed:
        running.work()
    assert killed
    assert is_all_right(running)
    assert running.outcomes("bad", "hostile") == ["error"] * 3
    reason = running.said("a", "bad", "hostile").reason
    assert reason.endswith(" on component:default/b and is not run any more")


def test_a_child_that_is_killed_for_no_reason_blames_no_rule(start: Start) -> None:
    running = start(GOOD)
    with a_system_that_kills_who_needs(running, 0, at_most=1) as killed:
        running.work()
    assert len(killed) == 1
    assert is_all_right(running)
    assert running.quarantined() == []


@pytest.mark.slow
def test_a_hostile_observation_is_stopped_and_its_check_goes_on(start: Start) -> None:
    document = scorecard("bad", fine="entity.kind == 'Component'").replace(
        "why: w", f'why: w, observe: [{{title: Much, expression: "{ENDLESS}"}}]'
    )
    running = start(GOOD, document)
    running.work()
    assert is_all_right(running)
    assert running.outcomes("bad", "fine") == ["pass"] * 3
    assert "is not run any more" in str(running.said("b", "bad", "fine").observed["Much"])
    with running.portal.database.read() as connection:
        (problem,) = stopped_rules(running.portal, connection)
    assert problem.column == document.splitlines()[-1].index(f'"{ENDLESS}') + 1


def test_what_a_scorecard_takes_over_is_a_problem_of_the_file_it_is_from(start: Start) -> None:
    child = (
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\nmetadata: {name: heir, title: T}\n"
        "spec: {extends: bad}\n"
    )
    running = start(GOOD, scorecard("bad", hostile=SLOW), child)
    running.work()
    assert running.outcomes("heir", "hostile") == ["error"] * 3
    with running.portal.database.read() as connection:
        assert len(stopped_rules(running.portal, connection)) == 1
        assert list(quarantine.refused(connection, EDITION)) == [SLOW]


LARGE = 400 * 1024**2
"""Bytes of memory that no child needs for good rules."""


@contextmanager
def a_system_that_kills_who_needs(
    running: Running, limit: int, *, at_most: int = 1000
) -> Iterator[list[int]]:
    """Kills children of the portal that have more memory, as a container does; yields which."""
    killed: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.01):
            for child in running.children():
                if child not in killed and len(killed) < at_most and memory(child) > limit:
                    os.kill(child, signal.SIGKILL)
                    killed.append(child)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()


def memory(process: int) -> int:
    """Bytes that a process has; 0 where it has ended."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf(
            "SC_PAGE_SIZE"
        )
    except OSError:
        return 0
