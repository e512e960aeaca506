"""Sparing: what is stored about entities and need not be collected again.

What looks at no neighbors says the same for as long as the entity and the revision of its repository
are the same, or until its time is over. An entity whose owner changed is assessed anew, and its
repository is not touched.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from catalog.ingest.readings import is_of
from plugins.contract import Collector, Plugin, Sees
from portal.db.collection import documentation, facts
from portal.db.collection.facts import Told
from portal.db.state import Connection
from portal.db.work.rounds import Marked
from portal.worker.children.documenting import edition_of
from scorecards.collection.stored_facts import StoredFacts

FAILED = b'{"f":"source_failed"'
"""How a fact is written that could not be looked for: that is tried again."""


@dataclass(frozen=True, kw_only=True)
class Spared:
    """What is known beforehand of marked entities of a repository."""

    collectors: frozenset[str]
    """Names of those that need not be asked about any of them."""
    lacking: frozenset[str]
    """Names of the others whose word would last: they look at no neighbors."""
    is_documented: bool
    """Whether the pages of all of them have been read, as they are read at present."""
    needs_snapshot: bool
    """Whether any of the others looks at the repository."""
    given: Mapping[int, tuple[StoredFacts, ...]]
    """By entity, what these collectors said, and what no collector says."""


def spared(
    connection: Connection,
    plugins: Sequence[Plugin],
    givers: Collection[str],
    groups: Sequence[Marked],
    *,
    now: datetime,
) -> list[Spared]:
    """What need not be collected, of each of these groups; `givers` are asked by nobody here."""
    collectors = list(chain.from_iterable(plugin.collectors for plugin in plugins))
    lasting = {one.name: one for one in collectors if Sees.NEIGHBORS not in one.sees}
    ids = [entity for group in groups for entity in group.seqs]
    said: dict[str, dict[int, Told]] = defaultdict(dict)
    for told in facts.told(connection, ids, [*lasting, *givers]):
        said[told.collector][told.entity] = told
    documenters = [one for plugin in plugins for one in plugin.documenters]
    edition, outlines = edition_of(documenters), documentation.outlines(connection, ids)
    found = []
    for group in groups:
        held = {name for name, one in lasting.items() if _hold(said[name], one, group, now)}
        found.append(
            Spared(
                collectors=frozenset(held),
                lacking=frozenset(lasting.keys() - held),
                is_documented=not documenters
                or all(outlines.get(entity, "").startswith(f"{edition}/") for entity in group.seqs),
                needs_snapshot=any(
                    Sees.REPOSITORY in one.sees for one in collectors if one.name not in held
                ),
                given={
                    entity: tuple(
                        said[name][entity].said
                        for name in (*sorted(held), *givers)
                        if entity in said[name]
                    )
                    for entity in group.seqs
                },
            )
        )
    return found


def _hold(said: Mapping[int, Told], collector: Collector, group: Marked, now: datetime) -> bool:
    """Whether all that a collector said of the entities of a group still holds."""
    return all(
        (told := said.get(entity)) is not None
        and told.version == collector.version
        and not told.is_older
        and (told.said.valid_until is None or told.said.valid_until > now)
        and FAILED not in told.said.facts
        and (Sees.REPOSITORY not in collector.sees or _is_read(group, told.revision))
        for entity in group.seqs
    )


def _is_read(group: Marked, revision: str) -> bool:
    """Whether the descriptors of the group were read last at this revision."""
    return bool(revision) and is_of(group.revision, revision)
