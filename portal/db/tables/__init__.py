"""The tables, once for SQLite and PostgreSQL. Migrations are in `portal/db/migrations`.

Texts that repeat are interned, and are joined by their ids.
"""

from __future__ import annotations

from portal.db.tables.access import login_links, sessions, token_steps, tokens
from portal.db.tables.base import Id, Time, Word, metadata
from portal.db.tables.catalog import (
    aliases,
    approved_removals,
    changes,
    declarations,
    edges,
    entities,
    held_removals,
    past_edges,
    postings,
    refs,
    relation_types,
    suppressions,
    terms,
    tombstones,
    versions,
)
from portal.db.tables.decisions import (
    answers,
    campaign_days,
    campaign_steps,
    campaigns,
    exemption_steps,
    exemptions,
)
from portal.db.tables.documentation import doc_pages, doc_sets, doc_texts, entity_docs
from portal.db.tables.facts import fact_versions, facts, fetches, inquiries
from portal.db.tables.notices import level_watches, mutes, notices, outbox
from portal.db.tables.results import (
    check_lists,
    evidence,
    held_passes,
    layouts,
    quarantine,
    results,
    transitions,
    unanswerable,
    unassessed,
)
from portal.db.tables.scorecards import scorecard_files, scorecard_repositories, scorecard_versions
from portal.db.tables.sources import (
    file_parents,
    files,
    location_links,
    locations,
    problems,
    repositories,
)
from portal.db.tables.work import meta, pending

__all__ = [
    "Id",
    "Time",
    "Word",
    "aliases",
    "answers",
    "approved_removals",
    "campaign_days",
    "campaign_steps",
    "campaigns",
    "changes",
    "check_lists",
    "declarations",
    "doc_pages",
    "doc_sets",
    "doc_texts",
    "edges",
    "entities",
    "entity_docs",
    "evidence",
    "exemption_steps",
    "exemptions",
    "fact_versions",
    "facts",
    "fetches",
    "file_parents",
    "files",
    "held_passes",
    "held_removals",
    "inquiries",
    "layouts",
    "level_watches",
    "location_links",
    "locations",
    "login_links",
    "meta",
    "metadata",
    "mutes",
    "notices",
    "outbox",
    "past_edges",
    "pending",
    "postings",
    "problems",
    "quarantine",
    "refs",
    "relation_types",
    "repositories",
    "results",
    "scorecard_files",
    "scorecard_repositories",
    "scorecard_versions",
    "sessions",
    "suppressions",
    "terms",
    "token_steps",
    "tokens",
    "tombstones",
    "transitions",
    "unanswerable",
    "unassessed",
    "versions",
]
