"""From what happened to what a receiver gets, on both databases."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.ingest.removal import RemovalPolicy
from plugins.contract import (
    Delivered,
    Message,
    NotDelivered,
    Plugin,
    Problem,
    WebhookChannel,
)
from plugins.notify.webhooks import Webhook
from portal.db.engine import Database
from portal.db.people import campaigns, exemptions, notices, outbox
from portal.worker import noticing
from portal.worker.children.setup import Setup
from portal.worker.tools import Tools
from scorecards.definitions.loading import load_scorecards
from scorecards.people.campaigns import Campaign, Checks, Plan, State, Step
from scorecards.people.exempting import approve, request
from scorecards.people.exemptions import Actor, Exemption, Ground, OneEntity, Policy, Reason, Scope
from scorecards.people.notices import MOST_ATTEMPTS, Kind, Mute, Timing
from scorecards.results import CheckResult, Outcome, ScorecardResult
from tests.catalog_rows import NOW, entity, owned, save
from tests.plugins.notify.test_webhooks import receiving
from tests.portal.at_once import shared_pool
from tests.result_rows import ResultRows

WEB, PAY = "group:default/web", "group:default/pay"
DAY = timedelta(days=1)
CARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: maturity, title: Maturity}
spec:
  levels: [Start, Middle, Top]
  checks:
    - {id: a, title: A, level: Middle, rule: "entity.kind != ''", why: w, fix: f}
    - {id: b, title: B, level: Top, rule: "entity.kind != ''", why: w, fix: f}
"""
CARDS, _ = load_scorecards(CARD, file="c.yaml", schemas={})
OUTCOMES = {"p": Outcome.PASS, "f": Outcome.FAIL, "u": Outcome.UNKNOWN}


@dataclass
class Recorder:
    """A channel that keeps what it is given, and answers as the test wants."""

    name: str = "chat"
    answers: list[Delivered | NotDelivered | Exception] = field(default_factory=list)
    got: list[Message] = field(default_factory=list)

    def send(self, message: Message, *, now: datetime) -> Delivered | NotDelivered:
        self.got.append(message)
        answer = self.answers.pop(0) if self.answers else Delivered()
        if isinstance(answer, Exception):
            raise answer
        return answer


def failed(*, final: bool = False) -> NotDelivered:
    return NotDelivered(problem=Problem(code="X", message="it is down"), final=final)


@dataclass
class World:
    tools: Tools
    channel: Recorder
    at: list[datetime]

    @property
    def database(self) -> Database:
        return self.tools.database

    def wait(self, more: timedelta) -> None:
        self.at[0] += more

    def run(self) -> tuple[int, int, int]:
        return (
            noticing.find(self.tools),
            noticing.bundle(self.tools),
            noticing.deliver(self.tools),
        )

    def says(self, name: str, letters: str, proven: int, possible: int | None = None) -> None:
        """A result, as an assessment stores it."""
        found = ResultRows(database=self.database).assessable(range(1, 60))
        result = ScorecardResult(
            ref=f"component:default/{name}",
            scorecard="maturity",
            version=CARDS[0].version,
            proven=proven,
            possible=proven if possible is None else possible,
            results=tuple(
                CheckResult(
                    check=check,
                    outcome=OUTCOMES[letter],
                    reason="",
                    observed={},
                    unknown={},
                    leaves=(),
                )
                for check, letter in zip("ab", letters, strict=True)
            ),
            evaluated_at=self.at[0],
        )
        ids = [one.id for one in found if one.ref == result.ref]
        ResultRows(database=self.database).save_results(ids, [result])

    def kept(self, **asked: Any) -> list[tuple[Kind, str, str]]:
        with self.database.read() as connection:
            found = notices.list_notices(connection, **asked).items
        return [(one.notice.kind, one.notice.team, one.state) for one in found]

    def states(self) -> list[tuple[str, int]]:
        with self.database.read() as connection:
            found = outbox.list_outgoing(connection, states=["pending", "sent", "dead"], limit=99)
        return [(one.state, one.attempts) for one in found]


@pytest.fixture
def world(database: Database, tmp_path: Path) -> World:
    save(
        database,
        owned("a", "web"),
        owned("b", "web"),
        owned("c", "pay"),
        entity("web", "Group", spec={"profile": {"email": "web@example.com"}}),
    )
    at, channel = [NOW], Recorder()
    tools = Tools(
        database=database,
        plugins=(plugin_of(channel),),
        setup=Setup(cache=tmp_path, working_tree=False, disabled_plugins=(), scorecards=CARDS),
        pool=shared_pool(),
        policy=RemovalPolicy(grace=DAY),
        rules=None,
        notices=Timing(digest=timedelta(0)),
        chance=lambda: 1.0,
        now=lambda: at[0],
    )
    world = World(tools=tools, channel=channel, at=at)
    for name in "abc":
        world.says(name, "pp", 2)
    assert world.run() == (0, 0, 0)
    return world


def plugin_of(*channels: Any) -> Plugin:
    return Plugin(name="toy", version="1", summary="", notifiers=tuple(channels))


