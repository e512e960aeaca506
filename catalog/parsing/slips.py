"""Syntax errors in the words of whoever made them: the common slips, each with its remedy.

libyaml says what it expected; people want to know what they did. Each rule below knows one slip and
recognizes it by libyaml's message and the lines around. The first that fits speaks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import yaml

from catalog.parsing.scenes import Scene, scene_of
from catalog.problems import Problem, quote


@dataclass(frozen=True, slots=True)
class _Slip:
    message: str
    hint: str
    line: int
    column: int


def explain(error: yaml.YAMLError, text: str, *, offset: int) -> Problem:
    """The syntax error in the document `text`, which begins `offset` lines into its file."""
    scene = scene_of(error, text, offset)
    found = (rule(scene) for rule in _RULES)
    slip = next((slip for slip in found if slip), None) or _Slip(
        f"This is not YAML: {scene.problem}",
        "Check the indentation, quotes and brackets here and in the line above",
        scene.line,
        scene.column,
    )
    # libyaml may stop behind the last line; people have no line there.
    line = min(slip.line, len(scene.lines) - 1)
    column = slip.column if line == slip.line else len(scene.text(line))
    return Problem(
        code="YAML_SYNTAX",
        message=slip.message,
        hint=slip.hint,
        line=scene.in_file(line),
        column=column + 1,
        found=quote(scene.text(line).strip()),
    )


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _merge_conflict(scene: Scene) -> _Slip | None:
    for number, line in enumerate(scene.lines):
        if line.startswith(("<<<<<<< ", ">>>>>>> ")):
            return _Slip("A merge conflict was left in the file", "Resolve the conflict", number, 0)
    return None


def _indented_separator(scene: Scene) -> _Slip | None:
    for number in (scene.began, scene.line, scene.line - 1):
        if re.fullmatch(r"[ \t]+---\s*", line := scene.text(number)):
            message = "`---` is indented, so it starts no document"
            return _Slip(message, "Move it to the first column", number, _indent(line))
    return None


def _template(scene: Scene) -> _Slip | None:
    line = scene.text(scene.line)
    if (block := line.find("{%")) >= 0:
        message = "`{%` belongs to a template and is no YAML"
        return _Slip(message, "Render the template before it is read", scene.line, block)
    if re.search(r"[:\-]\s+\{\{", line):
        message = "A value that begins with `{{` is read as a mapping"
        hint = 'Put the whole value in quotes: "{{ … }}"'
        return _Slip(message, hint, scene.line, scene.column)
    return None


def _tab(scene: Scene) -> _Slip | None:
    found = re.match(r"[ ]*\t", scene.text(scene.line))
    if found is None:
        return None
    message = "The line is indented with a tab; YAML allows spaces only"
    return _Slip(message, "Replace the tab with spaces", scene.line, found.end() - 1)


def _left_block(scene: Scene) -> _Slip | None:
    """Text under `key: |` that is not indented any more."""
    subject = scene.subject()
    line, number = scene.text(subject), subject - 1
    depth = _indent(line)
    if re.match(r"\s*(?:- |[\w./-]+:(?:\s|$))", line):
        return None
    while number >= 0 and (not scene.lines[number].strip() or _indent(scene.lines[number]) > depth):
        number -= 1
    header = scene.text(number)
    if number == subject - 1 or not re.search(r":[ \t]+[|>][-+0-9]*\s*$", header):
        return None
    message = (
        f"The line left the text begun with `{quote(header.strip())}` in line"
        f" {scene.in_file(number)}"
    )
    return _Slip(message, "Indent it like the lines above", subject, depth)


_CANNOT_START = {"`": "a backtick", "@": "`@`", "%": "`%`", "*": "`*`", "&": "`&`", "!": "`!`"}


def _reserved_start(scene: Scene) -> _Slip | None:
    starts = scene.problem.startswith("found character that cannot start")
    reference = scene.context.endswith(("an alias", "an anchor", "a tag"))
    character = scene.text(scene.began)[scene.began_column : scene.began_column + 1]
    if not (starts or reference) or character not in _CANNOT_START:
        return None
    message = f"A value cannot start with {_CANNOT_START[character]} unless it is in quotes"
    return _Slip(message, "Put the value in quotes", scene.began, scene.began_column)


def _item_without_space(scene: Scene) -> _Slip | None:
    line = scene.text(scene.subject())
    item = re.match(r"\s*-(?=[^\s-])(.*)", line)
    if item is None:
        return None
    message = f"`{quote(line.strip())}` is text, not a list item"
    return _Slip(message, f"Write `- {quote(item[1].strip())}`", scene.subject(), _indent(line))


def _missing_colon(scene: Scene) -> _Slip | None:
    """A key without its colon, a colon without its space, or a word that belongs nowhere."""
    if scene.context.endswith("a simple key"):
        number, below = scene.began, scene.line
    elif scene.problem.startswith("mapping values"):
        number, below = scene.above(scene.line), scene.line
    else:
        return None
    line = scene.text(number)
    word = line.strip().removeprefix("- ")
    depth = _indent(line)
    if number < 0 or re.search(r":(\s|$)", word):
        return None
    if glued := re.match(r"([\w./-]+):(?!//)(\S.*)", word):
        message = f"`{quote(word)}` has no space behind its colon, so it is text"
        hint = f"Write `{quote(glued[1])}: {quote(glued[2])}`"
    elif _indent(scene.text(below)) > depth and re.fullmatch(r"[\w./-]+", word):
        message, hint = f"`{quote(word)}` has no colon", f"Write `{quote(word)}:`"
    else:
        message = f"`{quote(word)}` is neither a key nor a list item"
        hint = "Remove it, add a colon, or put the text it belongs to in quotes"
    return _Slip(message, hint, number, depth)


def _colon_in_value(scene: Scene) -> _Slip | None:
    line = scene.text(scene.line)
    value = re.match(r"\s*(?:- )*([^:]+):\s+(?=\S)", line)
    if not scene.problem.startswith("mapping values") or not value or value.end() > scene.column:
        return None
    rest = line[value.end() :].strip()
    message = f"The value of `{quote(value[1])}` holds a colon, so YAML takes it for another key"
    return _Slip(message, f'Put the value in quotes: "{quote(rest)}"', scene.line, scene.column)


def _indented_too_far(scene: Scene) -> _Slip | None:
    line, number = scene.text(scene.line), scene.above(scene.line)
    above = re.match(r"\s*(?:- )*([^:]+):\s+\S", scene.text(number))
    if not scene.problem.startswith("mapping values") or number < 0 or above is None:
        return None
    key = quote(line.strip().split(":", 1)[0])
    message = f"`{key}:` is indented below `{quote(above[1])}`, which already has a value"
    return _Slip(message, "Align the two", scene.line, _indent(line))


def _unclosed(scene: Scene) -> _Slip | None:
    opening = scene.text(scene.began)[scene.began_column : scene.began_column + 1]
    if scene.context.endswith("a quoted scalar") and "end of stream" in scene.problem:
        message = f"The quote ({opening}) that opens here is never closed"
        return _Slip(message, "Close it at the end of the value", scene.began, scene.began_column)
    if scene.context.startswith("while parsing a flow") and opening in ("[", "{"):
        place = scene.in_file(scene.began)
        message = f"The `{opening}` of line {place} is not closed, or a comma is missing"
        same = scene.line == scene.began
        column = scene.column if same else scene.began_column
        hint = "Close the bracket, or put the value in quotes if the bracket belongs to it"
        return _Slip(message, hint, scene.began, column)
    return None


def _text_behind(scene: Scene) -> _Slip | None:
    before = scene.text(scene.line)[: scene.column].rstrip()[-1:]
    if scene.problem != "did not find expected key" or before not in ("'", '"', "]", "}"):
        return None
    what = "quote" if before in "'\"" else "bracket"
    message = f"Text follows the closing {what} ({before})"
    hint = "Put the whole value in one pair of quotes; inside '…' write a quote twice"
    return _Slip(message, hint, scene.line, scene.column)


def _unaligned(scene: Scene) -> _Slip | None:
    if not scene.problem.startswith(("did not find expected key", "did not find expected '-'")):
        return None
    message = "The line is not aligned with any mapping or list above"
    hint = "Indent it exactly like the lines it stands beside"
    return _Slip(message, hint, scene.line, scene.column)


_PLAIN = (
    (
        "did not find expected node content",
        "A value is missing here, or a bracket is never closed",
        "Give the value, or close the bracket",
    ),
    (
        "did not find expected <document start>",
        "Text follows where the document has ended",
        "Put `---` on a line of its own between two documents, or remove the text",
    ),
    (
        "odd character",
        "The text holds a character that YAML does not allow",
        "Remove it, or write it as an escape in double quotes",
    ),
    (
        "block sequence entries",
        "A list cannot begin on the line of its key",
        "Put each `- item` on its own line",
    ),
    (
        "mapping values",
        "A colon here would start a key, which this place does not allow",
        "Check the indentation, or put the text in quotes",
    ),
    (
        "found unknown escape",
        "A backslash in double quotes starts an escape, and this is none",
        "Use single quotes, or write `\\\\`",
    ),
    (
        "did not find expected comment or line break",
        "Only a comment may follow `|` or `>` on its line",
        "Begin the text on the next line, or put the value in quotes",
    ),
)


def _other(scene: Scene) -> _Slip | None:
    for start, message, hint in _PLAIN:
        if scene.problem.startswith(start):
            return _Slip(message, hint, scene.line, scene.column)
    return None


_RULES = (
    _merge_conflict,
    _indented_separator,
    _tab,
    _left_block,
    _template,
    _reserved_start,
    _item_without_space,
    _missing_colon,
    _colon_in_value,
    _indented_too_far,
    _unclosed,
    _text_behind,
    _unaligned,
    _other,
)
