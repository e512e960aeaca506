"""Documentation as a child would hand it over, and stored without the worker."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime

from catalog.documentation import (
    Documentation,
    Pages,
    PageState,
    PageText,
    ReadPage,
    first_heading,
    name_title,
)
from portal.db.collection import doc_sets
from portal.db.engine import Database

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMIT = "0123456789abcdef"


def pages(texts: Mapping[str, str | PageState], *, left_out: int = 0, note: str = "") -> Pages:
    """Pages by path: each with a text, or with the state that says why it has none."""
    return Pages(
        pages=tuple(_page(path, text) for path, text in texts.items()),
        left_out=left_out,
        note=note,
    )


def _page(path: str, text: str | PageState) -> ReadPage:
    state = text if isinstance(text, PageState) else PageState.TEXT
    content = "" if isinstance(text, PageState) else text
    raw = content.encode()
    packed = PageText(digest=hashlib.sha256(raw).hexdigest(), data=zlib.compress(raw))
    return ReadPage(
        path=path,
        title=first_heading(content) or name_title(path),
        section="Guides" if "/guides/" in path else "",
        state=state,
        size=300_000 if state is PageState.TOO_LARGE else len(raw),
        text=packed if state is PageState.TEXT else None,
    )


def found(
    ref: str, read: Pages | None, *, revision: str = COMMIT, outline: str = "1"
) -> Documentation:
    """What a child found for an entity; None: what is stored."""
    return Documentation(
        ref=ref,
        url="https://git.example.com/shop",
        revision=revision,
        committed_at=NOW,
        outline=outline,
        pages=read,
    )


def save(database: Database, *all_found: Documentation, now: datetime = NOW) -> None:
    """Store it; one transaction."""
    with database.write() as connection:
        doc_sets.save(connection, all_found, now=now)
