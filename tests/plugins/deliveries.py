"""Deliveries as forges send them, for tests."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from plugins.hooks import Delivery

SECRET = "a secret of the webhook"


def hub(event: str, payload: Any, *, secret: str = SECRET, body: bytes | None = None) -> Delivery:
    """A delivery of GitHub's."""
    body = json.dumps(payload).encode() if body is None else body
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "content-type": "application/json",
        "x-github-event": event,
        "x-github-delivery": "1",
        "x-hub-signature-256": f"sha256={digest}",
    }
    return Delivery(headers=headers, body=body)


def push(url: str, commit: str, *, ref: str = "refs/heads/main") -> dict[str, Any]:
    """The part of a push that GitHub and Gitea have in common."""
    return {
        "ref": ref,
        "after": commit,
        "repository": {"html_url": url, "clone_url": f"{url}.git", "full_name": "acme/shop"},
    }
