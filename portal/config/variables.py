"""Environment variables: Plumbline's own, and Backstage's `APP_CONFIG_*`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from catalog.problems import JsonValue, Problem, Severity, quote
from portal.config.fields import parse_port
from portal.config.files import ConfigFile

PREFIX = "APP_CONFIG_"

_PART = re.compile(r"[a-z][a-z0-9]*(?:-[a-z][a-z0-9]*)*", re.IGNORECASE)


@dataclass(frozen=True)
class Variables:
    """Plumbline's own variables, `PLUMBLINE_*`; `NAME_FILE` names a file that holds the value."""

    environ: Mapping[str, str]
    problems: list[Problem]
    """What is wrong with them is added here."""

    def text(self, name: str) -> str:
        """The value; '' where there is none."""
        value = self.environ.get(f"PLUMBLINE_{name}", "")
        file = self.environ.get(f"PLUMBLINE_{name}_FILE", "")
        if value or not file:
            return value
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            self.problems.append(
                Problem(
                    code="CONFIG_UNREADABLE",
                    message=f"The file that PLUMBLINE_{name}_FILE names cannot be read",
                    found=quote(file),
                )
            )
            return ""

    def port(self) -> int | None:
        """`PLUMBLINE_PORT`."""
        text = self.text("PORT")
        number = parse_port(text)
        if text and number is None:
            self.problems.append(
                Problem(
                    code="CONFIG_VALUE",
                    message="PLUMBLINE_PORT is not a port",
                    found=quote(text),
                    expected="a number from 1 to 65535",
                )
            )
        return number


def backstage_variables(environ: Mapping[str, str], configs: Sequence[Path]) -> list[ConfigFile]:
    """A config file for each `APP_CONFIG_a_b`, to be laid over the others: key `a.b`.

    The value is JSON, or else the text itself (reference 4.13). They change a config, and make none:
    without one each is a warning.
    """
    named = sorted(name for name in environ if name.startswith(PREFIX) and environ[name])
    files = [ConfigFile(path=Path(name)) for name in named]
    for file, name in zip(files, named, strict=True):
        parts = name.removeprefix(PREFIX).split("_")
        if not configs:
            file.problems.append(_ignored(name))
        elif not all(_PART.fullmatch(part) for part in parts):
            file.problems.append(_fault(name, "does not name a key, as in APP_CONFIG_app_title"))
        elif above := next((other for other in named if name.startswith(f"{other}_")), ""):
            file.problems.append(_fault(name, f"goes into what {above} sets; set one of them"))
        else:
            file.data = _nested(parts, _value(environ[name]))
    return files


def _nested(parts: list[str], value: JsonValue) -> dict[str, JsonValue]:
    for part in reversed(parts):
        value = {part: value}
    return value if isinstance(value, dict) else {}


def _value(text: str) -> JsonValue:
    try:
        value: JsonValue = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if value is None else value


def _fault(name: str, what: str) -> Problem:
    return Problem(
        code="CONFIG_VARIABLE", message=f"The environment variable {name} {what}", file=name
    )


def _ignored(name: str) -> Problem:
    return Problem(
        code="CONFIG_KEY_NOT_SERVED",
        message=f"The environment variable {name} is not heeded without a config",
        hint="Name a config file with --config.",
        file=name,
        severity=Severity.WARNING,
    )
