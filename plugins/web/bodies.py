"""Bodies: read no further than they may be long, unpacked no further either, and whole or not at all.

A body that ends early may parse and still be half of it (F33), and a small one may unpack to
gigabytes (hostile-input row S11); both are found here, before anybody sees the content.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from http.client import HTTPResponse

from plugins.web.connection import Broken, RequestFailed

_PIECE = 64 * 1024
_GZIP = 16 + zlib.MAX_WBITS
_SLACK = 64 * 1024  # what gzip adds to a body that does not shrink


class TooLarge(RequestFailed):
    """The body is longer than it may be; it was read no further than that."""


def read_body(response: HTTPResponse, *, max_bytes: int) -> bytes:
    """The whole content of a response. Raises `TooLarge` and `Broken`, and what the socket raises."""
    encoding = response.getheader("Content-Encoding", "").strip().lower()
    if encoding in ("", "identity"):
        return b"".join(_pieces(response, max_bytes))
    if encoding not in ("gzip", "x-gzip"):
        raise Broken("an encoding that was not asked for")
    try:
        return _unpack(_pieces(response, max_bytes + _SLACK), max_bytes)
    except zlib.error:
        raise Broken("gzip") from None


def _pieces(response: HTTPResponse, most: int) -> Iterator[bytes]:
    """What comes over the wire, to its announced end."""
    if response.length is not None and response.length > most:
        raise TooLarge
    received = 0
    while piece := response.read(_PIECE):
        received += len(piece)
        if received > most:
            raise TooLarge
        yield piece
    if response.length:  # `http.client` takes an early end for the end
        raise Broken("the body ends early")


def _unpack(pieces: Iterator[bytes], most: int) -> bytes:
    """The content of one gzip member: HTTP has no use for several."""
    content = bytearray()
    member = zlib.decompressobj(_GZIP)
    for piece in pieces:
        content += member.decompress(piece, most + 1 - len(content))
        if len(content) > most:
            raise TooLarge
        if member.unused_data:
            raise Broken("more than one gzip member")
    if not member.eof:
        raise Broken("the body ends early")
    return bytes(content)
