"""What teams are told, when, and what is kept from them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.people.notices import (
    FIRST_DELAY,
    LONGEST_DELAY,
    MOST_ATTEMPTS,
    Drop,
    Kind,
    Mute,
    Notice,
    Watch,
    due_teams,
    is_muted,
    message,
    next_attempt,
    watched,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
WEB, PAY = "group:default/web", "group:default/pay"


def look(
    before: Watch | None,
    proven: int,
    possible: int | None = None,
    *,
    hours: int = 0,
    version: str = "v1",
) -> tuple[Watch, Drop | None]:
    return watched(
        before,
        proven=proven,
        possible=proven if possible is None else possible,
        version=version,
        now=NOW + timedelta(hours=hours),
        after=DAY,
    )


def known(level: int, lost_at: datetime | None = None) -> Watch:
    return Watch(level=level, version="v1", lost_at=lost_at)


@pytest.mark.parametrize(
    ("before", "proven", "possible", "version", "after"),
    [
        (None, 2, 2, "v1", known(2)),
        (known(2), 2, 2, "v1", known(2)),
        (known(2), 3, 3, "v1", known(3)),
        (known(2), 1, 1, "v1", known(2, NOW)),
        (known(2), 0, 2, "v1", known(2)),
        (known(2), 0, 1, "v1", known(2, NOW)),
        (known(2, NOW - timedelta(hours=5)), 2, 2, "v1", known(2)),
        (known(2, NOW - timedelta(hours=5)), 1, 2, "v1", known(2)),
        (known(2, NOW - timedelta(hours=5)), 1, 1, "v1", known(2, NOW - timedelta(hours=5))),
        (known(2, NOW - DAY), 1, 1, "v2", Watch(level=1, version="v2", lost_at=None)),
    ],
    ids=[
        "first seen", "the same", "better", "lost", "unknown is not lost", "certainly lost",
        "back again", "perhaps back", "still lost", "the rules changed",
    ],
)  # fmt: skip
def test_what_is_known_after_a_look(
    before: Watch | None, proven: int, possible: int, version: str, after: Watch
) -> None:
    assert look(before, proven, possible, version=version) == (after, None)


def test_a_level_that_stays_lost_is_told_once() -> None:
    watch, drop = look(known(2), 0)
    assert drop is None
    watch, drop = look(watch, 0, hours=23)
    assert drop is None
    watch, drop = look(watch, 0, hours=24)
    assert drop == Drop(before=2, now=0, since=NOW)
    for hours in (25, 200):
        watch, drop = look(watch, 0, hours=hours)
        assert drop is None


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 30)), max_size=30))
def test_nothing_is_told_that_did_not_last(looks: list[tuple[int, int, int]]) -> None:
    watch, hours = None, 0
    history: list[tuple[int, int]] = []
    for proven, more, wait in looks:
        hours += wait
        possible = min(proven + more, 3)
        history.append((hours, possible))
        before = watch.level if watch else 3
        watch, drop = look(watch, proven, possible, hours=hours)
        if drop is not None:
            since = (drop.since - NOW) / timedelta(hours=1)
            assert hours - since >= 24
            assert all(seen < before for at, seen in history if at >= since)
            assert drop.now < drop.before


def notice(key: str = "k", **more: object) -> Notice:
    fields = {"kind": Kind.LEVEL_DROP, "team": WEB, "ref": "component:default/a", "text": "t"}
    return Notice(key=key, **fields | {"at": NOW} | more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("mute", "fits"),
    [
        ({"team": WEB}, True),
        ({"team": PAY}, False),
        ({"ref": "component:default/a"}, True),
        ({"ref": "component:default/b"}, False),
        ({"kind": Kind.LEVEL_DROP}, True),
        ({"kind": Kind.CAMPAIGN_DUE}, False),
        ({"team": WEB, "kind": Kind.CAMPAIGN_DUE}, False),
        ({"team": WEB, "ref": "component:default/a", "kind": Kind.LEVEL_DROP}, True),
    ],
)
def test_a_mute_holds_for_what_it_names_until_its_time(mute: dict[str, object], fits: bool) -> None:
    given_ = Mute(**{"team": None, "ref": None, "kind": None, "until": NOW + DAY} | mute)  # type: ignore[arg-type]
    assert is_muted(notice(), [given_], now=NOW) == fits
    assert not is_muted(notice(), [given_], now=NOW + DAY)


def test_notices_of_a_team_wait_for_each_other_until_the_oldest_has_waited_enough() -> None:
    waiting = [
        notice("old", at=NOW - DAY),
        notice("new"),
        notice("other", team=PAY),
    ]
    due = due_teams(waiting, digest=DAY, now=NOW)
    assert {team: [one.key for one in found] for team, found in due.items()} == {
        WEB: ["old", "new"]
    }
    assert due_teams(waiting, digest=timedelta(0), now=NOW).keys() == {WEB, PAY}


def test_a_message_is_named_by_its_channel_and_notices_and_by_nothing_else() -> None:
    def name(channel: str = "chat", *keys: str) -> str:
        found = [notice(key) for key in keys or ("a", "b")]
        return message(WEB, found, channel=channel, address="").id

    assert name() == name() == name("chat", "a", "b")
    assert len({name(), name("mail"), name("chat", "a"), name("chat", "b", "a")}) == 4


def test_texts_of_strangers_are_plain_in_every_part() -> None:
    hostile = "<script>alert(1)</script>\r\nBcc: all@example.com"
    made = message(WEB, [notice(text=hostile)], channel="mail", address="")
    assert "<script>" not in made.html
    assert "&lt;script&gt;" in made.html
    assert "\n" not in made.subject
    assert "\r" not in made.subject
    many = message(WEB, [notice("a"), notice("b")], channel="mail", address="")
    assert many.subject == "Plumbline for web: 2 notices"


@given(st.integers(1, MOST_ATTEMPTS - 1), st.floats(0, 1))
def test_each_attempt_waits_longer_up_to_a_bound(attempts: int, chance: float) -> None:
    again = next_attempt(attempts, now=NOW, chance=chance)
    assert again is not None
    whole = min(FIRST_DELAY * 2 ** (attempts - 1), LONGEST_DELAY)
    assert whole / 2 <= again - NOW <= whole


def test_after_the_last_attempt_there_is_none() -> None:
    assert next_attempt(MOST_ATTEMPTS, now=NOW, chance=0.5) is None
    assert next_attempt(MOST_ATTEMPTS + 5, now=NOW, chance=0.5) is None
