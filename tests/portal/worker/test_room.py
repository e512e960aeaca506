"""Room: hosts that do not answer leave places for the others, and sweeps leave some for people."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from portal.db.engine import Database
from portal.db.work import pending
from portal.db.work.claims import LeftOut
from portal.worker.holding import LOOK_AHEAD, Holding
from portal.worker.requests import INGEST, Lane
from portal.worker.room import PLACES, SHARED, TOGETHER, Room

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


@given(wanted=st.lists(PIECES, max_size=60), shared=st.lists(PIECES, max_size=60), one=PIECES)
def test_what_is_left_out_is_what_gets_no_place(
    wanted: list[Piece], shared: list[Piece], one: Piece
) -> None:
    room = filled(*wanted)
    for number, piece in enumerate(shared):
        room.join(replace(piece, key=str(number)))
    room.close()
    out = [left for left in room.left_out() if left.lane == one.lane]
    whole = {left.host for left in out if not left.kind}
    readings = {left.host for left in out if left.kind == INGEST}
    assert Room(taken=[*room.taken]).take(one) != bool({None, one.host} & whole)
    assert room.join(one) != bool({None, one.host} & (whole | readings))


@given(wanted=st.lists(PIECES, max_size=60))
def test_what_shares_a_place_waits_for_the_same_host_as_urgently(wanted: list[Piece]) -> None:
    room = Room()
    pieces = {str(n): piece for n, piece in enumerate(wanted)}
    joined = {key for key, piece in pieces.items() if room.join(replace(piece, key=key))}
    batches = room.close()
    assert joined == {key for keys in batches for key in keys}
    assert room.taken == room.shared
    assert len(room.taken) == len(batches)
    for keys in batches:
        assert len({(pieces[key].lane, pieces[key].host) for key in keys}) == 1
    for key in pieces.keys() - joined:
        piece = pieces[key]
        others = [one for one in room.taken if (one.lane, one.host) == (piece.lane, piece.host)]
        assert not others, "there is room beside those that share a place already"
    if wanted:
        assert joined, "the first one finds a place"


def test_of_one_host_so_many_places_are_shared_and_the_other_places_stay_for_other_work() -> None:
    room = Room()
    joined = [room.join(Piece(Lane.SWEEP, "forge", str(n))) for n in range(SHARED * TOGETHER + 1)]
    assert joined == [True] * SHARED * TOGETHER + [False]
    assert [len(keys) for keys in room.close()] == [TOGETHER] * SHARED
    assert room.left_out() == [LeftOut(lane=Lane.SWEEP, host="forge", kind=INGEST)]
    assert room.take(Piece(Lane.SWEEP, "forge")), "work that is done by itself"
    assert room.join(Piece(Lane.SWEEP, "another")), "another host"
    assert room.join(Piece(Lane.EVENT, "forge")), "what is more urgent"


def test_nobody_joins_those_that_are_read_already() -> None:
    room = Room()
    assert room.join(Piece(Lane.SWEEP, "forge", "first"))
    room.close()
    joined = [room.join(Piece(Lane.SWEEP, "forge", str(n))) for n in range(SHARED)]
    assert joined == [True] * (SHARED - 1) + [False]


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
