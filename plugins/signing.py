"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 with a shared secret.

Signed is `id.timestamp.body`. While a secret is being replaced each message is signed with both, and
a receiver takes what fits the one it has.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret (Standard Webhooks, "Signature scheme")."""

TOLERANCE = timedelta(minutes=5)
"""How far a message's time may be from ours: what is older may be one that somebody recorded."""


def key_of(secret: str) -> bytes | None:
    """The key that `whsec_<base64>` writes; None where it writes none of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except ValueError:  # letters beyond ASCII, too
        return None
    return key if SHORTEST <= len(key) <= LONGEST else None


def signed_headers(
    identifier: str, body: bytes, keys: Sequence[bytes], *, now: datetime
) -> Mapping[str, str]:
    """The headers of a message; `identifier` has no dot."""
    timestamp = str(int(now.timestamp()))
    return {
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_signatures(identifier, timestamp, body, keys)),
    }


def is_signed(
    headers: Mapping[str, str], body: bytes, keys: Sequence[bytes], *, now: datetime
) -> bool:
    """Whether a message was signed, within `TOLERANCE`, with one of the keys.

    The names of the headers are in lower case.
    """
    timestamp = headers.get("webhook-timestamp", "")
    if not re.fullmatch(r"[0-9]{1,12}", timestamp):
        return False
    if abs(now.timestamp() - int(timestamp)) > TOLERANCE.total_seconds():
        return False
    given = [signature.encode() for signature in headers.get("webhook-signature", "").split()]
    expected = _signatures(headers.get("webhook-id", ""), timestamp, body, keys)
    # Bytes: texts with letters beyond ASCII cannot be compared so.
    return any(hmac.compare_digest(one.encode(), other) for one in expected for other in given)


def _signatures(identifier: str, timestamp: str, body: bytes, keys: Sequence[bytes]) -> list[str]:
    content = f"{identifier}.{timestamp}.".encode() + body
    digests = [hmac.new(key, content, hashlib.sha256).digest() for key in keys]
    return [f"v1,{base64.b64encode(digest).decode()}" for digest in digests]
