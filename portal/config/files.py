"""Config files: YAML with Backstage's substitutions, and where each value was written.

`${NAME}`, `${NAME:-default}`, `$${` and the objects `{$env}`, `{$file}`, `{$include}` are replaced
here (reference 4.13); what the keys mean is `portal.config.schema`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from catalog.parsing.documents import Empty, Malformed, ParsedDocument, parse
from catalog.parsing.positions import locate
from catalog.pointers import escaped
from catalog.problems import JsonValue, Problem, Severity, quote

LARGEST_FILE = 1024 * 1024
"""Bytes of a config file, and of what `$file` and `$include` name."""

DEEPEST_INCLUDE = 8
"""How many files may include one another; it also ends a circle."""

SPECIAL = ("$env", "$file", "$include")
"""The only key of an object that is replaced by what it names."""

_SUBSTITUTION = re.compile(r"\$\$\{|\$\{([^{}]*)\}")


@dataclass(kw_only=True)
class ConfigFile:
    """One config file, resolved. Values with an unset variable are absent from `data`."""

    path: Path
    document: ParsedDocument | None = None
    data: dict[str, JsonValue] = field(default_factory=dict)
    """A null stands for a key that is to be absent, whatever files before this one say."""
    unset: dict[str, str] = field(default_factory=dict)
    """By JSON pointer of an absent value, the name of the variable that is not set."""
    problems: list[Problem] = field(default_factory=list)

    def problem(
        self,
        pointer: str,
        code: str,
        message: str,
        *,
        hint: str = "",
        found: str = "",
        severity: Severity = Severity.ERROR,
    ) -> Problem:
        """A problem at `pointer` of this file."""
        place = locate(self.document, pointer) if self.document else None
        line, column = place if place else (None, None)
        return Problem(
            code=code,
            message=message[:300],
            file=str(self.path),
            line=line,
            column=column,
            pointer=pointer,
            hint=hint,
            found=found,
            severity=severity,
        )


def read_config(path: Path, environ: Mapping[str, str]) -> ConfigFile:
    """The file, or its problems. Never raises for what it finds there."""
    file = ConfigFile(path=path)
    data = _read_yaml(path, file, "")
    if data is not None and not isinstance(data, dict):
        file.problems.append(
            file.problem("", "CONFIG_NOT_AN_OBJECT", f"{path} holds no object of keys and values")
        )
    elif data is not None:
        resolved = _Resolver(file, environ).resolve(data, "", path.parent, 0)
        file.data = resolved if isinstance(resolved, dict) else {}
    return file


def _read_yaml(path: Path, file: ConfigFile, pointer: str) -> JsonValue:
    """The only document of the YAML file at `path`; problems go to `file`."""
    content = _read(path, file, pointer)
    if content is None:
        return None
    parsed = parse(content, file=str(path))
    file.problems += parsed.problems
    if len(parsed.documents) > 1:
        file.problems.append(
            Problem(
                code="CONFIG_SEVERAL_DOCUMENTS",
                message=f"{path} holds {len(parsed.documents)} YAML documents; a config is one",
                hint="Split them into files and name each with --config.",
                file=str(path),
                line=parsed.documents[1].line,
            )
        )
    for document in parsed.documents[:1]:
        match document.state:
            case Malformed(problems=problems):
                file.problems += problems
            case Empty():
                pass
            case state:
                if file.document is None:
                    file.document = document
                return state.data
    return None


def _read(path: Path, file: ConfigFile, pointer: str) -> bytes | None:
    try:
        with path.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        file.problems.append(
            file.problem(pointer, "CONFIG_UNREADABLE", f"{path} cannot be read: {reason}")
        )
        return None
    if len(content) > LARGEST_FILE:
        file.problems.append(
            file.problem(pointer, "CONFIG_TOO_LARGE", f"{path} is larger than 1 MiB")
        )
        return None
    return content


@dataclass
class _Resolver:
    file: ConfigFile
    environ: Mapping[str, str]

    def resolve(self, value: JsonValue, pointer: str, folder: Path, depth: int) -> JsonValue:
        """`value` with everything replaced; None where it is absent."""
        match value:
            case str():
                return self._substitute(value, pointer)
            case list():
                items = (
                    self.resolve(item, f"{pointer}/{index}", folder, depth)
                    for index, item in enumerate(value)
                )
                return [_without_nulls(item) for item in items if item is not None]
            case dict() if len(value) == 1 and next(iter(value)).startswith("$"):
                [(name, argument)] = value.items()
                return self._special(name, argument, pointer, folder, depth)
            case dict():
                resolved = {
                    key: self.resolve(item, f"{pointer}/{escaped(key)}", folder, depth)
                    for key, item in value.items()
                }
                return {k: v for k, v in resolved.items() if v is not None or value[k] is None}
            case _:
                return value

    def _substitute(self, text: str, pointer: str) -> str | None:
        missing: list[str] = []

        def replace(match: re.Match[str]) -> str:
            if match[1] is None:
                return "${"
            name, has_default, default = match[1].partition(":-")
            found = self.environ.get(name.strip(), "")
            if found or has_default:
                return found or default
            missing.append(name.strip())
            return ""

        result = _SUBSTITUTION.sub(replace, text)
        if missing:
            self.file.unset[pointer] = missing[0]
            return None
        return result

    def _special(
        self, name: str, argument: JsonValue, pointer: str, folder: Path, depth: int
    ) -> JsonValue:
        text = self._substitute(argument, pointer) if isinstance(argument, str) else None
        if text is None:
            return self._fail(pointer, f"{name} takes a text", quote(argument))
        match name:
            case "$env":
                if text not in self.environ:
                    self.file.unset[pointer] = text
                return self.environ.get(text)
            case "$file":
                content = _read(folder / text, self.file, pointer)
                return None if content is None else content.decode(errors="replace").strip()
            case "$include":
                return self._include(text, pointer, folder, depth)
            case _:
                return self._fail(pointer, f"{quote(name)} is none of {', '.join(SPECIAL)}")

    def _include(self, text: str, pointer: str, folder: Path, depth: int) -> JsonValue:
        name, _, path = text.partition("#")
        if depth == DEEPEST_INCLUDE:
            return self._fail(pointer, f"more than {DEEPEST_INCLUDE} files include one another")
        target = folder / name
        before = len(self.file.problems)
        value = _read_yaml(target, self.file, pointer)
        if len(self.file.problems) > before:
            return None
        for key in path.split(".") if path else ():
            value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return self._fail(pointer, f"there is nothing at {quote(text)}")
        return self.resolve(value, pointer, target.parent, depth + 1)

    def _fail(self, pointer: str, message: str, found: str = "") -> JsonValue:
        self.file.problems.append(
            self.file.problem(pointer, "CONFIG_SUBSTITUTION", message, found=found)
        )
        return None


def _without_nulls(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value
