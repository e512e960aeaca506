"""Waiting for work: as long as was asked for, and never by so many that nobody answers."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from portal.api.waiting import MOST_WAITING, wait_for
from portal.overseer import THREADS
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane


def test_so_many_wait_and_the_others_go_on(make_portal: Callable[..., Portal]) -> None:
    portal = make_portal()
    ticket = portal.work.request(ASSESS, Lane.PERSON)  # which nobody works on

    def waited(_: int) -> float:
        began = time.monotonic()
        assert not wait_for(portal, [ticket], 1.5)
        return time.monotonic() - began

    with ThreadPoolExecutor(THREADS) as threads:
        took = sorted(threads.map(waited, range(THREADS)))
    assert [seconds >= 1.5 for seconds in took] == [
        *[False] * (THREADS - MOST_WAITING),
        *[True] * MOST_WAITING,
    ]
    assert waited(0) >= 1.5  # there is room again
