"""Which documents ryaml reads exactly as the reference parser does, decided by a look at the text.

ryaml is several times faster than composing, but differs from npm `yaml` in a few spellings:
`0123` stays text, `0b11` is 3, keys stay numbers, tags become mappings, `1e3` is a float. A
document that might hold one of them is composed. Erring costs time, never a value.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Literal, TypeAlias

import ryaml

from catalog.parsing.characters import ODD
from catalog.parsing.composing import too_many_nodes
from catalog.parsing.limits import Limits
from catalog.problems import JsonValue

# The look-ahead only makes it fast: it dismisses nearly every word by its first character.
_UNUSUAL = re.compile(
    r"""[\s\[{,:](?=[-+.!*0-9])(?:
        !                                               # tags
      | \*[^\s*]                                        # aliases
      | [-+]?\.(?:inf|Inf|INF|nan|NaN|NAN)              # what JSON cannot hold
      | [-+]?0[0-9bx] | [-+]0o                          # bases, leading zeros
      | [-+]?[0-9.]{16}                                 # beyond what a double holds exactly
      | [-+]?(?:[0-9]{1,15}\.|\.0)0*(?=[\s,\]}]|\Z)     # whole floats: JavaScript prints an integer
      | [-+]?[0-9.]{1,15}[eE][-+]?[0-9]
    )""",
    re.VERBOSE,
)
_STEEP = re.compile(r"\n[ \t]*(?:[-?:][ \t]+){64}")
_MANY_BRACKETS = 1_000
"""ryaml's time grows with the square of the depth: 100,000 brackets take 18 s."""
_ESCAPED_NUL = re.compile(r"\\(?:0|x00|u0000|U00000000)")


class _Unread(Enum):
    UNREAD = "unread"


UNREAD = _Unread.UNREAD
"""In place of a value, None being one."""
Unread: TypeAlias = Literal[_Unread.UNREAD]


def is_usual(text: str) -> bool:
    """Whether ryaml and the reference parser agree on everything that `text` can hold."""
    if "\\" in text and (_ESCAPED_NUL.search(text) or ODD.search(text)):
        return False
    if not (text.isascii() and "\x7f" not in text) and ODD.search(text):
        return False
    return not _UNUSUAL.search("\n" + text)


def load(text: str, limits: Limits) -> JsonValue | Unread:
    """The value of a usual document; UNREAD where ryaml refuses it or its value needs more care.

    Raises `RefusalError` where it holds more values than `limits` allow.
    """
    brackets = text.count("[") + text.count("{")
    if brackets > _MANY_BRACKETS or _STEEP.search("\n" + text):
        return UNREAD
    try:
        data: JsonValue = ryaml.loads(text)  # type: ignore[attr-defined]  # re-exported without `as`
    except (ValueError, TypeError, RecursionError):
        return UNREAD
    return data if _is_plain(data, limits) else UNREAD


def _is_plain(data: JsonValue, limits: Limits) -> bool:
    """Whether all keys are text and nothing lies deeper than the limit."""
    nodes, depth, layer = 0, 0, [data]
    while layer:
        nodes += len(layer)
        depth += 1
        below: list[JsonValue] = []
        for value in layer:
            if type(value) is str:
                continue
            if isinstance(value, dict):
                below.extend(value.values())
                for key in value:
                    if type(key) is not str:
                        return False
                nodes += len(value)
            elif isinstance(value, list):
                below.extend(value)
        if nodes > limits.nodes:
            raise too_many_nodes(limits, 0, 0)
        layer = below
    return depth <= limits.depth + 1
