"""The one reader of request bodies: bounded in bytes and in time.

Left alone, Werkzeug cuts a chunked body at its limit without a word (reliability decision 4), and
half a descriptor reads as "the rest was removed". So the body is read here, to its end or not at
all, before anything else looks at it.
"""

from __future__ import annotations

import time
from io import BytesIO
from typing import Any

from portal.api.errors import Refusal

LARGEST_BODY = 1024 * 1024
"""Bytes."""

LARGEST_DELIVERY = 25 * 1024 * 1024
"""Bytes of a webhook's delivery: what GitHub sends at most (hostile-input row W09)."""

DEADLINE = 30.0
"""Seconds for the whole body; a dripping client holds a thread no longer."""

PIECE = 16 * 1024


def take_body(environ: dict[str, Any], *, largest: int = LARGEST_BODY) -> None:
    """Read the body, of at most `largest` bytes, and leave it in `environ` with its true length.

    Raises `Refusal` where it is too large, too slow, or ends before its announced length.
    """
    text = environ.get("CONTENT_LENGTH", "") or ""
    announced = int(text) if text.isascii() and text.isdigit() else None
    if announced is not None and announced > largest:
        raise _too_large(largest)
    if announced is None and not environ.get("wsgi.input_terminated"):
        return  # no body at all
    body = _read(environ, announced, largest)
    if announced is not None and len(body) < announced:
        raise Refusal("BAD_REQUEST", "The body ended before its announced length")
    environ["wsgi.input"] = BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)


def _read(environ: dict[str, Any], announced: int | None, largest: int) -> bytes:
    stream, ends = environ["wsgi.input"], time.monotonic() + DEADLINE
    socket = environ.get("gunicorn.socket")
    if socket is not None:
        socket.settimeout(DEADLINE)
    wanted = largest + 1 if announced is None else announced
    body = bytearray()
    try:
        while len(body) < wanted:
            piece = stream.read(min(PIECE, wanted - len(body)))
            if not piece:
                break
            body += piece
            if time.monotonic() > ends:
                raise Refusal("BODY_TOO_SLOW", "The body did not arrive in time")
    except TimeoutError:
        raise Refusal("BODY_TOO_SLOW", "The body did not arrive in time") from None
    except OSError:
        raise Refusal("BAD_REQUEST", "The body could not be read to its end") from None
    finally:
        if socket is not None:
            socket.settimeout(None)
    if len(body) > largest:
        raise _too_large(largest)
    return bytes(body)


def _too_large(largest: int) -> Refusal:
    return Refusal("BODY_TOO_LARGE", f"The body is larger than {largest // 1024 // 1024} MiB")
