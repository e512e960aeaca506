"""Tabs that the reference parser takes, and libyaml does not: exchanged one by one, where it stumbles.

They stand before a comment, on a blank line, between the dash of a list and a plain value, and at the
start of the first line of a literal text, behind its indentation. Lines and columns stay as they are.
"""

from __future__ import annotations

import re

import yaml

MOST = 10
"""Tabs that are exchanged in one document: each costs another parse."""

_BLANK_LINE = re.compile(r"^[ ]*\t[ \t]*$", re.MULTILINE)
_COMMENT = re.compile(r"[ \t]*#")
_DASHES = re.compile(r"[ ]*(?:-[ ]+)*-[ ]*")
_PLAIN = re.compile(r"\t[ \t]*[^-?:#\s][^:#]*")


def without_blank(text: str) -> str:
    """The text with spaces on lines of nothing but tabs and spaces."""
    return _BLANK_LINE.sub(lambda found: " " * len(found[0]), text)


def without_one(text: str, error: yaml.MarkedYAMLError, stand_in: str) -> str | None:
    """The text without the tab that libyaml complains of; None where it is right to complain.

    `stand_in` stands for a tab that belongs to a value.
    """
    mark = error.problem_mark
    if mark is None:
        return None
    lines = text.split("\n")
    line, at = lines[mark.line] if mark.line < len(lines) else "", mark.column
    if line[at : at + 1] != "\t":
        return None
    before, behind = line[:at], line[at:]
    if error.context == "while scanning a block scalar":
        head = error.context_mark
        if before.strip(" ") or head is None or lines[head.line][head.column] != "|":
            return None
        lines[mark.line] = before + stand_in + behind[1:]
    elif not before.strip(" ") and _COMMENT.match(behind):
        lines[mark.line] = before + behind.replace("\t", " ", behind.index("#"))
    elif _DASHES.fullmatch(before) and _PLAIN.fullmatch(behind.rstrip("\r")):
        value = behind.lstrip(" \t")
        lines[mark.line] = before + " " * (len(behind) - len(value)) + value
    else:
        return None
    return "\n".join(lines)
