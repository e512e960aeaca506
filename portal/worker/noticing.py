"""Noticing: what teams are to be told is found, put into messages, and delivered.

Each step may run at any time, twice, on any worker: notices have keys and messages ids of their own.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from plugins.contract import Delivered, NotDelivered, Notifier, Problem
from portal.db.people import campaigns, exemptions, notices, outbox, standings
from portal.db.people.spending import owners_of
from portal.db.state import Connection
from portal.worker.tools import Tools
from scorecards.people.campaigns import State, reminders
from scorecards.people.notices import (
    Drop,
    Kind,
    Notice,
    Timing,
    Watch,
    due_teams,
    message,
    next_attempt,
    watched,
)
from scorecards.scorecard import Scorecard

log = logging.getLogger(__name__)

BATCH = 20
"""Messages that are claimed together."""

KEEP = timedelta(days=90)
"""How long notices, and messages that are delivered or given up, are kept."""


def find(tools: Tools) -> int:
    """Keep what there is to tell and was not told; returns how many notices are new."""
    timing, now = tools.notices, tools.now()
    if timing is None:
        return 0
    cards = {card.name: card for card in tools.setup.scorecards}
    with tools.database.write() as connection:
        found = [
            *_drops(connection, cards, timing, now),
            *_expiring(connection, timing, now),
            *_campaigns(connection, cards, timing, now),
        ]
        # Without a channel they are read in the portal alone, and none is ever sent.
        notices.forget(connection, before=now - KEEP, unsent=not _notifiers(tools))
        outbox.forget(connection, before=now - KEEP)
        return notices.put(connection, found, now=now)


def bundle(tools: Tools) -> int:
    """Put notices into messages, one for each team and channel; returns how many messages."""
    timing, now = tools.notices, tools.now()
    names = [notifier.name for notifier in _notifiers(tools)]
    if timing is None or not names:
        return 0
    made = 0
    with tools.database.write() as connection:
        due = due_teams(notices.waiting(connection), digest=timing.digest, now=now)
        addresses = outbox.addresses(connection, due)
        for team, found in due.items():
            for name in names:
                one = message(team, found, channel=name, address=addresses.get(team, ""))
                made += outbox.put(connection, one, channel=name, now=now)
            notices.set_state(connection, [notice.key for notice in found], notices.SENT)
    return made


def deliver(tools: Tools) -> int:
    """Send the messages whose time has come; returns how many were taken."""
    by_name = {notifier.name: notifier for notifier in _notifiers(tools)}
    taken = 0
    while True:
        with tools.database.read() as connection:
            if not outbox.has_due(connection, now=tools.now()):
                return taken
        with tools.database.write() as connection:
            batch = outbox.claim(connection, now=tools.now(), limit=BATCH)
        for one in batch:
            taken += _send(tools, by_name.get(one.channel), one)


def _send(tools: Tools, notifier: Notifier | None, one: outbox.Outgoing) -> bool:
    """One attempt, and what came of it."""
    said: Delivered | NotDelivered
    if notifier is None:
        gone = Problem(code="CHANNEL_GONE", message=f"There is no channel {one.channel}.")
        said = NotDelivered(problem=gone, final=False)
    else:
        try:
            said = notifier.send(one.message, now=tools.now())
        except Exception as error:  # a stranger's code: one message, and not the others
            log.exception("channel %s failed", one.channel)
            broken = Problem(code="CHANNEL_FAILED", message=f"It raised {type(error).__name__}.")
            said = NotDelivered(problem=broken, final=False)
    with tools.database.write() as connection:
        if isinstance(said, Delivered):
            outbox.note_sent(connection, one.message.id, now=tools.now())
            return True
        attempts = one.attempts + 1
        again = (
            None if said.final else next_attempt(attempts, now=tools.now(), chance=tools.chance())
        )
        outbox.note_failure(connection, one.message.id, said.problem.message, again_at=again)
    log.warning("a message by %s was not taken: %s", one.channel, said.problem.message)
    return False


def _notifiers(tools: Tools) -> list[Notifier]:
    return [notifier for plugin in tools.plugins for notifier in plugin.notifiers]


def _drops(
    connection: Connection, cards: dict[str, Scorecard], timing: Timing, now: datetime
) -> Iterator[Notice]:
    """Levels that are lost and stayed so; what teams know of is kept."""
    known: dict[tuple[str, int], Watch] = {}
    lost: list[tuple[notices.Watched, Drop]] = []
    for one in notices.to_watch(connection):
        watch, drop = watched(
            one.watch,
            proven=one.proven,
            possible=one.possible,
            version=one.version,
            now=now,
            after=timing.level_drop_after,
        )
        if watch != one.watch:
            known[one.scorecard, one.entity_id] = watch
        if drop is not None and one.scorecard in cards:
            lost.append((one, drop))
    notices.put_watches(connection, known)
    owners = owners_of(connection, [one.entity_id for one, _ in lost])
    for one, drop in lost:
        card = cards[one.scorecard]
        levels = [level.name for level in card.levels]
        text = (
            f"{one.ref} has gone from {_name(levels, drop.before)} to {_name(levels, drop.now)} "
            f"on {card.title}, since {drop.since.date().isoformat()}"
        )
        for team in owners.get(one.entity_id, ("",)):
            key = f"level:{one.scorecard}:{one.ref}:{drop.since.isoformat()}:{team}"
            yield Notice(key=key, kind=Kind.LEVEL_DROP, team=team, ref=one.ref, text=text, at=now)


def _expiring(connection: Connection, timing: Timing, now: datetime) -> Iterator[Notice]:
    """Exemptions that end soon: their entities' owners are told."""
    for one in exemptions.active(connection, now=now):
        if one.expires_at - now > timing.exemptions_before:
            continue
        what = one.scope.check or "every check"
        concerned = exemptions.covered(connection, one.scope)
        owners = owners_of(connection, concerned)
        teams = {team for found in owners.values() for team in found} or {""}
        ref = getattr(one.scope.whom, "ref", "")
        text = (
            f"The exemption {one.id} of {ref or f'{len(concerned)} entities'} from {what} of "
            f"{one.scope.scorecard} ends on {one.expires_at.date().isoformat()}"
        )
        for team in sorted(teams):
            yield Notice(
                key=f"exemption:{one.id}:{team}",
                kind=Kind.EXEMPTION_EXPIRING,
                team=team,
                ref=ref,
                text=text,
                at=now,
            )


