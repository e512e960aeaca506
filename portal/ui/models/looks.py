"""How each outcome looks: a word, an icon and a shape of its own, so that color is never alone."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.problems import JsonValue
from scorecards.results import Outcome


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """The pill of a state."""

    name: str
    """Of its icon and its class in the stylesheet."""
    word: str


LOOKS = {
    Outcome.PASS: Look(name="pass", word="Pass"),
    Outcome.FAIL: Look(name="fail", word="Fail"),
    Outcome.UNKNOWN: Look(name="unknown", word="No data"),
    Outcome.ERROR: Look(name="error", word="Rule error"),
    Outcome.EXEMPT: Look(name="exempt", word="Exempt"),
    Outcome.NOT_APPLICABLE: Look(name="na", word="Not applicable"),
}
"""Unknown and error are both 'no data' to a level, and told apart by icon and words."""

SEVERITIES = {
    "error": Look(name="fail", word="Error"),
    "warning": Look(name="warn", word="Warning"),
    "info": Look(name="na", word="Note"),
}

LONGEST_VALUE = 200
"""Characters of an observed value that a row shows; the facts tab has all of it."""


def show_json(value: JsonValue) -> str:
    """A value of evidence for people: yes and no, lists one after the other, long ones cut."""
    match value:
        case None:
            text = "nothing"
        case bool():
            text = "yes" if value else "no"
        case int():
            text = f"{value:,}"
        case str():
            text = value or "empty"
        case list():
            text = ", ".join(show_json(item) for item in value) or "none"
        case dict():
            text = ", ".join(f"{key}: {show_json(item)}" for key, item in value.items()) or "none"
        case _:
            text = f"{value:,.6g}"
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def plural(count: int, one: str, many: str = "") -> str:
    """'1 check', '3 checks', '1,204 entities'."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
