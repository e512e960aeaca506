"""Lines: which of them tests run, by file, put together from any number of reports."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from plugins.reports.markup import NotRead

MOST_LINES = 5_000_000
"""Of all files: they take a gigabyte, and the largest repositories have fewer."""


@dataclass(kw_only=True)
class Lines:
    """Of each file, the lines that could be run, and whether a test ran them."""

    by_file: dict[str, dict[int, bool]] = field(default_factory=dict)
    _number: int = 0

    def note(self, file: str, line: int, *, is_run: bool) -> None:
        """A line of a file. One that several reports or classes have was run if any of them says so.

        Raises `NotRead` beyond `MOST_LINES`.
        """
        lines = self.by_file.setdefault(file, {})
        if line not in lines:
            self._number += 1
            if self._number > MOST_LINES:
                raise NotRead(f"has more than {MOST_LINES:,} lines")
        lines[line] = lines.get(line, False) or is_run

    def add(self, other: Lines) -> None:
        """What another report says of the same code, or of other code."""
        for file, lines in other.by_file.items():
            for line, is_run in lines.items():
                self.note(file, line, is_run=is_run)

    def count(self) -> tuple[int, int]:
        """How many lines tests run, and how many there are."""
        files = self.by_file.values()
        return sum(sum(lines.values()) for lines in files), sum(map(len, files))

    def percent(self) -> float:
        """The share that tests run, to two places; there has to be a line.

        It is rounded down: 79.996 is not 80.
        """
        run, all_of_them = self.count()
        return (run * 10_000 // all_of_them) / 100

    def lowest(self, most: int) -> list[str]:
        """The files with most lines that no test runs, the worst first."""
        missed = {file: _missed(lines.values()) for file, lines in self.by_file.items()}
        some = [file for file, number in missed.items() if number]
        return sorted(some, key=lambda file: (-missed[file], file))[:most]


def _missed(said: Iterable[bool]) -> int:
    return sum(not is_run for is_run in said)