def test_a_level_that_stays_lost_is_told_to_its_owner_once(world: World) -> None:
    world.says("a", "pf", 1)
    assert world.run() == (0, 0, 0)
    world.wait(timedelta(hours=23))
    assert world.run() == (0, 0, 0)
    world.wait(timedelta(hours=1))
    assert world.run() == (1, 1, 1)
    (message,) = world.channel.got
    assert (message.team, message.address) == (WEB, "web@example.com")
    assert "from Top to Middle on Maturity" in message.text
    for _ in range(3):
        world.wait(DAY)
        assert world.run() == (0, 0, 0)
    assert world.kept() == [(Kind.LEVEL_DROP, WEB, "sent")]


def test_a_level_that_comes_back_or_may_be_there_is_not_told(world: World) -> None:
    world.says("a", "pf", 1)
    world.says("c", "uu", 0, 2)
    world.run()
    world.wait(timedelta(hours=20))
    world.says("a", "pp", 2)
    world.run()
    world.wait(9 * DAY)
    assert world.run() == (0, 0, 0)
    assert world.kept() == []


def grant(world: World, days: int) -> None:
    asked = request(
        id=1,
        scope=Scope(scorecard="maturity", check="a", whom=OneEntity(ref="component:default/a")),
        reason=Reason(ground=Ground.RISK_ACCEPTED, text="x"),
        expires_at=NOW + timedelta(days=days),
        actor=Actor(name="may"),
        policy=Policy(),
        now=NOW,
    )
    assert isinstance(asked, Exemption)
    granted = approve(asked, actor=Actor(name="bob"), policy=Policy(), spendings=(), now=NOW)
    assert isinstance(granted, Exemption)
    with world.database.write() as connection:
        exemptions.put(connection, granted)


def test_an_exemption_that_ends_soon_is_told_once(world: World) -> None:
    grant(world, 30)
    assert world.run() == (0, 0, 0)
    world.wait(timedelta(days=16))
    assert world.run() == (1, 1, 1)
    assert "ends on 2026-03-31" in world.channel.got[0].text
    world.wait(DAY)
    assert world.run() == (0, 0, 0)
    assert world.kept() == [(Kind.EXEMPTION_EXPIRING, WEB, "sent")]


def run_campaign(world: World, every: timedelta | None) -> None:
    steps = tuple(Step(state=state, actor="", at=NOW) for state in (State.PLANNED, State.ACTIVE))
    plan = Plan(
        title="Everyone passes B",
        description="",
        owner=PAY,
        scorecard="maturity",
        goal=Checks(ids=("b",)),
        filter="",
        starts_on=NOW.date(),
        target_on=(NOW + timedelta(days=30)).date(),
        remind_every=every,
    )
    with world.database.write() as connection:
        campaigns.put(connection, Campaign(name="b", plan=plan, steps=steps))


def test_campaigns_remind_who_has_something_open_and_say_when_they_are_due(world: World) -> None:
    world.tools = replace(
        world.tools, notices=Timing(digest=timedelta(0), level_drop_after=99 * DAY)
    )
    run_campaign(world, 10 * DAY)
    world.says("a", "pf", 1)
    world.says("b", "pf", 1)
    world.says("c", "pu", 1, 2)
    assert world.run() == (0, 0, 0)
    world.wait(10 * DAY)
    assert world.run() == (1, 1, 1)
    assert world.run() == (0, 0, 0)
    assert world.kept() == [(Kind.CAMPAIGN_REMINDER, WEB, "sent")]
    assert "2 entities are open" in world.channel.got[0].text
    world.says("a", "pp", 2)
    world.wait(13 * DAY)
    world.run()
    assert sorted(world.kept()) == [
        (Kind.CAMPAIGN_DUE, WEB, "sent"),
        (Kind.CAMPAIGN_REMINDER, WEB, "sent"),
        (Kind.CAMPAIGN_REMINDER, WEB, "sent"),
    ]


def test_notices_of_a_team_go_together(world: World) -> None:
    world.tools = replace(world.tools, notices=Timing(digest=6 * timedelta(hours=1)))
    world.says("a", "pf", 1)
    world.says("c", "pf", 1)
    world.run()
    world.wait(DAY)
    assert world.run() == (2, 0, 0)
    grant(world, 10)
    world.wait(timedelta(hours=5))
    assert world.run() == (1, 0, 0)
    world.wait(timedelta(hours=1))
    assert world.run() == (0, 2, 2)
    by_team = {message.team: message.text.count("- ") for message in world.channel.got}
    assert by_team == {WEB: 2, PAY: 1}


def test_what_is_muted_is_listed_and_not_sent(world: World) -> None:
    mute = Mute(team=WEB, ref=None, kind=Kind.LEVEL_DROP, until=NOW + 3 * DAY)
    with world.database.write() as connection:
        kept = notices.put_mute(connection, mute, actor="may", now=NOW, reason="a move")
        assert notices.list_mutes(connection, now=NOW) == (kept,)
        assert notices.list_mutes(connection, now=NOW + 3 * DAY) == ()
    for name in "ac":
        world.says(name, "pf", 1)
    world.run()
    world.wait(DAY)
    assert world.run() == (2, 1, 1)
    assert [message.team for message in world.channel.got] == [PAY]
    assert world.kept(team=WEB) == [(Kind.LEVEL_DROP, WEB, "muted")]


