"""What is noted of evaluations, and which are too slow: processor time counts, not waiting."""

from __future__ import annotations

import time

from portal.slate import Slate
from portal.worker.children.watching import Stopwatch, named


def work(seconds: float) -> None:
    """Take processor time."""
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass


def watch(*, once: float = 0.05, total: float = 10.0) -> tuple[Stopwatch, Slate]:
    slate = Slate(-1)
    stopwatch = Stopwatch(slate, once=once, total=total)
    stopwatch.begin_task()
    stopwatch.look_at(7, lambda: "component:default/x")
    return stopwatch, slate


def test_what_runs_is_on_the_slate_and_goes_when_it_has_ended() -> None:
    stopwatch, slate = watch()
    assert slate.read() is None
    stopwatch.begins("entity.kind == 'Größe'")
    note = slate.read()
    assert note is not None
    assert (note.text, note.number) == ("entity.kind == 'Größe'", 7)
    stopwatch.ended()
    assert slate.read() is None


def test_an_evaluation_that_takes_too_long_is_told_with_the_entity() -> None:
    stopwatch, _ = watch()
    stopwatch.begins("slow")
    work(0.06)
    why = "took longer than 0.05 s on component:default/x and is not run any more"
    assert stopwatch.ended() == why
    assert stopwatch.refused == {"slow": why}


def test_waiting_is_not_taking_long() -> None:
    stopwatch, _ = watch()
    stopwatch.begins("waits")
    time.sleep(0.1)
    assert stopwatch.ended() == ""


def test_what_was_done_between_two_entities_is_not_counted() -> None:
    stopwatch, _ = watch(once=0.1)
    for number in range(3):
        work(0.2)
        stopwatch.look_at(number, str)
        stopwatch.begins("quick")
        work(0.02)
        assert stopwatch.ended() == ""


def test_an_expression_that_takes_a_little_too_often_is_told() -> None:
    stopwatch, _ = watch(once=10.0, total=0.1)
    said = []
    for _ in range(12):
        stopwatch.begins("often")
        work(0.02)
        said.append(stopwatch.ended())
    assert said[0] == ""
    assert (
        said[-1] == "took longer than 0.1 s in all on up to 1,000 entities and is not run any more"
    )
    stopwatch.begin_task()
    stopwatch.begins("often")
    work(0.02)
    assert stopwatch.ended() == ""


def test_several_at_once_are_too_slow_and_none_of_them_is_blamed() -> None:
    stopwatch, _ = watch()
    stopwatch.begins("")
    work(0.06)
    assert stopwatch.ended() != ""
    assert stopwatch.refused == {}


def test_an_entity_is_named_as_people_do() -> None:
    assert named(b'{"kind": "API", "metadata": {"name": "Pay"}}') == "api:default/pay"


def test_what_was_done_before_there_was_a_watch_is_not_counted() -> None:
    work(0.06)
    stopwatch = Stopwatch(Slate(-1), once=0.05)
    stopwatch.begins("quick")
    work(0.01)
    assert stopwatch.ended() == ""
