"""Whether a text is an absolute URL, as `new URL(text)` of browsers decides.

Source: the WHATWG URL standard. Acceptance has to agree with it, because Backstage asks `new URL`.
It says nothing on safety: `javascript:` is a URL too, so pages check the scheme before they link.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from urllib.parse import unquote

_PLAIN = re.compile(
    r"https?://[a-z0-9][a-z0-9.-]*\.(?!xn--)[a-z]+(?::[0-9]{1,4})?(?:[/?#].*)?", re.DOTALL
)
"""Nearly every URL met; what it matches needs no closer look."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_SPECIAL = frozenset({"http", "https", "ws", "wss", "ftp", "file"})
_FORBIDDEN_IN_HOST = re.compile(r"[\x00\t\n\r #/:<>?@\[\\\]^|]")
_FORBIDDEN_IN_DOMAIN = re.compile(r"[\x00-\x20#/:<>?@\[\\\]^|%\x7f]")
_IPV4_PART = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_STRIPPED = "".join(map(chr, range(0x21)))
_NO_NEWLINES = {9: None, 10: None, 13: None}


def is_url(text: str) -> bool:
    """Whether `text` is an absolute URL."""
    if _PLAIN.fullmatch(text) and "xn--" not in text:
        return True
    found = _SCHEME.fullmatch(text.strip(_STRIPPED).translate(_NO_NEWLINES))
    if found is None:
        return False
    scheme, rest = found[1].lower(), found[2]
    if scheme == "file":
        return _is_file_rest(rest)
    if scheme in _SPECIAL:
        return _is_authority(re.split(r"[/\\?#]", rest.lstrip("/\\"), maxsplit=1)[0], special=True)
    if not rest.startswith("//"):
        return True
    authority = re.split(r"[/?#]", rest[2:], maxsplit=1)[0]
    return not authority or _is_authority(authority, special=False)


def _is_file_rest(rest: str) -> bool:
    if not re.match(r"[/\\]{2}", rest):
        return True
    host = re.split(r"[/\\?#]", rest[2:], maxsplit=1)[0]
    return not host or re.fullmatch(r"[A-Za-z][:|]", host) is not None or _is_domain(host)


def _is_authority(authority: str, *, special: bool) -> bool:
    host = authority.rpartition("@")[2]
    port = ""
    bracket = host.rfind("]")
    colon = host.find(":", bracket + 1)
    if colon >= 0:
        host, port = host[:colon], host[colon + 1 :]
        if port and not _is_port(port):
            return False
    if not host:
        return False
    if host.startswith("["):
        return _is_ipv6(host)
    return _is_domain(host) if special else not _FORBIDDEN_IN_HOST.search(host)


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host[1:-1] if host.endswith("]") and "%" not in host else "")
    except ValueError:
        return False
    return True


def _is_domain(host: str) -> bool:
    if host.startswith("["):
        return _is_ipv6(host)
    domain = unicodedata.normalize("NFKC", unquote(host, errors="replace")).casefold()
    domain = domain.replace("\u3002", ".").replace("\u00ad", "")
    if not domain or "\ufffd" in domain or _FORBIDDEN_IN_DOMAIN.search(domain):
        return False
    if any(label.startswith("xn--") and not _is_punycode(label) for label in domain.split(".")):
        return False
    return _is_no_bad_ipv4(domain)


def _is_punycode(label: str) -> bool:
    try:
        decoded = label[4:].encode("ascii").decode("punycode")
    except (UnicodeError, ValueError):
        return False
    return not decoded.isascii() and not any(
        unicodedata.category(c).startswith("C") for c in decoded
    )


def _is_no_bad_ipv4(domain: str) -> bool:
    """A host whose last part is a number is an IPv4 address, and then must be a good one."""
    parts = domain.split(".")
    if parts[-1] == "" and len(parts) > 1:
        parts.pop()
    last = parts[-1]
    if not (last.isascii() and last.isdigit()) and not re.fullmatch(r"0[xX][0-9A-Fa-f]*", last):
        return True
    if len(parts) > 4 or not all(_IPV4_PART.fullmatch(part) for part in parts):
        return False
    numbers = [_ipv4_number(part) for part in parts]
    limit = 256 ** (5 - len(numbers))
    return all(0 <= n <= 255 for n in numbers[:-1]) and 0 <= numbers[-1] < limit


def _ipv4_number(part: str) -> int:
    """The value of one part; -1 where it is no number, as `08`, or far too large."""
    if len(part) > 40:
        return -1
    try:
        if part[:2] in ("0x", "0X"):
            return int(part[2:] or "0", 16)
        return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)
    except ValueError:
        return -1


def _is_port(text: str) -> bool:
    digits = text.lstrip("0")
    return text.isascii() and text.isdigit() and (len(digits) <= 5 and int(digits or "0") <= 65535)
