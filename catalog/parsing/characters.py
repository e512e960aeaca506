"""Bytes to text, and the characters that nobody can store or that libyaml refuses.

npm `yaml`, the reference, lets C1 controls and a few others pass and reads them as ordinary text;
libyaml refuses some and takes others for line ends. Such characters are exchanged for stand-ins
of the same width before parsing, and back in every value, so that columns stay right.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from catalog.problems import Problem

UNSTORABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""Raw control characters: no database keeps NUL, and none of the others belongs in a text file."""
UNSTORABLE_VALUE = re.compile("[\x00\ud800-\udfff]")
"""What an escape in a quoted scalar can still bring in: NUL and halves of surrogate pairs."""
ODD = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]|\\u[dD][89a-fA-F]")
"""What a text holds that must go through `stand_in` before a parser sees it."""

_REFUSED = frozenset("\x7f\u2028\u2029\ufeff\ufffe\uffff" + "".join(map(chr, range(0x80, 0xA0))))
_HALF_ESCAPE = re.compile(r"\\u([dD])([89a-fA-F])")
_HALF_STAND_IN_ESCAPE = re.compile(r"\\u([eE])([0-7])")
_HALF_STAND_IN = re.compile("[\ue000-\ue7ff]+")


def decode(content: bytes, *, file: str) -> str | Problem:
    """`content` without byte order mark, every line ended by `\\n` or `\\r\\n`, the last too."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return _not_utf8(content, error, file)
    text = _with_line_ends(text)
    # The reference parser gives a block scalar its last line end even where the file has none.
    return text if text.endswith("\n") or not text else text + "\n"


def _with_line_ends(text: str) -> str:
    return re.sub(r"\r(?!\n)", "\n", text) if "\r" in text else text


def _not_utf8(content: bytes, error: UnicodeDecodeError, file: str) -> Problem:
    # The codec counts from behind a byte order mark that it has taken off.
    offset = error.start + (len(content) - len(error.object))
    before = _with_line_ends(content[:offset].decode("utf-8-sig"))
    utf16 = content[:2] in (b"\xff\xfe", b"\xfe\xff")
    return Problem(
        code="NOT_UTF8",
        message=f"The file is not UTF-8 text: byte {offset} is 0x{content[offset]:02x}",
        hint="Save the file as UTF-8" + ("; it looks like UTF-16" if utf16 else ""),
        file=file,
        line=before.count("\n") + 1,
        column=len(before) - before.rfind("\n"),
        found=f"0x{content[offset]:02x}",
        expected="UTF-8",
    )


def stand_in(text: str) -> tuple[str, Callable[[str], str]]:
    """`text` as libyaml can read it, and what turns a value read from it into the original."""
    if not ODD.search(text):
        return text, _unchanged
    stand_ins = _free_stand_ins(text)
    originals = {ord(stand_in): chr(odd) for odd, stand_in in stand_ins.items()}
    text = text.translate(stand_ins)
    if _HALF_STAND_IN.search(text) or _HALF_STAND_IN_ESCAPE.search(text):
        # Private-use characters could not be told from stand-ins: halves then stay an error.
        return text, lambda value: value.translate(originals)
    text = _HALF_ESCAPE.sub(_shift_escape, text)
    return text, lambda value: _with_halves_back(value.translate(originals))


def _free_stand_ins(text: str) -> dict[int, str]:
    """For each refused character of `text` a private-use one that `text` neither holds nor escapes."""
    free = _free(text)
    return {ord(odd): next(free) for odd in sorted(set(text) & _REFUSED)}


def free_character(text: str) -> str:
    """A private-use character that `text` neither holds nor escapes."""
    return next(_free(text))


def _free(text: str) -> Iterator[str]:
    present = set(text)
    plane = 0xF0000 if "\\U0010" in text else 0x100000
    return (chr(place) for place in range(plane, plane + 0xFFFE) if chr(place) not in present)


def _unchanged(value: str) -> str:
    return value


def _with_halves_back(value: str) -> str:
    value = _HALF_STAND_IN.sub(_join_halves, value)
    return _HALF_STAND_IN_ESCAPE.sub(_unshift_escape, value)


def _shift_escape(found: re.Match[str]) -> str:
    # U+D800..U+DFFF to U+E000..U+E7FF: JSON writes one emoji as two halves, which libyaml refuses.
    return f"\\u{'e' if found[1] == 'd' else 'E'}{int(found[2], 16) - 8}"


def _unshift_escape(found: re.Match[str]) -> str:
    digit = f"{int(found[2]) + 8:x}"
    return f"\\ud{digit}" if found[1] == "e" else f"\\uD{digit.upper()}"


def _join_halves(found: re.Match[str]) -> str:
    halves = "".join(chr(ord(half) - 0x800) for half in found[0])
    return halves.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
