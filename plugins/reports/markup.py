"""XML of strangers, read as it comes: no entity is declared, nothing is fetched, nothing is too deep.

The standard library's expat is told what it must not do: entities may multiply, and may name files. A
document type, which reports of coverage have, is looked past.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias
from xml.parsers import expat

DEEPEST = 200
"""Elements inside each other: reports have a dozen."""

Begin: TypeAlias = Callable[[str, Mapping[str, str]], None]
"""Is told of each element: its name and its attributes."""

End: TypeAlias = Callable[[str], None]


class NotRead(Exception):
    """The report cannot be read; the message says why, as the end of a sentence."""

    def __init__(self, why: str, *, line: int | None = None, expected: str = "") -> None:
        super().__init__(why)
        self.line, self.expected = line, expected


def walk(content: bytes, *, roots: tuple[str, ...], begin: Begin, end: End) -> None:
    """Tell of each element of a document as it begins and ends. Raises `NotRead`.

    `roots` are the names that the outermost element may have.
    """
    # Namespaces are told apart by nobody who writes these reports.
    parser = expat.ParserCreate()
    depth = 0

    def began(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        if depth == 0 and name not in roots:
            wanted = " or ".join(f"<{root}>" for root in roots)
            raise NotRead(f"begins with <{name[:50]}>", line=1, expected=wanted)
        depth += 1
        if depth > DEEPEST:
            raise NotRead("is nested too deeply", line=parser.CurrentLineNumber)
        begin(name, attributes)

    def ended(name: str) -> None:
        nonlocal depth
        depth -= 1
        end(name)

    def declared(*_: object) -> None:
        raise NotRead("declares an entity, which no report needs", line=parser.CurrentLineNumber)

    parser.StartElementHandler, parser.EndElementHandler = began, ended
    parser.EntityDeclHandler = declared
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        why = expat.errors.messages.get(error.code, "not well-formed")
        raise NotRead(f"is no XML: {why}", line=error.lineno) from None
    except (ValueError, LookupError):  # an encoding that Python does not know
        raise NotRead("is no XML: its encoding is not known", line=1) from None


def whole(attributes: Mapping[str, str], name: str) -> int:
    """An attribute that is a whole number. Raises `NotRead`."""
    text = attributes.get(name, "")
    if text.isascii() and text.isdigit() and len(text) <= 30:
        return int(text)
    found = f'{name}="{text[:30]}"' if name in attributes else f"no {name}"
    raise NotRead(f"has {found}", expected="a whole number")
