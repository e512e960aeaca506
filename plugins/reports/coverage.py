"""Coverage in the three forms that nearly all tools can write: Cobertura XML, JaCoCo XML and LCOV.

Which form it is shows in the content. The shares that reports state are not believed: they count
branches or not, and duplicates or not; lines are counted here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from plugins.reports.lines import Lines
from plugins.reports.markup import NotRead, walk, whole

_LCOV = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*(?:TN:|SF:|#)")
_DATA = re.compile(r"(\d{1,9}),(?:-\d+|(\d+))(?:,.*)?", re.ASCII)
"""Line, how often it was run, and perhaps a checksum. gcov writes some numbers below 0."""

_EXPECTED = "Cobertura XML, JaCoCo XML or LCOV"


def read_coverage(content: bytes) -> Lines:
    """The lines of a report. Raises `NotRead`."""
    lines = _lcov(content) if _LCOV.match(content) else _xml(content)
    if not lines.by_file:
        raise NotRead("measures no line", expected=_EXPECTED)
    return lines


def _xml(content: bytes) -> Lines:
    if b"<" not in content[:1000] and b"\x00" not in content[:1000]:
        raise NotRead("is no coverage report", expected=_EXPECTED)
    found = _Found()
    walk(content, roots=("coverage", "report"), begin=found.begin, end=found.end)
    return found.lines


class _Found:
    """What the elements of both forms say, whose names do not meet."""

    def __init__(self) -> None:
        self.lines = Lines()
        self._package = self._file = ""

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        match name:
            case "class" if "filename" in attributes:  # Cobertura
                self._file = attributes["filename"]
            case "package":  # of JaCoCo: a folder; of Cobertura no path
                self._package = attributes.get("name", "")
            case "sourcefile":  # JaCoCo
                self._file = f"{self._package}/{attributes.get('name', '')}".lstrip("/")
            case "line" if self._file and "nr" in attributes:
                is_run = whole(attributes, "ci") > 0
                self.lines.note(self._file, whole(attributes, "nr"), is_run=is_run)
            case "line" if self._file:
                is_run = whole(attributes, "hits") > 0
                self.lines.note(self._file, whole(attributes, "number"), is_run=is_run)

    def end(self, name: str) -> None:
        if name in ("class", "sourcefile"):
            self._file = ""


def _lcov(content: bytes) -> Lines:
    """Records of lines that begin with a letter code (`man geninfo`)."""
    lines, file = Lines(), ""
    text = content.decode("utf-8-sig", "replace")
    for number, line in enumerate(text.split("\n"), start=1):
        code, _, said = line.strip().partition(":")
        if code == "SF":
            file = said
        elif code == "end_of_record":
            file = ""
        elif code == "DA":
            found = _DATA.fullmatch(said)
            if not file or found is None:
                wanted = "SF:path, then DA:line,hits"
                raise NotRead(f"has `{line.strip()[:50]}`", line=number, expected=wanted)
            lines.note(file, int(found[1]), is_run=(found[2] or "").strip("0") != "")
    return lines