def drop(world: World) -> None:
    world.says("a", "pf", 1)
    world.run()
    world.wait(DAY)


def test_what_is_not_taken_is_tried_again_with_the_same_id_and_given_up_in_the_end(
    world: World,
) -> None:
    drop(world)
    world.channel.answers = [failed(), RuntimeError("broken"), *[failed()] * MOST_ATTEMPTS]
    world.run()
    assert world.states() == [("pending", 1)]
    world.wait(timedelta(seconds=59))
    world.run()
    assert world.states() == [("pending", 1)]
    world.wait(timedelta(seconds=1))
    world.run()
    assert world.states() == [("pending", 2)]
    for _ in range(MOST_ATTEMPTS):
        world.wait(timedelta(hours=6))
        world.run()
    assert world.states() == [("dead", MOST_ATTEMPTS)]
    assert len(world.channel.got) == MOST_ATTEMPTS
    (identifier,) = {message.id for message in world.channel.got}
    world.channel.answers = []
    with world.database.write() as connection:
        assert outbox.revive(connection, identifier, now=world.at[0])
        assert not outbox.revive(connection, identifier, now=world.at[0])
    assert world.run() == (0, 0, 1)
    assert world.states() == [("sent", 1)]


def test_a_final_no_is_not_asked_again(world: World) -> None:
    drop(world)
    world.channel.answers = [failed(final=True)]
    world.run()
    world.wait(9 * DAY)
    world.run()
    assert world.states() == [("dead", 1)]
    assert len(world.channel.got) == 1


def test_what_a_crash_left_claimed_is_sent_again_later_and_by_nobody_else_before(
    world: World,
) -> None:
    drop(world)
    noticing.find(world.tools)
    noticing.bundle(world.tools)
    with world.database.write() as connection:
        (claimed,) = outbox.claim(connection, now=world.at[0], limit=9)
        assert outbox.claim(connection, now=world.at[0], limit=9) == ()
    assert noticing.deliver(world.tools) == 0
    world.wait(outbox.CLAIM)
    assert noticing.deliver(world.tools) == 1
    assert [message.id for message in world.channel.got] == [claimed.message.id]


def test_the_same_notices_make_the_same_message_once(world: World) -> None:
    drop(world)
    world.run()
    with world.database.write() as connection:
        keys = [one.notice.key for one in notices.list_notices(connection).items]
        notices.set_state(connection, keys, notices.NEW)
    assert world.run() == (0, 0, 0)
    assert len(world.channel.got) == 1


def test_every_channel_gets_its_own_message_and_one_that_is_down_harms_no_other(
    world: World,
) -> None:
    other = Recorder(name="mail", answers=[failed()])
    world.tools = replace(world.tools, plugins=(plugin_of(world.channel, other),))
    drop(world)
    assert world.run() == (1, 2, 1)
    assert sorted(world.states()) == [("pending", 1), ("sent", 1)]


def test_a_channel_that_is_gone_leaves_its_messages_pending(world: World) -> None:
    drop(world)
    noticing.find(world.tools)
    noticing.bundle(world.tools)
    world.tools = replace(world.tools, plugins=())
    assert noticing.deliver(world.tools) == 0
    assert world.states() == [("pending", 1)]


def test_old_ones_are_forgotten(world: World) -> None:
    drop(world)
    world.run()
    world.wait(noticing.KEEP + DAY)
    world.run()
    assert world.kept() == []
    assert world.states() == []


def test_without_a_channel_they_are_kept_to_be_read_and_forgotten_all_the_same(
    world: World,
) -> None:
    world.tools = replace(world.tools, plugins=())
    drop(world)
    assert world.run() == (1, 0, 0)
    world.wait(noticing.KEEP - DAY)
    world.run()
    assert world.kept() == [(Kind.LEVEL_DROP, WEB, "new")]
    world.wait(2 * DAY)
    world.run()
    assert world.kept() == []


def test_without_a_configuration_nothing_is_noticed(world: World) -> None:
    world.tools = replace(world.tools, notices=None)
    drop(world)
    world.wait(9 * DAY)
    assert world.run() == (0, 0, 0)
    assert world.kept() == []


def test_a_real_receiver_gets_it(world: World) -> None:
    secret = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    with receiving() as receiver:
        channel = WebhookChannel(name="hook", url=receiver.url, secrets=(secret,), internal=True)
        world.tools = replace(world.tools, plugins=(plugin_of(Webhook(channel)),))
        drop(world)
        receiver.status = 503
        assert world.run() == (1, 1, 0)
        receiver.status = 202
        world.wait(timedelta(minutes=1))
        assert world.run() == (0, 0, 1)
        first, second = receiver.got
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[1] == second[1]
    assert b'"kind":"level_drop"' in second[1]
