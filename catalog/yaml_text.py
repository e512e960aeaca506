"""YAML written: a JSON value as a plain block document, as Backstage writes bundled definitions.

What is written reads the same under YAML 1.2 and 1.1: a text that either of them takes for
something else is quoted. Nothing is folded, and there are no anchors.
"""

from __future__ import annotations

import re

import orjson

from catalog.numbers import as_javascript
from catalog.parsing.scalars import resolve, resolve_1_1
from catalog.problems import JsonValue

_ODD = "\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff"
"""Characters that a parser may refuse, skip, or take for the end of a line."""
_PLAIN = re.compile(rf"(?!.*(?:: | #))[\w/$(^](?:[^{_ODD}\t\n]*[^{_ODD}\t\n: ])?")
_LITERAL = re.compile(rf"(?!.*[ \t](?:\n|\Z))[^\s{_ODD}][^{_ODD}]*\n[^{_ODD}]*", re.DOTALL)
_ESCAPED = re.compile(rf"[{_ODD}]")
_LONGEST_KEY = 1000
"""Characters of a key that needs no `?` (YAML 1.2, 7.4.2: 1024)."""


def as_yaml(value: JsonValue) -> str:
    """The YAML document of a value, with a line break at its end.

    Recurses: who takes values from elsewhere bounds their depth.
    """
    out: list[str] = []
    _write(value, "", out)
    return "".join([*out, "" if out[-1].endswith("\n") else "\n"])


def _write(value: JsonValue, indent: str, out: list[str]) -> None:
    """Write a value from where `out` ends on; further lines of it begin with `indent`."""
    separator = ""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            out += (separator, _key(key, indent))
            _write_below(item, indent, out)
            separator = _line(indent, out)
    elif isinstance(value, list) and value:
        for item in value:
            out += (separator, "- ")
            if _is_block(item):
                _write(item, indent + "  ", out)
            else:
                out.append(_scalar(item, indent))
            separator = _line(indent, out)
    else:
        out.append(_scalar(value, indent))


def _write_below(value: JsonValue, indent: str, out: list[str]) -> None:
    if _is_block(value):
        deeper = indent + "  "
        out.append(f"\n{deeper}")
        _write(value, deeper, out)
    else:
        out.append(f" {_scalar(value, indent)}")


def _line(indent: str, out: list[str]) -> str:
    """What begins the next line; a literal text has ended its own."""
    return indent if out[-1].endswith("\n") else f"\n{indent}"


def _is_block(value: JsonValue) -> bool:
    return isinstance(value, dict | list) and bool(value)


def _key(key: str, indent: str) -> str:
    text = _quoted(key) if "\n" in key else _scalar(key, indent)
    return f"{text}:" if len(text) <= _LONGEST_KEY else f"? {text}\n{indent}:"


def _scalar(value: JsonValue, indent: str) -> str:
    match value:
        case str():
            return _text(value, indent)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return as_javascript(value) or "null"
        case None:
            return "null"
        case dict():
            return "{}"
        case list():
            return "[]"


def _text(text: str, indent: str) -> str:
    if _LITERAL.fullmatch(text):
        return _literal(text, indent)
    is_plain = (
        _PLAIN.fullmatch(text) and isinstance(resolve(text), str) and resolve_1_1(text) == text
    )
    return text if is_plain else _quoted(text)


def _literal(text: str, indent: str) -> str:
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    style = ("|-", "|", "|+")[min(ends, 2)]
    lines = (f"{indent}  {line}" if line else "" for line in body.split("\n"))
    return "\n".join((style, *lines)) + ("\n" * ends if ends > 1 else "")


def _quoted(text: str) -> str:
    # A JSON text is a YAML one, but for the characters that some parsers mistake.
    written = orjson.dumps(text).decode()
    return _ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", written)
