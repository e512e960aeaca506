"""YAML files as documents: bytes in, JSON values or problems out, one state for each document.

Each document is read by itself, so a bad one leaves its neighbors alone. Nothing raises, whatever
the bytes; what a document means is for others to judge.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TypeAlias

import yaml

from catalog.parsing import fastpath
from catalog.parsing.characters import UNSTORABLE, decode
from catalog.parsing.composing import RefusalError, check_aliases, compose
from catalog.parsing.limits import DEFAULT_LIMITS, Limits
from catalog.parsing.slips import explain
from catalog.parsing.splitting import Section, count_markers, first_content, split
from catalog.parsing.values import read
from catalog.problems import JsonValue, Problem, Severity

_HTML = re.compile(
    r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)(?=[\s>])", re.IGNORECASE | re.DOTALL
)
_PAGE_START = 2_000
"""Characters of a document in which an HTML page shows itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Parsed:
    """A document that holds a value."""

    data: JsonValue
    problems: tuple[Problem, ...] = ()
    """Warnings only: the value can be used."""


@dataclass(frozen=True, slots=True)
class Empty:
    """Nothing between two separators, only comments, or `null`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A document that cannot be read, and why: at least one error."""

    problems: tuple[Problem, ...]


State: TypeAlias = Parsed | Empty | Malformed


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedDocument:
    """One YAML document of a file."""

    index: int
    """From 0, empty documents counted."""
    line: int
    """From 1, in the file: where its content begins."""
    text: str
    """As in the file, the `---` line included."""
    offset: int
    """Lines of the file before `text`."""
    version: str
    """Of YAML: '1.2', or '1.1' where a directive asks for it."""
    state: State


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedFile:
    """A file, read: its documents in order, or the problem that stopped all of them."""

    documents: tuple[ParsedDocument, ...] = ()
    problems: tuple[Problem, ...] = ()
    """Errors of the file as a whole; then there are no documents."""

    @property
    def values(self) -> list[JsonValue]:
        """Of the documents that could be read and are not empty, in order."""
        states = (document.state for document in self.documents)
        return [state.data for state in states if isinstance(state, Parsed)]

    @property
    def all_problems(self) -> list[Problem]:
        """Those of the file as a whole, and of the documents that could not be read."""
        states = (document.state for document in self.documents)
        broken = (state.problems for state in states if isinstance(state, Malformed))
        return [*self.problems, *(problem for problems in broken for problem in problems)]


def parse(content: bytes, *, file: str, limits: Limits = DEFAULT_LIMITS) -> ParsedFile:
    """Every document of the YAML (or JSON) file `content`, under YAML 1.2 as Backstage reads it.

    Never raises. `file` is the path that problems name. A file that is too large, holds too many
    documents or is no UTF-8 is refused as a whole.
    """
    if len(content) > limits.file_bytes:
        return _refused(_too_large(len(content), file, limits))
    text = decode(content, file=file)
    if isinstance(text, Problem):
        return _refused(text)
    # A marker and its line end take four characters: most files are too short for too many.
    if len(text) > 4 * limits.documents and (count := count_markers(text)) > limits.documents:
        return _refused(_too_many(count, file, limits))
    documents = tuple(
        _document(section, index, file, limits) for index, section in enumerate(split(text))
    )
    return ParsedFile(documents=documents)


def looks_like_html(text: str) -> bool:
    """Whether `text` is a web page: what hosts send for a file to who is not signed in."""
    return _HTML.match(text[:_PAGE_START]) is not None


def _refused(problem: Problem) -> ParsedFile:
    return ParsedFile(problems=(problem,))


def _too_large(size: int, file: str, limits: Limits) -> Problem:
    return Problem(
        code="FILE_TOO_LARGE",
        message=f"The file has {size:,} bytes; the limit is {limits.file_bytes:,}",
        hint="Split it into several files",
        file=file,
        found=f"{size} bytes",
        expected=f"at most {limits.file_bytes} bytes",
    )


def _too_many(count: int, file: str, limits: Limits) -> Problem:
    return Problem(
        code="TOO_MANY_DOCUMENTS",
        message=f"The file has {count:,} document separators; the limit is {limits.documents:,}",
        hint="Split it into several files",
        file=file,
        found=str(count),
        expected=f"at most {limits.documents}",
    )


def _document(section: Section, index: int, file: str, limits: Limits) -> ParsedDocument:
    state = _state(section, limits)
    if not isinstance(state, Empty) and state.problems:
        named = tuple(replace(problem, file=file, document=index) for problem in state.problems)
        state = replace(state, problems=named)
    return ParsedDocument(
        index=index,
        line=section.offset + first_content(section.text) + 1,
        text=section.text,
        offset=section.offset,
        version=section.version,
        state=state,
    )


def _state(section: Section, limits: Limits) -> State:
    text = section.text
    if found := UNSTORABLE.search(text):
        return Malformed(problems=(_unstorable(section, found.start()),))
    if section.version == "1.2" and fastpath.is_usual(text):
        try:
            data = fastpath.load(text, limits)
        except RefusalError as refusal:
            return Malformed(problems=(_refusal(refusal, section),))
        if data is not fastpath.UNREAD:
            return Empty() if data is None else Parsed(data=data)
    return compose_state(section, limits)


def compose_state(section: Section, limits: Limits = DEFAULT_LIMITS) -> State:
    """What the slow and careful way makes of a section; problems do not name file and document."""
    try:
        root = compose(section.text, limits)
        if root is None:
            return Empty()
        check_aliases(root, limits)
    except RefusalError as refusal:
        return Malformed(problems=(_refusal(refusal, section),))
    except yaml.YAMLError as error:
        if looks_like_html(section.text):
            return Malformed(problems=(_web_page(section),))
        return Malformed(problems=(explain(error, section.text, offset=section.offset),))
    reading = read(root, section.version, offset=section.offset)
    problems = tuple(reading.problems)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return Malformed(problems=problems)
    return Empty() if reading.data is None else Parsed(data=reading.data, problems=problems)


def _refusal(refusal: RefusalError, section: Section) -> Problem:
    return Problem(
        code=refusal.code,
        message=refusal.message,
        hint=refusal.hint,
        line=refusal.line + section.offset + 1,
        column=refusal.column + 1,
    )


def _web_page(section: Section) -> Problem:
    return Problem(
        code="NOT_A_MAPPING",
        message="This is a web page, not a descriptor",
        hint="Looks like an HTML page: sign-in? Check the address and the credentials",
        line=section.offset + first_content(section.text) + 1,
        column=1,
        expected="a YAML mapping",
    )


def _unstorable(section: Section, place: int) -> Problem:
    before = section.text[:place]
    character = f"U+{ord(section.text[place]):04X}"
    return Problem(
        code="TEXT_NOT_STORABLE",
        message=f"The text holds the control character {character}, which cannot be stored",
        hint="Remove it; a file with many of them is not a text file",
        line=section.offset + before.count("\n") + 1,
        column=place - before.rfind("\n"),
        found=character,
    )
