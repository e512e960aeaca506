"""Git URLs taken apart: which transport they ask for, what they name, which secrets they hold.

Only what this module accepts is ever handed to `git`; `ext::` and its like, options in disguise
and control characters are refused by not being in the grammar (hostile-input rows G01, G03, S13).
`file://` is for the local source, which needs no copy.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

_SCP = re.compile(r"(?P<user>[\w.-]+)@(?P<host>[\w][\w.-]*):(?P<path>[^\s:][^\s]*)")
_FILE = re.compile(
    r"\.(?:ya?ml|json)$|/-/|^/[^/]+/[^/]+/(?:blob|edit|raw|tree)/|/src/(?:branch|commit|tag)/",
    re.IGNORECASE,
)
"""The path of a descriptor, or of what forges show below a repository: no clone URL."""

_URL = re.compile(r"(https?|ssh)://[^\s]+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """A git URL that may be used."""

    url: str
    """Without credentials and trailing slash: identity, and what is shown."""
    protocol: str
    """Git's word for the transport: https, http or ssh."""
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """For people: the last two parts of the path, without `.git`."""
        path = self.url.rpartition(":")[2] if "://" not in self.url else urlsplit(self.url).path
        return "/".join(path.removesuffix(".git").strip("/").split("/")[-2:])


def parse_address(target: str) -> Address | None:
    """The address that `target` writes; None where it is none that git may be given."""
    if not target.isprintable() or target.startswith("-"):
        return None
    if _SCP.fullmatch(target):
        return Address(url=target.rstrip("/"), protocol="ssh")
    if not _URL.fullmatch(target):
        return None
    try:
        parts = urlsplit(target)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    path = parts.path.rstrip("/")
    if parts.scheme != "ssh" and _FILE.search(path) and not path.endswith(".git"):
        return None
    if parts.query or parts.fragment or not path or not host or host.startswith("-"):
        return None
    place = f"[{host}]" if ":" in host else host
    place += f":{port}" if port else ""
    if parts.scheme == "ssh":
        user = parts.username or ""
        if user.startswith("-"):
            return None
        # The user belongs to the address of an ssh server; a password does not work there.
        return Address(url=f"ssh://{user}{'@' if user else ''}{place}{path}", protocol="ssh")
    return Address(
        url=f"{parts.scheme}://{place}{path}",
        protocol=parts.scheme,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
    )
