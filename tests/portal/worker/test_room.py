"""Room: hosts that do not answer leave places for the others, and sweeps leave some for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.db.engine import Database
from portal.db.work import pending
from portal.worker.holding import LOOK_AHEAD, Holding
from portal.worker.requests import Lane
from portal.worker.room import PLACES, TOGETHER, Room

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Piece:
    lane: int
    host: str
    key: str = ""


PIECES = st.builds(Piece, st.sampled_from([0, 1, 2]), st.sampled_from(["", "a", "b", "c"]))


def filled(*wanted: Piece) -> Room:
    room = Room()
    for piece in wanted:
        room.take(piece)
    return room


@given(wanted=st.lists(PIECES, max_size=60))
def test_no_lane_has_more_than_its_places_and_no_host_keeps_the_others_out(
    wanted: list[Piece],
) -> None:
    room = filled(*wanted)
    for lane, places in PLACES.items():
        assert sum(1 for one in room.taken if one.lane >= lane) <= places
    for host in ("a", "b", "c"):
        if all(piece.host == host for piece in wanted):
            assert room.take(Piece(2, "another")), "one host alone never fills a lane"


@given(wanted=st.lists(PIECES, max_size=60), one=PIECES)
def test_what_is_full_is_what_gets_no_place(wanted: list[Piece], one: Piece) -> None:
    room = filled(*wanted)
    full = room.full().get(one.lane, ())
    refused = not room.take(one)
    known = {"", *(taken.host for taken in room.taken)}
    assert refused == (one.host in full or "" in full) or one.host not in known


@given(wanted=st.lists(PIECES, max_size=60))
def test_what_shares_a_place_waits_for_the_same_host_as_urgently(wanted: list[Piece]) -> None:
    room = Room()
    pieces = {str(n): piece for n, piece in enumerate(wanted)}
    joined = {key for key, piece in pieces.items() if room.join(replace(piece, key=key))}
    assert joined == {key for keys in room.batches for key in keys}
    assert len(room.taken) == len(room.batches)
    for keys in room.batches:
        assert len({(pieces[key].lane, pieces[key].host) for key in keys}) == 1
    for key in pieces.keys() - joined:
        piece = pieces[key]
        others = [one for one in room.taken if (one.lane, one.host) == (piece.lane, piece.host)]
        assert not others, "there is room beside those that share a place already"
    if wanted:
        assert joined, "the first one finds a place"


def test_a_place_is_shared_by_so_many_and_the_next_one_takes_another() -> None:
    room = Room()
    for n in range(TOGETHER + 1):
        assert room.join(Piece(Lane.SWEEP, "forge", str(n)))
    assert [len(keys) for keys in room.batches] == [TOGETHER, 1]
    assert len(room.taken) == 2


def test_two_dead_hosts_leave_a_place_for_a_third() -> None:
    room = filled(*[Piece(Lane.SWEEP, "dead")] * 9, *[Piece(Lane.SWEEP, "hung")] * 9)
    assert len(room.taken) < PLACES[Lane.SWEEP]
    assert room.take(Piece(Lane.SWEEP, "well"))


def test_what_waits_for_nobody_outside_may_have_every_place() -> None:
    assert len(filled(*[Piece(Lane.SWEEP, "")] * 20).taken) == PLACES[Lane.SWEEP]


def test_a_queue_of_one_dead_host_hides_no_key_of_another(database: Database) -> None:
    dead = {f"dead {n}": "dead" for n in range(LOOK_AHEAD + 50)}
    with database.write() as connection:
        pending.put_all(connection, dead, lane=Lane.SWEEP, now=NOW)
        pending.put(connection, "well", lane=Lane.SWEEP, now=datetime.now(UTC), host="well")
    holding = Holding(database=database, worker="one")
    claimed = [claim.key for claim in holding.claim_more()]
    assert "well" in claimed
    assert 1 < len(claimed) < PLACES[Lane.SWEEP]
    assert holding.claim_more() == []
