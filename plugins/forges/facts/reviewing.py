"""Reviews on forges where each change has to be asked for its own: how long changes wait for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from plugins.contract import FactState, FailedFact
from plugins.forges.api import Denied
from plugins.forges.facts import changes
from plugins.forges.facts.asking import Asking
from plugins.forges.facts.changes import Change, Review
from plugins.forges.facts.states import alike


def reviews_of(
    asking: Asking,
    opened: Any | Denied,
    newest: Any | Denied,
    *,
    read: Callable[[Any], Iterable[Change]],
    ask: Callable[[Asking, Change], Sequence[Review] | FailedFact],
    now: datetime,
) -> dict[str, FactState]:
    """The facts `reviews.*`, from the open changes and the newest ones as the forge lists them."""
    if isinstance(opened, Denied) or isinstance(newest, Denied):
        why = asking.failed(opened if isinstance(opened, Denied) else newest)
        return alike(changes.REVIEW_NAMES, why)
    states = (
        changes.open_age([*read(opened)], now=now),
        changes.ask_reviews(read(newest), lambda one: ask(asking, one), now=now),
    )
    return dict(zip(changes.REVIEW_NAMES, states, strict=True))
