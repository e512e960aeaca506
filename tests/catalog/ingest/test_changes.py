from collections.abc import Sequence

from catalog.entity import Entity
from catalog.ingest.changes import Limit, Plan, plan
from catalog.ingest.claims import Declaration
from catalog.ingest.conflicts import ENTITY_CONFLICT, REMOVALS_HELD
from catalog.ingest.store import FileReading
from catalog.problems import Severity
from tests.catalog_batches import reading
from tests.catalog_rows import entity, owned

A = entity("a")
A2 = entity("a", spec={"type": "website"})
B = entity("b")
REF = "component:default/a"
OTHER = "component:default/b"


def stored(
    file: int,
    one: Entity,
    *,
    serving: bool = True,
    missing: bool = False,
    document: int = 0,
    url: str = "",
) -> Declaration:
    return Declaration(
        file=file,
        url=url or f"file:/srv/shop/{file}",
        missing=missing,
        ref=str(one.ref),
        document=document,
        digest=one.fingerprint,
        serving=serving,
    )


def made(readings: dict[int, FileReading], before: Sequence[Declaration] = (), **more: int) -> Plan:
    most = more.get("most_removals")
    return plan(readings, before, limits=[] if most is None else [Limit(frozenset(readings), most)])


def refs(plan: Plan) -> tuple[list[str], list[str], list[str]]:
    return (
        [claim.ref for claim in plan.added],
        [claim.ref for claim in plan.changed],
        [removal.ref for removal in plan.removed],
    )


def test_an_entity_that_nobody_declared_is_added() -> None:
    found = made({1: reading("1", A)})
    assert refs(found) == ([REF], [], [])
    assert [(claim.file, claim.ref, serving) for claim, serving in found.declared] == [
        (1, REF, True)
    ]


def test_other_content_changes_an_entity() -> None:
    found = made({1: reading("1", A2)}, [stored(1, A)])
    assert refs(found) == ([], [REF], [])


def test_the_same_content_changes_nothing() -> None:
    found = made({1: reading("1", A)}, [stored(1, A)])
    assert refs(found) == ([], [], [])
    assert (found.unchanged.total(), found.declared, found.dropped, found.moved) == (1, [], [], [])


def test_the_same_body_with_other_relations_is_a_change() -> None:
    bare = entity("a", relations=[("ownedBy", "group:default/g", "ownerOf")])
    found = made({1: reading("1", bare)}, [stored(1, A)])
    assert refs(found) == ([], [REF], [])


def test_another_document_of_the_same_file_is_only_another_place() -> None:
    found = made({1: reading("1", B, A)}, [stored(1, A)])
    assert refs(found) == ([OTHER], [], [])
    assert [(claim.ref, claim.document) for claim in found.moved] == [(REF, 1)]


def test_what_a_whole_file_no_longer_declares_is_removed_at_once() -> None:
    found = made({1: reading("1", B)}, [stored(1, A), stored(1, B, document=1)])
    assert [(one.ref, one.reason) for one in found.removed] == [
        (REF, "The file file:/srv/shop/1 no longer declares it.")
    ]
    assert found.dropped == [(1, REF)]


def test_a_file_that_could_not_be_read_whole_removes_nothing() -> None:
    for broken in (reading("1", unreadable=True), reading("1", B, rejected=[None])):
        assert made({1: broken}, [stored(1, A)]).removed == []


def test_a_rejected_document_keeps_its_own_entity_and_no_other() -> None:
    found = made({1: reading("1", rejected=[REF])}, [stored(1, A), stored(1, B, document=1)])
    assert refs(found) == ([], [], [OTHER])
    assert found.rejected.total() == 1


def test_of_one_ref_twice_in_a_file_the_last_counts() -> None:
    found = made({1: reading("1", A, A2)})
    assert [(claim.entity, claim.document) for claim in found.added] == [(A2, 1)]
    assert not found.conflicts


def test_the_file_that_is_served_keeps_the_ref() -> None:
    before = [stored(2, A, url="file:/z")]
    found = made({1: reading("1", A2)}, before)
    assert refs(found) == ([], [], [])
    assert [(claim.file, serving) for claim, serving in found.declared] == [(1, False)]
    assert found.conflicts.total() == 1


