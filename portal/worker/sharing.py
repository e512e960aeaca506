"""Sharing: work of which others may do parts, and that is done when all of them are."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from portal.worker.doing import Doing
from portal.worker.requests import Lane

LOOK_AGAIN = 0.2
"""Seconds between two looks at what others are working on."""


def share_out(doing: Doing, work: Mapping[str, Callable[[], object]]) -> None:
    """Offer pieces of work, by their keys, to every worker, and do them too until all are done."""
    doing.requests.request_all([*work], Lane.SWEEP)
    while left := doing.holding.not_kept(work):
        doing.go_on()
        if not (claimed := doing.holding.claim(left, limit=1)):
            doing.stopping.wait(LOOK_AGAIN)  # others are at work on what is left
        for claim in claimed:
            doing.holding.keep(claim, work[claim.key])