def _campaigns(
    connection: Connection, cards: dict[str, Scorecard], timing: Timing, now: datetime
) -> Iterator[Notice]:
    """Campaigns that are due, and those who are to be reminded of them."""
    for one in campaigns.in_states(connection, [State.ACTIVE], now=now):
        card = cards.get(one.plan.scorecard)
        if card is None:
            continue
        said = standings.progress(connection, card, one.plan)
        target = datetime.combine(one.plan.target_on, time.min, UTC)
        until = one.plan.target_on.isoformat()
        for team, stand in said.by_owner.items():
            if stand.open and target - now <= timing.campaigns_before:
                text = f"{one.plan.title}: {_entities(stand.open)} left until {until}"
                key = f"due:{one.name}:{until}:{team}"
                yield Notice(key=key, kind=Kind.CAMPAIGN_DUE, team=team, ref="", text=text, at=now)
        for reminder in reminders(one, said.by_owner, now=now):
            yield Notice(
                key=f"reminder:{one.name}:{reminder.number}:{reminder.owner}",
                kind=Kind.CAMPAIGN_REMINDER,
                team=reminder.owner,
                ref="",
                text=f"{one.plan.title}: {_entities(reminder.open)} open; the target is {until}",
                at=now,
            )


def _entities(count: int) -> str:
    return "1 entity is" if count == 1 else f"{count} entities are"


def _name(levels: list[str], rank: int) -> str:
    return levels[min(rank, len(levels) - 1)]
