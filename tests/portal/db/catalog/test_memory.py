from portal.db.catalog import memory
from portal.db.catalog.memory import Memory, memory_of
from portal.db.engine import Database


def test_what_was_learned_first_is_forgotten_first() -> None:
    kept = Memory()
    for number in range(memory.MOST + 1):
        kept.put(str(number), [(number,)])
    assert kept.get("0") is None
    assert kept.get("1") == [(1,)]
    kept.put("1", [("anew",)])
    kept.put("further", [])
    assert kept.get("1") == [("anew",)]
    assert kept.get("2") is None


def test_what_is_long_is_not_remembered() -> None:
    kept = Memory()
    kept.put("rows", [(1,)] * (memory.ROWS + 1))
    kept.put("x" * (memory.LONGEST + 1), [(1,)])
    assert kept.get("rows") is None
    assert kept.get("x" * (memory.LONGEST + 1)) is None


def test_all_connections_to_a_database_share_one(database: Database) -> None:
    with database.read() as one, database.look_in_turn() as other:
        assert memory_of(one) is memory_of(other)
