from portal.db import bulk, lookups
from portal.db.engine import Database
from portal.db.tables import terms


def test_rows_are_found_by_several_columns(database: Database) -> None:
    columns = ("key", "original", "known")
    kind = "component"
    with database.write() as connection:
        bulk.add(
            connection,
            terms,
            ("id", *columns, "value", "kind"),
            [
                (1, "k", "V", True, "v", kind),
                (2, "k", "", False, "", kind),
                (3, "k", "", True, "", kind),
            ],
        )
        assert lookups.find(connection, terms, columns, []) == {}
        wanted = [("k", "V", True), ("k", "", True), ("k", "v", True)]
        assert lookups.find(connection, terms, columns, wanted) == {wanted[0]: 1, wanted[1]: 3}


def test_rows_that_are_json_already_are_found_by_several_columns(database: Database) -> None:
    columns = ("key", "value", "known")
    rows = [(1, "k", "v", True), (2, "k", "", False), (3, 'é\n"', "\\ %s ?", True)]
    spelled = [
        '["k","v",true]',
        '["k","v",false]',
        '["k","",false]',
        '["é\\n\\"","\\\\ %s ?",true]',
    ]
    with database.write() as connection:
        whole = [(*row, "", "component") for row in rows]
        bulk.add(connection, terms, ("id", *columns, "original", "kind"), whole)
        assert lookups.find_spelled(connection, terms, columns, []) == {}
        found = lookups.find_spelled(connection, terms, columns, spelled)
    assert found == {spelled[0]: 1, spelled[2]: 2, spelled[3]: 3}
