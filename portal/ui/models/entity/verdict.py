"""The verdict on a descriptor that somebody pasted: in a word, by document, and in its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.entity import Outcome, Verdict
from catalog.problems import Problem, Severity
from portal.ui.models.looks import Look, plural

MOST_LINES = 2000

LOOKS = {
    Verdict.ACCEPT: Look(name="pass", word="Accepted"),
    Verdict.REJECT: Look(name="fail", word="Rejected"),
    Verdict.IGNORE: Look(name="na", word="Ignored"),
    Verdict.EMPTY: Look(name="na", word="Empty"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentVerdict:
    """What becomes of one document."""

    number: int
    """From 1."""
    look: Look
    ref: str
    problems: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A line of the text, with the problems that begin there."""

    number: int
    text: str
    problems: tuple[Problem, ...]

    @property
    def severity(self) -> str:
        """Of its worst problem."""
        return "error" if any(p.severity is Severity.ERROR for p in self.problems) else "warning"


@dataclass(frozen=True, kw_only=True, slots=True)
class TextVerdict:
    """What the page says."""

    look: str
    title: str
    detail: str
    documents: tuple[DocumentVerdict, ...] = ()
    problems: tuple[Problem, ...] = ()
    lines: tuple[Line, ...] = ()
    hidden_lines: int = 0


def verdict(
    read: tuple[str, Sequence[Outcome], Sequence[Problem]] | None,
) -> TextVerdict:
    """The verdict on (text, outcomes, problems of the file); None: it was too large to be read."""
    if read is None:
        return TextVerdict(look="fail", title="Too large for this page.", detail="")
    text, outcomes, of_file = read
    problems = (*of_file, *(problem for outcome in outcomes for problem in outcome.problems))
    look, title, detail = _summary(outcomes, problems)
    lines = text.split("\n")
    by_line: dict[int, list[Problem]] = {}
    for problem in problems:
        if problem.line:
            by_line.setdefault(problem.line, []).append(problem)
    return TextVerdict(
        look=look,
        title=title,
        detail=detail,
        documents=tuple(
            DocumentVerdict(
                number=outcome.document + 1,
                look=LOOKS[outcome.verdict],
                ref=outcome.ref or "",
                problems=len(outcome.problems),
            )
            for outcome in outcomes
        ),
        problems=problems,
        lines=tuple(
            Line(number=number, text=line, problems=tuple(by_line.get(number, ())))
            for number, line in enumerate(lines[:MOST_LINES], start=1)
        ),
        hidden_lines=max(0, len(lines) - MOST_LINES),
    )


def _summary(outcomes: Sequence[Outcome], problems: Sequence[Problem]) -> tuple[str, str, str]:
    accepted = sum(outcome.verdict is Verdict.ACCEPT for outcome in outcomes)
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    if errors:
        kept = f" {plural(accepted, 'other document')} would be accepted." if accepted else ""
        return "fail", f"{plural(errors, 'error')}.", f"What has an error stays out.{kept}"
    if not accepted:
        return "warn", "Nothing for the catalog.", "No document in it declares an entity."
    warnings = sum(problem.severity is Severity.WARNING for problem in problems)
    title = f"{plural(accepted, 'entity', 'entities')} would be accepted."
    return "warn" if warnings else "pass", title, plural(warnings, "warning") if warnings else ""
