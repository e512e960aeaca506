"""Tables as CSV (RFC 4180), for spreadsheets that take a text for a formula if they are let.

A cell that begins as a formula does is written with an apostrophe before it (OWASP, CSV Injection).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from flask import Response, request

TYPE = "text/csv; charset=utf-8; header=present"

PIECE = 64 * 1024
"""Characters that are sent at once."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_WIDE = {0xFF1D: "=", 0xFF0B: "+", 0xFF0D: "-", 0xFF20: "@"}


def safe(value: object) -> object:
    """The value, where it is a text, as one that no spreadsheet calculates."""
    if not isinstance(value, str):
        return value
    # What looks empty before a sign is skipped by some of them; full-width signs count as signs.
    first = value.lstrip(" \u00a0\ufeff\x00")[:1].translate(_WIDE)
    return f"'{value}" if first and first in _FORMULA else value


def wants_csv(chosen: str | None) -> bool:
    """Whether the request is for CSV: `format` says so, or else `Accept`."""
    if chosen is not None:
        return chosen == "csv"
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def table(
    header: Sequence[str], rows: Iterable[Sequence[object]], *, name: str, tag: str | None
) -> Response:
    """The rows as a file to save, sent as they come; `tag` is that of the same in JSON, if any."""
    response = Response(_lines(header, rows), content_type=TYPE)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Vary"] = "Accept"
    if tag is not None:
        response.set_etag(tag)
    return response


def _lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line, lineterminator="\r\n")
    for row in chain([header], rows):
        writer.writerow([safe(cell) for cell in row])
        if line.tell() >= PIECE:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()
