"""Near facts: what an author probably meant who named a fact that there is not.

It only words hints. A name is near where it is one that differs in how its words are joined, a slip,
or the end of one name alone; else the facts are told that are named alike as far as it goes.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

MOST_NAMED = 5
"""Facts that a hint names."""

DIGIT_HINT = "A part of a name that would begin with a digit begins with '_'."
"""What whoever writes `levels.2fa` is to know, where a syntax error is all that the engine sees."""

_JOINS = re.compile(r"[._-]")
_DIGIT = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(\.)\d\w*(?:-\w+)*")
_IN_BRACKETS = re.compile(r"""\s*\[\s*(["'])([^"']+)\1\s*\]""")
_HYPHENED = re.compile(r"[A-Za-z_][\w.]*(?:-[A-Za-z_]\w*)+")


def meant(name: str, known: Collection[str]) -> str | None:
    """The one of the `known` names that was probably meant."""
    plain = _plain(name)
    # `repo.readmeBytes`, `levels.service-maturity`
    if alike := sorted(one for one in known if _plain(one) == plain):
        return alike[0]
    close = get_close_matches(name, known, n=1, cutoff=0.8)
    if close and _near_in_its_namespace(name, close[0]):
        return close[0]
    # `readme.bytes` without the namespace it is in
    ends = [one for one in known if one.endswith(f".{name}")]
    return ends[0] if len(ends) == 1 else None


def hint_for(name: str, known: Collection[str]) -> str:
    """What to write instead of a name that is not among `known`; '' where nothing is like it."""
    found = meant(name, known)
    if found is not None:
        hyphen = "-" in name and "-" not in found
        more = " In names of facts a '-' is written as '_'." if hyphen else ""
        if _DIGIT.fullmatch(name):
            more += f" {DIGIT_HINT}"
        return f"Did you mean '{found}'?{more}"
    namespace, _, rest = name.partition(".")
    inside = sorted(one.partition(".")[2] for one in known if one.startswith(f"{namespace}."))
    if not inside:
        return ""
    near = get_close_matches(rest, inside, n=MOST_NAMED, cutoff=0.3)
    shown = [*near, *(one for one in inside if one not in near)][:MOST_NAMED]
    named = ", ".join(f"'{namespace}.{one}'" for one in shown)
    left = len(inside) - len(shown)
    return f"Facts of '{namespace}' are {named}" + (f" and {left} more." if left else ".")


def hyphened(line: str, column: int, known: Collection[str]) -> tuple[str, int] | None:
    """The name with hyphens around a place of an expression, and the column at which it begins.

    None where there is none, or no fact is near it: `a.b-c` may be a subtraction as well.
    """
    for found in _HYPHENED.finditer(line):
        if found.start() < column <= found.end():
            near = meant(found[0], known)
            # Of `repo.size-x` the first half is a fact: it is the second that there is not.
            if near is not None and near != found[0].partition("-")[0]:
                return found[0], found.start() + 1
    return None


def begun_with_digit(line: str, column: int, known: Collection[str]) -> tuple[str, int] | None:
    """The name of which a part begins with a digit after the dot at this column, and where it begins.

    `levels.2fa` is a syntax error to the engine. None where no fact is near it.
    """
    for found in _DIGIT.finditer(line):
        if found.start(1) + 1 == column:
            # `levels.2fa-x` may be a subtraction.
            names = dict.fromkeys((found[0], found[0].partition("-")[0]))
            near = next((name for name in names if meant(name, known) is not None), None)
            return None if near is None else (near, found.start() + 1)
    return None


def in_brackets(line: str, column: int, namespace: str, known: Collection[str]) -> str | None:
    """The fact that `namespace["..."]` at this column means; None: it means none."""
    found = _IN_BRACKETS.match(line, column - 1 + len(namespace))
    return None if found is None else meant(f"{namespace}.{found[2]}", known)


def _near_in_its_namespace(name: str, other: str) -> bool:
    """What is near may be the namespace alone, where it is long and the rest is short."""
    (space, dot, rest), (space_, _, rest_) = name.partition("."), other.partition(".")
    return not dot or space != space_ or SequenceMatcher(None, rest, rest_).ratio() >= 0.6


def _plain(name: str) -> str:
    return _JOINS.sub("", name).casefold()
