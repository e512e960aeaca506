"""Telling: the problems of one document, collected with the places that they have in its file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.parsing.documents import ParsedDocument
from catalog.parsing.positions import Position, Positions
from catalog.pointers import Step, pointer
from catalog.problems import Problem, Severity


class Telling:
    """Whoever reads a part of the document tells here what is wrong with it."""

    def __init__(self, document: ParsedDocument, *, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._document = document
        self._positions = Positions(document)

    def errors(self) -> int:
        """How many problems so far keep something out."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    def add(self, problem: Problem, *, key: bool = False, place: Position | None = None) -> None:
        """Keep the problem, with the position that its pointer has in the file, or `place`."""
        place = place or self._positions.of(problem.pointer, key=key)
        self.problems.append(
            replace(
                problem,
                file=self.file,
                document=self._document.index,
                line=place.line if place else None,
                column=place.column if place else None,
            )
        )

    def say(self, code: str, path: Sequence[Step], message: str, *, hint: str = "") -> None:
        """Tell an error of what stands at `path`."""
        self.add(Problem(code=code, message=message, hint=hint, pointer=pointer(path)))

    def warn(self, code: str, path: Sequence[Step], message: str, *, hint: str) -> None:
        """Tell what keeps nothing out."""
        problem = Problem(code=code, message=message, hint=hint, pointer=pointer(path))
        self.add(replace(problem, severity=Severity.WARNING))

    def place(self, path: Sequence[Step]) -> tuple[int, int]:
        """Line and column of what stands at `path`; 0 and 0 where that is nowhere."""
        return self._positions.of(pointer(path)) or (0, 0)

    def inside(self, text: str, path: Sequence[Step], *, line: int, column: int) -> Position | None:
        """The position in the file of a line and column of the text at `path`.

        The line is searched there. Where it does not stand there as it is (folded, escaped), it is
        the beginning of the text.
        """
        begin = self._positions.of(pointer(path))
        lines = text.split("\n")
        if begin is None or line > len(lines):
            return begin
        wanted = lines[line - 1]
        bare = wanted.strip()
        first = begin.line - 1 - self._document.offset
        source = self._document.text.split("\n")[first : first + len(lines) + 1]
        for index, written in enumerate(source):
            at = written.find(bare, begin.column - 1 if index == 0 else 0)
            if bare and at != -1 and index >= line - 1:
                indent = len(wanted) - len(wanted.lstrip())
                return Position(begin.line + index, at + column - indent)
        return begin
