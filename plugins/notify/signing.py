"""Signatures of webhooks, as Standard Webhooks 1.0 has them: HMAC-SHA256 with a shared secret.

Signed is `id.timestamp.body`. While a secret is being replaced each message is signed with both, and
a receiver takes what fits the one it has.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64
"""Bytes of a secret (Standard Webhooks, "Signature scheme")."""


def key_of(secret: str) -> bytes | None:
    """The key that `whsec_<base64>` writes; None where it writes none of 24 to 64 bytes."""
    if not secret.startswith(PREFIX):
        return None
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return None
    return key if SHORTEST <= len(key) <= LONGEST else None


def signed_headers(
    identifier: str, body: bytes, keys: Sequence[bytes], *, now: datetime
) -> Mapping[str, str]:
    """The headers of a message; `identifier` has no dot."""
    timestamp = str(int(now.timestamp()))
    content = f"{identifier}.{timestamp}.".encode() + body
    signatures = (
        base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys
    )
    return {
        "webhook-id": identifier,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
