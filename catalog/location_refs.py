"""Location refs: `<type>:<target>`, as Backstage reads them from people."""

from __future__ import annotations

import re

from catalog.errors import RefError

_JAVASCRIPT = re.compile(
    r"[\x00-\x1f ]*j[\r\n\t]*a[\r\n\t]*v[\r\n\t]*a[\r\n\t]*s[\r\n\t]*c[\r\n\t]*r[\r\n\t]*i[\r\n\t]*p"
    r"[\r\n\t]*t[\r\n\t]*:",
    re.IGNORECASE,
)
"""What browsers take for a `javascript:` URL, however it is broken up (reference 2.7)."""


def parse_location(text: str) -> tuple[str, str]:
    """Type and target, split at the first colon and trimmed.

    Raises `RefError` with Backstage's own message (catalog 4.0.0, reference 2.6).
    """
    kind, _, target = (part.strip() for part in text.partition(":"))
    if not kind or not target:
        expected = "expected '<type>:<target>', e.g. 'url:https://host/path'"
        raise RefError(f"Unable to parse location ref '{text}', {expected}")
    if kind in ("http", "https"):
        advice = f"please prefix it with 'url:', e.g. 'url:{text}'"
        raise RefError(f"Invalid location ref '{text}', {advice}")
    if _JAVASCRIPT.match(target):
        raise RefError(f"Invalid location ref '{text}', target is a javascript: URL")
    return kind, target
