"""URLs taken apart: the one reading of a URL that both the rules and the connection go by.

What two parsers might read differently is refused or written out here first: user information,
backslashes, control characters, addresses in odd forms, steps upward (hostile-input rows S06, S07,
S08, S13). The grammar is that of the WHATWG URL standard, made narrower.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import quote as quote_url
from urllib.parse import unquote, urljoin

from catalog.problems import quote
from plugins.contract import Problem

LONGEST_URL = 8192
"""Characters."""

PORTS = {"http": 80, "https": 443}
"""The schemes that are read, each with its own port."""

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_URL = re.compile(r"https?://([^/?#]+)([^?#]*)(\?[^#]*)?(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::(\d{1,5})?)?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"\d+|0x[0-9a-f]*")
_ESCAPE = re.compile(r"%([0-9a-fA-F]{2})")
_LONE_PERCENT = re.compile(r"%(?![0-9a-fA-F]{2})")
_DEEPEST_ESCAPE = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class WebUrl:
    """An HTTP URL in its normal form, without user information and fragment."""

    scheme: str
    host: str
    """Lower case; an address without brackets, in its shortest form."""
    port: int | None
    """None: the scheme's own."""
    path: str
    """Begins with `/`; has no steps such as `..`, and escapes only where they are needed."""
    query: str = ""
    """With its `?`; '' where there is none."""

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port that answer for it."""
        return self.scheme, self.host, self.port or PORTS[self.scheme]

    @property
    def authority(self) -> str:
        """What the `Host` header says."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def target(self) -> str:
        """What the request line asks for."""
        return self.path + self.query

    @property
    def is_address(self) -> bool:
        """Whether the host is an address, and no name."""
        return ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.target}"


def parse_url(text: str) -> WebUrl | Problem:
    """The URL that `text` writes; a problem where it is none that may be read."""
    scheme = _SCHEME.match(text)
    if scheme is not None and scheme[1].lower() not in PORTS:
        return Problem(
            code="SCHEME_NOT_ALLOWED",
            message=f"{quote(scheme[1])}: URLs are not read.",
            hint="Use https:// or http://.",
        )
    parts = None if len(text) > LONGEST_URL or not text.isprintable() else _URL.fullmatch(text)
    authority = _AUTHORITY.fullmatch(parts[1]) if parts is not None else None
    if scheme is None or parts is None or authority is None:
        return _bad_url(text)
    host = _address(authority[1]) if authority[1] else _host(authority[2].lower())
    port = int(authority[3]) if authority[3] else PORTS[scheme[1].lower()]
    path = normal_path(parts[2])
    if host is None or path is None or not 0 < port < 65536:
        return _bad_url(text)
    return WebUrl(
        scheme=scheme[1].lower(),
        host=host,
        port=None if port == PORTS[scheme[1].lower()] else port,
        path=path,
        query=_escaped(parts[3] or ""),
    )


def join_url(base: WebUrl, reference: str) -> WebUrl | Problem:
    """The URL that `reference` names where it stands in `base`, as in a `Location` header."""
    try:
        return parse_url(urljoin(str(base), reference))
    except ValueError:
        return _bad_url(reference)


def normal_path(path: str) -> str | None:
    """The path in its normal form; None where it hides control characters or steps upward."""
    if "\\" in path:
        return None
    segments: list[str] = []
    walked = _ESCAPE.sub(_needed, _escaped(path)).split("/")[1:]
    for segment in walked:
        if segment == "..":
            del segments[-1:]
        elif segment != ".":
            segments.append(segment)
    if walked and walked[-1] in (".", ".."):
        segments.append("")
    normal = "/" + "/".join(segments)
    return None if _hides(normal) else normal


def _escaped(text: str) -> str:
    return quote_url(_LONE_PERCENT.sub("%25", text), safe="/%:@!$&'()*+,;=~[]?")


def _needed(escape: re.Match[str]) -> str:
    """The escape in upper case, or the letter itself where it needs none (RFC 3986, 6.2.2)."""
    letter = chr(int(escape[1], 16))
    plain = letter.isascii() and (letter.isalnum() or letter in "-._~")
    return letter if plain else escape[0].upper()


def _hides(path: str) -> bool:
    """Whether a server that unescapes once more would see another path."""
    if any(ord(c) < 32 or ord(c) == 127 for c in unquote(path)):
        return True
    for _ in range(_DEEPEST_ESCAPE):
        further = unquote(path)
        if ".." in re.split(r"[/\\]", further):
            return True
        if further == path:
            return False
        path = further
    return True


def _host(host: str) -> str | None:
    """A name, or an IPv4 address in its usual form: what else ends in a number is neither."""
    if not all(_LABEL.fullmatch(label) for label in host.split(".")) or len(host) > 253:
        return None
    return _address(host) if _NUMBER.fullmatch(host.rpartition(".")[2]) else host


def _address(text: str) -> str | None:
    try:
        return ipaddress.ip_address(text).compressed
    except ValueError:
        return None


def _bad_url(text: str) -> Problem:
    # What stands before an `@` may be a secret, and what stands in a query, too.
    shown = text.partition("?")[0].rpartition("@")[2]
    return Problem(
        code="BAD_URL",
        message=f"{quote(shown)} is no URL that can be read.",
        hint="Use https://host/path without user, backslash or `..`; names in ASCII (xn--).",
        found=quote(shown),
    )
