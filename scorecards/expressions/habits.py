"""Habits: what authors write who think in another language, and how a rule spells it.

The engine's parser says `mismatched input 'and' expecting <EOF>`, which helps nobody who does not know
parsers. It only words messages and hints; what cannot be used is decided by the engine.
"""

from __future__ import annotations

import re

_TEXT = r"Ask `....contains('x')`, `....startsWith('x')` or `....matches('^x')`."
_FACTS = "Name facts and fields as they are, without signs around them: `repo.readme.bytes > 500`."
_STRAIGHT = "Write straight quotes: `'` or `\"`."
_CHOICE = "Write `condition ? this : that`."
_NO_IF = f"{_CHOICE[:-1]}; whom a check is for, `applies_to` says."
_DURATION = "Write `duration('720h')`: a day has 24 hours."
_CLOSE = "Close each `(`, `[` and `{` once."

_WORDS = {
    "and": "Write `&&` for `and`.",
    "or": "Write `||` for `or`.",
    "is": "Compare with `==` or `!=`; whether a field is there, `has(entity.spec.type)` says.",
    "like": _TEXT,
    "contains": _TEXT,
    "startswith": _TEXT,
    "endswith": _TEXT,
    "matches": _TEXT,
    "not": "Write `!(x in [...])` for `x not in [...]`.",
}
"""What to write for a word that stands where an operator belongs."""

_SIGNS = (
    (re.compile(r"=~"), "Write `....matches('^x')` for `=~`."),
    (re.compile(r"={1,3}"), "Write `==` to compare."),
    (re.compile(r"&"), "Write `&&` for and."),
    (re.compile(r"\|"), "Write `||` for or."),
    (re.compile("[\u2018\u2019\u201c\u201d\u00ab\u00bb]"), _STRAIGHT),
    (re.compile(r"[$}]"), _FACTS),
    (re.compile(r"#"), "A comment begins with `//`."),
    (re.compile(r"[)\]]"), _CLOSE),
    (re.compile(r"['\"]"), "Close the quote in the same line."),
    (re.compile(r";"), "A rule is one expression, without `;` at its end."),
)
"""What to write for a sign that the engine does not take where it stands."""

_NAMES = {
    "len": "size",
    "length": "size",
    "count": "size",
    "startswith": "startsWith",
    "starts_with": "startsWith",
    "endswith": "endsWith",
    "ends_with": "endsWith",
    "lower": "lowerAscii",
    "tolower": "lowerAscii",
    "upper": "upperAscii",
    "toupper": "upperAscii",
    "any": "exists",
    "true": "true",
    "false": "false",
    "null": "null",
    "none": "null",
    "nil": "null",
    "undefined": "null",
    "today": "now",
}
"""The names of CEL, by what they are called elsewhere, in small letters."""

_FIELDS = frozenset({"apiVersion", "kind", "metadata", "spec"})
_TOKEN = re.compile(r"\w+|\S")
_AFTER_NOT = re.compile(r"\bnot\s+$", re.IGNORECASE)
_IN_MAP = re.compile(r"\.(annotations|labels)\.[\w./-]*$")
_MEANT_TEXT = "Text stands in quotes, and a field of the entity begins with `entity.`."
_TOO_GREAT = (
    "Whole numbers go up to 9223372036854775807; with a point, `1e30`, they may be greater."
)
_LIST_FIELD = "Ask `size(...)`, or `....exists(one, one == 'x')`."


def syntax(said: str, written: str, column: int) -> tuple[str, str]:
    """What is wrong at a column (from 1) of a line that the engine's parser does not take, and a hint."""
    if not written.strip():
        return "the expression is empty", "Name a fact, and what to compare it with."
    if "'<EOF>'" in said.partition(" expecting ")[0]:
        if "missing" in said:
            return "a bracket is never closed", _CLOSE
        hint = _CHOICE if said.endswith("expecting ':'") else _ended(written)
        return "the expression ends where more of it is expected", hint
    token = _TOKEN.match(written, column - 1)
    shown = token[0] if token else said.partition(": ")[2]
    return f"`{shown}` is not understood here", _hint(written, column - 1, shown)


def name(unknown: str, written: str, column: int) -> str:
    """What to write for a name that there is not, at a column of a line; it is like no other's name."""
    first = unknown.partition(".")[0]
    if found := _IN_MAP.search(written[: column - 1]):
        return f"Write a key with other signs in brackets: `entity.metadata.{found[1]}['example.com/key']`."
    if first in _FIELDS:
        return f"Write `entity.{unknown}`."
    if meant := _NAMES.get(unknown.casefold()):
        return f"Write `{meant}`."
    called = written[column - 1 :].lstrip().startswith("(") or f"{unknown}(" in written
    return "" if called or "." in unknown else _MEANT_TEXT


def other(said: str) -> tuple[str, str]:
    """The engine's message about something else in other words, with a hint; '' where it has none."""
    if said.startswith("reserved identifier: "):
        word = said.partition(": ")[2]
        hint = _NO_IF if word in {"if", "else"} else "Choose another name."
        return f"`{word}` is not understood here", hint
    if said == "invalid int literal":
        return "the whole number is too great", _TOO_GREAT
    if said.startswith("expression of type 'list(") and "select" in said:
        return "a list has no fields", _LIST_FIELD
    return said, ""


def _hint(written: str, at: int, token: str) -> str:
    before = written[:at]
    if _AFTER_NOT.search(before):
        return "Write `!` for `not`."
    if written[at:].startswith(">") and before.endswith("<"):
        return "Write `!=` for `<>`."
    if before[-1:].isdigit() and token[:1] in tuple("smhdwy"):
        return _DURATION
    if before[-1:].isdigit() and token.startswith("_"):
        return "Write the number without `_`."
    if token.casefold() in _WORDS:
        return _WORDS[token.casefold()]
    return next((hint for sign, hint in _SIGNS if sign.match(written, at)), "")


def _ended(written: str) -> str:
    if written.rstrip().endswith("%"):
        return "Write a share as a number: `0.8` for 80 %, or `80.0` where the fact is in percent."
    return "Say what to compare with, or take the last operator away."
