"""Values as YAML text for people: block style, and every scalar that could be misread is quoted.

Only writes; reading YAML is `catalog.parsing`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from catalog.problems import JsonValue

# What YAML 1.1 or 1.2 could take for something else than a string, or for syntax.
_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./@%+-]*(?:[ :][A-Za-z0-9_./@%+(),-]+)*")
_WORDS = re.compile(r"(?i)y|yes|n|no|true|false|on|off|null|~|\.nan|\.inf")


def to_yaml(value: JsonValue) -> str:
    """`value` as a YAML document, with a newline at its end."""
    return "\n".join(_lines(value, "")) + "\n"


def _lines(value: JsonValue, indent: str) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, item in value.items():
                yield from _entry(f"{indent}{_scalar(key, indent)}:", item, indent)
        case list() if value:
            for item in value:
                if isinstance(item, dict | list) and item:
                    first, *rest = _lines(item, indent + "  ")
                    yield f"{indent}- {first.lstrip(' ')}"
                    yield from rest
                else:
                    yield f"{indent}- {_scalar(item, indent)}"
        case _:
            yield indent + _scalar(value, indent)


def _entry(head: str, item: JsonValue, indent: str) -> Iterator[str]:
    if isinstance(item, dict | list) and item:
        yield head
        yield from _lines(item, indent + "  ")
    elif isinstance(item, str) and _fits_a_block(item):
        yield f"{head} |" + ("" if item.endswith("\n") else "-")
        for line in item.removesuffix("\n").split("\n"):
            yield f"{indent}  {line}" if line else ""
    else:
        yield f"{head} {_scalar(item, indent)}"


def _scalar(value: JsonValue, _indent: str) -> str:
    if isinstance(value, str):
        if _PLAIN.fullmatch(value) and not _WORDS.fullmatch(value):
            return value
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else json.dumps(value)


def _fits_a_block(text: str) -> bool:
    """Whether a literal block gives back exactly this text."""
    return (
        "\n" in text
        and not text.startswith((" ", "\n", "\t"))
        and not text.endswith("\n\n")
        and all(c == "\n" or c.isprintable() for c in text)
        and not any(line != line.rstrip() for line in text.split("\n"))
    )
