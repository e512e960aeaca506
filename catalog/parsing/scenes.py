"""Where libyaml gave up on a document, with the lines around; what went wrong is not judged."""

from __future__ import annotations

from dataclasses import dataclass

import yaml

from catalog.parsing.characters import ODD

_LONGEST_LINE = 2_000
"""Characters of a line that are looked at: no slip shows later, and patterns stay quick."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Where libyaml stopped, and what it was reading. Lines and columns from 0."""

    lines: list[str]
    offset: int
    problem: str
    line: int
    column: int
    context: str
    began: int
    """Line where what it was reading began; the same as `line` where it was reading nothing."""
    began_column: int

    def text(self, line: int) -> str:
        """The beginning of the line numbered `line`; empty where there is none."""
        return self.lines[line][:_LONGEST_LINE] if 0 <= line < len(self.lines) else ""

    def subject(self) -> int:
        """The line that is wrong: where a key began that got no colon, else where it stopped."""
        return self.began if self.context.endswith("a simple key") else self.line

    def in_file(self, line: int) -> int:
        """`line` as people count it in the file."""
        return line + self.offset + 1

    def above(self, line: int) -> int:
        """The nearest line above that is neither blank nor a comment; -1: none in the document."""
        line -= 1
        while line >= 0 and not self.lines[line].split("#", 1)[0].strip():
            line -= 1
        return -1 if line >= 0 and self.lines[line].startswith("---") else line


def scene_of(error: yaml.YAMLError, text: str, offset: int) -> Scene:
    """The scene of `error` in the document `text`, which begins `offset` lines into its file."""
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        stopped, began = error.problem_mark, error.context_mark or error.problem_mark
        return Scene(
            lines=lines,
            offset=offset,
            problem=error.problem or "",
            line=min(stopped.line, len(lines)),
            column=stopped.column,
            context=error.context or "",
            began=min(began.line, len(lines) - 1),
            began_column=began.column,
        )
    odd = ODD.search(text)
    place = odd.start() if odd else 0
    line, column = text.count("\n", 0, place), place - text.rfind("\n", 0, place) - 1
    return Scene(
        lines=lines,
        offset=offset,
        problem="odd character",
        line=line,
        column=column,
        context="",
        began=line,
        began_column=column,
    )
