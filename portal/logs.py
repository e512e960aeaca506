"""Logs: standard-library logging, one line for each record, with the request and job at hand.

JSON for machines, plain words on a terminal. A record can never be taken for two: control
characters are escaped, and a field is cut to `LONGEST_FIELD` bytes (hostile-input row X11).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TextIO

import orjson

LONGEST_FIELD = 1024
"""Bytes."""

OTHERS = {"dbos": logging.WARNING, "alembic.runtime": logging.WARNING}
"""Libraries that would say more than anybody wants to read, or in another form, and their least level."""

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Of the HTTP request that is being answered."""

job: ContextVar[str] = ContextVar("job", default="")
"""Key of the work that is being done."""


@contextmanager
def working(keys: str) -> Iterator[None]:
    """Let what this thread logs meanwhile be of the work with these keys."""
    before = job.set(keys)
    try:
        yield
    finally:
        job.reset(before)


def configure(stream: TextIO, *, level: int = logging.INFO) -> None:
    """Send all logs to `stream`: in words if it is a terminal, as JSON otherwise."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(WordsFormatter() if stream.isatty() else JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name, least in OTHERS.items():
        other = logging.getLogger(name)
        other.handlers, other.propagate = [handler], False
        other.setLevel(least)


def to_stderr() -> None:
    """Logs in words, warnings only, for a person at a terminal; all, as JSON, for a machine."""
    configure(sys.stderr, level=logging.WARNING if sys.stderr.isatty() else logging.INFO)


class JsonFormatter(logging.Formatter):
    """One JSON object on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """`record` as JSON; `exception` is there where one was logged."""
        fields = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": request_id.get(),
            "job": job.get(),
        }
        if record.exc_info:
            # The end of a traceback says more than its beginning.
            fields["exception"] = self.formatException(record.exc_info)[-LONGEST_FIELD:]
        return orjson.dumps({name: clean(text) for name, text in fields.items() if text}).decode()


class WordsFormatter(logging.Formatter):
    """One line for people; a traceback follows where one was logged."""

    def format(self, record: logging.LogRecord) -> str:
        """`record` in words."""
        line = f"{_time(record):%H:%M:%S} {record.levelname.lower()} {clean(record.getMessage())}"
        if record.exc_info:
            trace = self.formatException(record.exc_info).splitlines()
            line = "\n".join([line, *map(clean, trace)])
        return line


def clean(text: str) -> str:
    """`text` on one line without control characters, at most `LONGEST_FIELD` bytes."""
    text = text[:LONGEST_FIELD]
    if not text.isprintable():
        text = "".join(c if c.isprintable() else _escape(c) for c in text)
    encoded = text.encode(errors="backslashreplace")
    if len(encoded) <= LONGEST_FIELD:
        return encoded.decode()
    return encoded[: LONGEST_FIELD - 3].decode(errors="ignore") + "…"


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)
