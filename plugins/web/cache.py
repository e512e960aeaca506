"""The copies of what was read from URLs: a folder that may be deleted at any time.

Each URL has a folder of its own: its content under the content's digest, and what to ask the server
with the next time. The content before the present one stays, for a snapshot that is still being
read; so the cache holds at most two files for each URL.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from plugins.web.answers import Validators

_ABOUT = "about.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Copy:
    """Content that was read from a URL."""

    digest: str
    """SHA-256 of the content, in hexadecimal."""
    size: int
    """Bytes."""
    validators: Validators


class Cache:
    """Copies below a folder, which is made when the first one is kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, url: str) -> Copy | None:
        """The newest copy; None where there is none, or where its content is damaged."""
        try:
            found = orjson.loads((self._of(url) / _ABOUT).read_bytes())
            copy = Copy(**{**found, "validators": Validators(**found["validators"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return copy if self.read(url, copy.digest) is not None else None

    def read(self, url: str, digest: str) -> bytes | None:
        """Content with this digest; None where it is no longer there or is something else."""
        try:
            content = (self._of(url) / digest).read_bytes()
        except OSError:
            return None
        return content if hashlib.sha256(content).hexdigest() == digest else None

    def keep(self, url: str, content: bytes, validators: Validators) -> Copy:
        """Keep what was read; raises `OSError` where the disk does not let us."""
        folder = self._of(url)
        before = self.find(url)
        digest = hashlib.sha256(content).hexdigest()
        copy = Copy(digest=digest, size=len(content), validators=validators)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / digest, content)
        _write(folder / _ABOUT, orjson.dumps(asdict(copy)))
        kept = {_ABOUT, digest, before.digest if before else ""}
        for old in folder.iterdir():
            if old.name not in kept and not old.name.startswith("."):
                old.unlink(missing_ok=True)
        return copy

    def forget(self, url: str) -> None:
        """Let what was read be read again, whether or not the server says that it has changed."""
        (self._of(url) / _ABOUT).unlink(missing_ok=True)

    def _of(self, url: str) -> Path:
        return self._folder / hashlib.sha256(url.encode()).hexdigest()[:32]


def _write(path: Path, content: bytes) -> None:
    """All of it or nothing, whoever else is writing the same."""
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=".")
    with open(descriptor, "wb") as file:
        file.write(content)
    os.replace(part, path)