def test_of_new_claimants_the_lowest_url_wins_whatever_their_order() -> None:
    one, other = reading("x", A), reading("c", A2)
    for readings in ({1: one, 2: other}, {1: other, 2: one}):
        found = made(readings)
        assert [claim.url for claim in found.added] == ["file:/srv/shop/c"]


def test_both_sides_of_a_conflict_are_told() -> None:
    found = made({1: reading("1", A2)}, [stored(2, A)])
    (ref, loser, _), (_, winner, _) = found.problems[1][0], found.problems[2][0]
    assert ref == REF
    assert {loser.code, winner.code} == {ENTITY_CONFLICT}
    assert (loser.severity, winner.severity) == (Severity.WARNING, Severity.INFO)
    assert "file:/srv/shop/2" in loser.message
    assert "file:/srv/shop/1" in winner.message


def test_a_file_to_which_two_locations_lead_is_in_no_conflict_with_itself() -> None:
    found = made({1: reading("1", A), 2: reading("1", A)})
    assert [claim.ref for claim in found.added] == [REF]
    assert (found.conflicts.total(), found.problems) == (0, {1: [], 2: []})
    third = made({1: reading("1", A), 2: reading("1", A), 3: reading("3", A2)})
    assert third.conflicts.total() == 1
    assert [len(third.problems[n]) for n in (1, 2, 3)] == [1, 0, 1]


def test_a_message_of_a_conflict_is_short_however_long_the_url() -> None:
    long = stored(2, A, url="file:/" + "x" * 3000 + "/end\n.yaml")
    message = made({1: reading("1", A2)}, [long]).problems[1][0].problem.message
    assert len(message) <= 300
    assert "/end?.yaml" in message


def test_a_runner_up_takes_over_when_the_winner_stops() -> None:
    before = [
        stored(1, A),
        stored(3, B, url="file:/z"),
        stored(3, A2, serving=False, url="file:/z"),
        stored(2, A2, serving=False, url="file:/b"),
    ]
    found = made({1: reading("1")}, before)
    assert refs(found) == ([], [REF], [])
    assert [(claim.file, claim.entity) for claim in found.changed] == [(2, None)]


def test_the_conflict_is_over_when_one_is_left() -> None:
    found = made({1: reading("1")}, [stored(1, A), stored(2, A2, serving=False)])
    assert found.contested == {REF}
    assert found.problems == {1: []}


def test_files_that_go_leave_their_refs_to_others() -> None:
    before = [stored(1, A), stored(2, A2, serving=False), stored(1, B)]
    found = plan({}, before, gone={1})
    assert refs(found) == ([], [REF], [OTHER])
    assert found.removed[0].reason == "The file file:/srv/shop/1 is gone."


def test_a_missing_file_yields_to_one_that_is_there() -> None:
    found = made({1: reading("1", A2)}, [stored(2, A, missing=True)])
    assert refs(found) == ([], [REF], [])
    assert found.reread == {2}
    assert found.dropped == [(2, REF)]
    assert not found.conflicts


def test_a_missing_file_that_nobody_replaces_keeps_its_entity() -> None:
    assert refs(plan({}, [stored(2, A, missing=True)])) == ([], [], [])


def test_more_removals_than_allowed_are_held_back_and_said() -> None:
    before = [stored(1, A), stored(1, B, document=1)]
    found = made({1: reading("1")}, before, most_removals=1)
    assert refs(found) == ([], [], [])
    assert found.dropped == []
    assert [noted.problem.code for noted in found.problems[1]] == [REMOVALS_HELD]
    assert refs(made({1: reading("1")}, before, most_removals=2))[2] == [REF, OTHER]


def test_what_one_repository_may_take_away_is_no_other_ones_limit() -> None:
    before = [stored(1, A), stored(2, B)]
    limits = [Limit(frozenset({1}), 0), Limit(frozenset({2}), 1)]
    found = plan({1: reading("1"), 2: reading("2")}, before, limits=limits)
    assert refs(found)[2] == [OTHER]
    assert found.held == {1: [REF]}
    assert [noted.problem.code for noted in found.problems[1]] == [REMOVALS_HELD]
    assert found.problems[2] == []


def test_held_removals_do_not_hold_back_changes() -> None:
    before = [stored(1, A), stored(2, B)]
    found = made({1: reading("1"), 2: reading("2", owned("b", "g"))}, before, most_removals=0)
    assert refs(found) == ([], [OTHER], [])
