"""Several config files as one: objects are merged deeply, a null removes, all else replaces.

Remembers which file wrote what, so that a problem in the whole is shown where it was written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from catalog.pointers import escaped
from catalog.problems import JsonValue, Problem, Severity
from portal.config.files import ConfigFile


@dataclass(kw_only=True)
class Merged:
    """The config as it holds."""

    data: dict[str, JsonValue] = field(default_factory=dict)
    files: list[ConfigFile] = field(default_factory=list)
    _writers: dict[str, ConfigFile] = field(default_factory=dict)

    def writer(self, pointer: str) -> ConfigFile | None:
        """The file that wrote the value at `pointer`, or else the one nearest above it."""
        while pointer not in self._writers and pointer:
            pointer = pointer.rpartition("/")[0]
        return self._writers.get(pointer, self.files[-1] if self.files else None)

    def unset(self, pointer: str) -> str:
        """The variable for want of which nothing stands at `pointer`; '' if that is not why."""
        return next((f.unset[pointer] for f in reversed(self.files) if pointer in f.unset), "")

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
        """A problem at `pointer`, in the file that wrote it."""
        return self._in_file(pointer).problem(
            pointer, code, message, hint=hint, found=found, severity=severity
        )

    def warning(self, pointer: str, message: str, *, hint: str = "") -> Problem:
        """Something at `pointer` that has no effect."""
        return self._in_file(pointer).problem(
            pointer, "CONFIG_KEY_NOT_SERVED", message, hint=hint, severity=Severity.WARNING
        )

    def _in_file(self, pointer: str) -> ConfigFile:
        return self.writer(pointer) or ConfigFile(path=Path())


def merge(files: Iterable[ConfigFile]) -> Merged:
    """The files, each over those before it."""
    merged = Merged()
    for file in files:
        merged.files.append(file)
        _lay(merged, merged.data, file.data, "", file)
    return merged


def _lay(
    merged: Merged,
    below: dict[str, JsonValue],
    above: dict[str, JsonValue],
    pointer: str,
    file: ConfigFile,
) -> None:
    for key, value in above.items():
        here = f"{pointer}/{escaped(key)}"
        known = below.get(key)
        if isinstance(value, dict) and (known is None or isinstance(known, dict)):
            fresh = known if isinstance(known, dict) else {}
            below[key] = fresh
            merged._writers.setdefault(here, file)
            _lay(merged, fresh, value, here, file)
        else:
            for stale in [p for p in merged._writers if p.startswith(here + "/")]:
                del merged._writers[stale]
            merged._writers[here] = file
            if value is None:
                below.pop(key, None)
            else:
                below[key] = value
