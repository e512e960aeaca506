"""The Docs tab: an entity's pages, the one that is read, and why there are none."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby
from urllib.parse import quote, unquote, urlsplit

from markupsafe import Markup

from catalog.documentation import (
    LARGEST_PAGE,
    MOST_BYTES,
    MOST_PAGES,
    PageState,
)
from catalog.locations import SOURCE_LOCATION
from catalog.problems import JsonValue, Problem
from catalog.scm import ForgeFile, forge_file
from portal.db.collection.documentation import Listed, Page, Reading
from portal.ui.models.entity.doc_text import Heading, Rendered, is_costly, render
from portal.ui.models.links import mapping_at
from portal.ui.models.looks import plural

ONLY_WITH_PAGES = frozenset({"group", "user", "location"})
"""Kinds that show the tab where there is something on it only: most of them have no documentation."""
WEB = ("http://", "https://", "mailto:")

_FORMS = {"tree": "blob", "edit": "blob", "raw": "blob"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Where the addresses on a page lead."""

    at: str
    """Path of the page, inside its repository."""
    pages: frozenset[str]
    """Paths of the pages there are."""
    page_url: str
    """What the path of a page is put behind."""
    home: ForgeFile | None
    """Some file of the repository at its forge; None: it is on none that is known."""

    def __call__(self, address: str) -> str:
        """The address to link to; '' where it leads nowhere."""
        if address.lower().startswith(WEB):
            return address
        try:
            parts = urlsplit(address)
        except ValueError:
            return ""
        if parts.scheme or parts.netloc or not parts.path:
            return ""
        path = self._inside(unquote(parts.path))
        if path is None:
            return ""
        firsts = (posixpath.join(path, name) for name in ("README.md", "index.md"))
        for page in (path, f"{path}.md", *firsts):
            if page in self.pages:
                anchor = f"#doc-{parts.fragment.lower()}" if parts.fragment else ""
                return self.page_url + quote(page) + anchor
        return file_url(self.home, path)

    def _inside(self, path: str) -> str | None:
        folder = "" if path.startswith("/") else posixpath.dirname(self.at)
        found = posixpath.normpath(posixpath.join(folder, path.lstrip("/")))
        if found == ".." or found.startswith("../"):
            return None
        return "" if found == "." else found


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """The page that is read."""

    page: Page
    source: str
    """URL at the forge; '' where it is not known."""
    html: Markup | None
    """None: there is no text, or it is shown as it is written."""
    text: str
    """What is shown as it is written."""
    headings: tuple[Heading, ...]
    note: str
    """Why it is not rendered; '' where it is."""
    before: Page | None
    after: Page | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Docs:
    """The Docs tab."""

    sections: tuple[tuple[str, tuple[Page, ...]], ...]
    """The pages, in order, below the names of their sections."""
    known: Listed | None
    """None: nobody has looked for pages yet."""
    shown: Shown | None
    """None: there is no page, or not the one that is asked for."""
    asked: str
    """Path of the page that is asked for and not there; ''."""
    reading: Reading
    limits: tuple[str, ...]
    """What is not shown of the documentation because there is too much of it."""

    @property
    def problem(self) -> Problem | None:
        """Why the repository could not be read the last time."""
        return self.reading.problem

    @property
    def not_permitted(self) -> bool:
        """Whether that is because the portal may not."""
        return self.problem is not None and self.problem.code == "NOT_PERMITTED"


def docs(
    listed: Listed | None,
    reading: Reading,
    *,
    asked: str,
    text: str | None,
    page_url: str,
    home: ForgeFile | None,
) -> Docs:
    """The tab with the page `asked` for; `text` is that of the page which `chosen` tells."""
    pages = listed.pages if listed else ()
    place = chosen(pages, asked)
    shown = None
    if place is not None:
        page = pages[place]
        links = Links(
            at=page.path,
            pages=frozenset(one.path for one in pages),
            page_url=page_url,
            home=home,
        )
        shown = _shown(pages, place, text, links)
    sections = groupby(pages, key=lambda page: page.section)
    return Docs(
        sections=tuple((section, tuple(some)) for section, some in sections),
        known=listed,
        shown=shown,
        asked=asked if place is None else "",
        reading=reading,
        limits=_limits(listed),
    )


def chosen(pages: Sequence[Page], asked: str) -> int | None:
    """The place of the page that is shown; None: there is none, or not the one that is asked for."""
    if not asked:
        return 0 if pages else None
    return next((place for place, page in enumerate(pages) if page.path == asked), None)


def home_of(body: JsonValue, href: str) -> ForgeFile | None:
    """Some file of an entity's repository at its forge: its descriptor, or what it says of itself."""
    stated = mapping_at(body, "metadata", "annotations").get(SOURCE_LOCATION)
    told = stated.removeprefix("url:") if isinstance(stated, str) else ""
    return forge_file(href) or forge_file(f"{told}x" if told.endswith("/") else told)


def file_url(home: ForgeFile | None, path: str) -> str:
    """Where the forge shows another file of the repository; '' where that is not known."""
    if home is None or not path:
        return home.home if home else ""
    start, _, form = home.form.rpartition("/")
    shown = _FORMS.get(form, form)
    return home.at(quote(path), form=f"{start}/{shown}" if start else shown)


def _shown(pages: Sequence[Page], place: int, text: str | None, links: Links) -> Shown:
    page = pages[place]
    plain = text is not None and is_costly(text)
    rendered = None if text is None or plain else _rendered(text, page.title, links)
    return Shown(
        page=page,
        source=file_url(links.home, page.path),
        html=rendered.html if rendered else None,
        text=text or "" if plain else "",
        headings=rendered.headings if rendered else (),
        note=_note(page) or ("It has too much markup to be laid out here." if plain else ""),
        before=pages[place - 1] if place else None,
        after=pages[place + 1] if place + 1 < len(pages) else None,
    )


@lru_cache(maxsize=32)
def _rendered(text: str, title: str, links: Links) -> Rendered:
    """Kept, because a page is read more often than it is written."""
    return render(text, title, links)


def _note(page: Page) -> str:
    """Why a page has no text; '' where it has."""
    match page.state:
        case PageState.TOO_LARGE:
            return f"It has {_kib(page.size)}; pages of up to {_kib(LARGEST_PAGE)} are kept."
        case PageState.OVER_LIMIT:
            return (
                f"The pages before it use up the {_kib(MOST_BYTES)} that are kept of an entity's."
            )
        case PageState.NOT_TEXT:
            return "It is not text in UTF-8."
        case PageState.UNREADABLE:
            return "The file could not be read from the repository."
    return ""


def _limits(listed: Listed | None) -> tuple[str, ...]:
    if listed is None:
        return ()
    found = []
    if listed.left_out:
        more = plural(listed.left_out, "more page")
        found.append(f"{more} not listed: {MOST_PAGES} of an entity are.")
    if over := sum(page.state is PageState.OVER_LIMIT for page in listed.pages):
        kept = _kib(MOST_BYTES)
        found.append(f"{plural(over, 'page')} listed without text: {kept} of an entity are kept.")
    return tuple(found)


def _kib(size: int) -> str:
    return f"{size / 1024 / 1024:.3g} MiB" if size >= 1024 * 1024 else f"{-(-size // 1024)} KiB"
