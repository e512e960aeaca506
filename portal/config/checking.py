"""A merged config against the schema: what can be used of it, and every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from marshmallow import ValidationError

from catalog.pointers import pointer as pointer_of
from catalog.problems import JsonValue, Problem, Severity, quote
from portal.config.absent import absent
from portal.config.contested import contested
from portal.config.fields import UnknownKey, UnknownWord
from portal.config.files import ConfigFile
from portal.config.merging import Merged
from portal.config.named_apps import unknown_apps
from portal.config.providers import SERVED
from portal.config.schema import Config
from portal.config.unserved import hint_for, unserved

_SECRETS = (
    "/backend/auth",
    "/catalog/processors",
    "/catalog/providers",
    "/events",
    "/integrations",
    "/ldap",
    "/plumbline/database",
    "/plumbline/facts/http",
    "/plumbline/notices",
    "/plumbline/webhooks",
)
"""Never quoted: tokens stand there, and passwords."""

EXACT = ("/plumbline/", "/backend/auth/externalAccess/")
"""Where a key that is not known is an error: it is ours, or it may have been to limit a token."""

_IDLE = ("/catalog/providers/", "/ldap/")
"""Where nothing that is wrong stops the start, because nothing is read by it yet."""

_SERVED = tuple(f"/catalog/providers/{name}" for name in SERVED)
"""Where something is."""

_OF_VALUES = ("CONFIG_SUBSTITUTION", "CONFIG_TOO_LARGE", "CONFIG_UNREADABLE")
"""What may be wrong with `$file` and the like."""

_REQUIRED = "Missing data for required field."


def check(merged: Merged) -> tuple[dict[str, Any], list[Problem]]:
    """The values that hold, by the schema's own names; and the problems, warnings among them."""
    found = _load(merged.data)
    problems = [_problem(merged, path, message) for path, message in found.messages]
    data = deepcopy(merged.data)
    for (path, _), problem in zip(found.messages, problems, strict=True):
        if problem.severity is Severity.WARNING:
            _drop(data, path)
    values = _load(data).values if found.messages else found.values
    said = {problem.pointer for problem in problems}
    more = [
        *_lost(merged),
        *unserved(merged),
        *contested(merged),
        *absent(merged),
        *unknown_apps(merged),
    ]
    problems += [problem for problem in more if problem.pointer not in said]
    problems.sort(key=lambda p: (p.file, p.line or 0, p.column or 0, p.pointer))
    return values, problems


def unread(files: Iterable[ConfigFile], found: Iterable[Problem]) -> list[Problem]:
    """The problems of reading the files, less those of values that nothing here looks at.

    Whoever brings the config of a Backstage need not bring the certificates of its database: that the
    key is not heeded is among those that were `found`.
    """
    idle = tuple(f"{one.pointer}/" for one in found if one.code == "CONFIG_KEY_NOT_SERVED")
    return [
        problem
        for file in files
        for problem in file.problems
        if problem.code not in _OF_VALUES or not problem.pointer.startswith(idle)
    ]


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    values: dict[str, Any]
    messages: list[tuple[list[Any], Any]]


def _load(data: dict[str, JsonValue]) -> _Loaded:
    try:
        return _Loaded(values=Config().load(data), messages=[])
    except ValidationError as error:
        values: Any = error.valid_data
        return _Loaded(
            values=values if isinstance(values, dict) else {},
            messages=list(_flat(error.messages)),
        )


def _drop(data: Any, path: list[Any]) -> None:
    """Take out what has no effect, so that it does not stand in the way of what has one."""
    for part in path[:-1]:
        data = data[part] if isinstance(data, list) else data.get(part, {})
    if isinstance(data, dict):
        data.pop(path[-1], None)


def _flat(messages: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[list[Any], Any]]:
    if isinstance(messages, dict):
        for key, value in messages.items():
            yield from _flat(value, path if key == "_schema" else (*path, key))
    else:
        for message in messages:
            yield list(path), message


def _problem(merged: Merged, path: list[Any], message: str | UnknownKey | UnknownWord) -> Problem:
    pointer = pointer_of(path)
    dotted = ".".join(str(part) for part in path)
    if isinstance(message, UnknownKey):
        return _unknown(merged, pointer, dotted, message.known)
    if isinstance(message, UnknownWord):
        text = f"{dotted}: there is no {message.kind} {quote(message.found)}"
        hint = _meant(message.found, message.known) or _there_are(message.known)
        return merged.problem(pointer, "CONFIG_VALUE", text, hint=hint, found=quote(message.found))
    is_idle = pointer.startswith(_IDLE) and "/".join(pointer.split("/")[:4]) not in _SERVED
    severity = Severity.WARNING if is_idle else Severity.ERROR
    if message == _REQUIRED:
        return _missing(merged, pointer, merged.unset(pointer), severity=severity)
    found = "" if pointer.startswith(_SECRETS) else quote(_value_at(merged.data, path))
    text = f"{dotted}: {message}"
    return merged.problem(pointer, "CONFIG_VALUE", text, found=found, severity=severity)


def _missing(
    merged: Merged, pointer: str, variable: str, *, severity: Severity = Severity.ERROR
) -> Problem:
    """Shown where the key is written, or else at the object that should have it."""
    dotted = pointer.removeprefix("/").replace("/", ".")
    return merged.problem(
        pointer if variable else pointer.rpartition("/")[0],
        "CONFIG_KEY_MISSING",
        f"{dotted} is missing",
        hint=f"The environment variable {variable} is not set." if variable else "",
        severity=severity,
    )


def _lost(merged: Merged) -> list[Problem]:
    """Every value that is absent where it might have limited a token: absent, it would open more."""
    return [
        _missing(merged, pointer, variable)
        for file in merged.files
        for pointer, variable in file.unset.items()
        if pointer.startswith("/backend/auth/") and merged.writer(pointer) is file
    ]


def _unknown(merged: Merged, pointer: str, dotted: str, known: tuple[str, ...]) -> Problem:
    hint = _meant(dotted.rpartition(".")[2], known)
    if not pointer.startswith(EXACT):
        return merged.warning(pointer, f"{dotted} is not heeded", hint=hint or hint_for(dotted))
    hint = hint or _there_are(known)
    return merged.problem(
        pointer, "CONFIG_KEY_UNKNOWN", f"{dotted} is no key that is known", hint=hint
    )


def _meant(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.75)
    return f"Did you mean {close[0]}?" if close else ""


def _there_are(known: tuple[str, ...]) -> str:
    return f"There are: {', '.join(sorted(known))}."


def _value_at(value: JsonValue, path: list[Any]) -> JsonValue:
    for part in path:
        match value:
            case dict():
                value = value.get(part)
            case list() if isinstance(part, int) and part < len(value):
                value = value[part]
            case _:
                return None
    return value
