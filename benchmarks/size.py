"""Size: what a database takes, table by table, and the search index beside the entities.

    python benchmarks/size.py --database URL [--json]

Works on any portal's database. Entities count as the bytes that they are answered with (body,
relations, status), without the database's own overhead; the index with it.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from sqlalchemy import Connection, create_engine, text

INDEX = ("terms", "postings")
"""Tables of the search index."""


def main() -> int:
    """Look, print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", required=True)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    url = options.database.replace("postgresql://", "postgresql+psycopg://")
    with create_engine(url).connect() as connection:
        found = measure(connection)
    if options.json:
        print(json.dumps(found, indent=1))
        return 0
    print("| table | MB with its indexes |\n|---|---:|")
    for name, size in found["tables"].items():
        print(f"| {name} | {size / 1e6:.1f} |")
    print(
        f"\n{found['entities']} entities of {found['entityBytes'] / 1e6:.1f} MB; the search index "
        f"has {found['indexBytes'] / 1e6:.1f} MB, {found['indexRatio']} times as much; "
        f"{found['databaseBytes'] / 1e6:.1f} MB in all"
    )
    return 0


def measure(connection: Connection) -> dict[str, Any]:
    """Bytes of every table, of the entities, of the index, and of all."""
    tables = _sqlite(connection) if connection.dialect.name == "sqlite" else _postgres(connection)
    number, entity_bytes = connection.execute(
        text(
            "SELECT count(*), coalesce(sum(length(body) + length(relations)"
            " + coalesce(length(status), 0)), 0) FROM entities"
        )
    ).one()
    index = sum(tables[name] for name in INDEX)
    # The entities keep the ids of their terms, which are part of the index.
    packed = connection.execute(text("SELECT coalesce(sum(length(terms)), 0) FROM entities"))
    index += int(packed.scalar_one())
    return {
        "tables": {name: tables[name] for name in sorted(tables, key=tables.__getitem__)[::-1]},
        "entities": number,
        "entityBytes": int(entity_bytes),
        "indexBytes": index,
        "indexRatio": round(index / entity_bytes, 2) if entity_bytes else 0,
        "databaseBytes": sum(tables.values()),
    }


def _sqlite(connection: Connection) -> dict[str, int]:
    """From the pages of each b-tree; an index counts to its table."""
    rows = connection.execute(
        text(
            "SELECT m.tbl_name, sum(d.pgsize) FROM dbstat d"
            " JOIN sqlite_master m ON m.name = d.name GROUP BY 1"
        )
    )
    return {name: int(size) for name, size in rows}


def _postgres(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        text(
            "SELECT relname, pg_total_relation_size(oid) FROM pg_class"
            " WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    )
    return {name: int(size) for name, size in rows}


if __name__ == "__main__":
    sys.exit(main())
