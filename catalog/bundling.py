"""Bundling: definitions with everything that they refer to taken in. (To be completed.)"""

from __future__ import annotations

import re

_REFERENCE = re.compile(rb"""["']?\$ref["']?[ \t]*:[ \t]*["']?([^\s"'#{}\[\],]{1,1000})""")


def references(content: bytes) -> list[str]:
    """The external targets of `$ref` in a JSON or YAML file, without fragments."""
    found = [m[1].decode("utf-8", "replace") for m in _REFERENCE.finditer(content)]
    return list(dict.fromkeys(found))
