"""Packs: a commit with its files in one request, where a program would need three and its own processes.

Of a forge that has told the commit of a branch nothing else has to be asked, so the request for the
objects is sent at once. Source: git's `gitprotocol-v2` (`fetch`, `deepen`, `shallow-info`, `packfile`),
`gitprotocol-common` (pkt-lines) and `gitformat-pack`. A server over HTTP keeps nothing between two
requests, so that it answers this one without having said before what it can do; one that does not, and
an answer of any other form, is left to git itself.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

LARGEST = 8 * 1024 * 1024
"""Bytes of a pack that is taken so. It is held in memory; git itself fetches a larger one to disk."""

TYPE = "application/x-git-upload-pack-result"
"""Media type of the answer."""

HEADERS = {
    "content-type": "application/x-git-upload-pack-request",
    "accept": TYPE,
    "git-protocol": "version=2",
}
"""Of the request."""

_FLUSH, _DELIMITER = b"0000", b"0001"
_DATA, _FAILED = 1, 3
_COMMIT = 1
_LARGEST_COMMIT = 1024 * 1024
_ID = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pack:
    """What a server has sent."""

    content: bytes
    shallow: tuple[str, ...]
    """The commits whose parents it has left out."""

    def commit(self) -> bytes | None:
        """The content of its first object, where that is a commit: servers send those first.

        None: git has to be asked for it.
        """
        place = 12  # behind the signature, the version and the number of objects
        if len(self.content) <= place or self.content[place] >> 4 & 7 != _COMMIT:
            return None
        while self.content[place] & 0x80:
            place += 1
        try:
            return zlib.decompressobj().decompress(self.content[place + 1 :], _LARGEST_COMMIT)
        except zlib.error:
            return None


def is_id(commit: str) -> bool:
    """Whether it is the id of a commit of the kind that is asked for here: SHA-1."""
    return _ID.fullmatch(commit) is not None


def request(commit: str, *, have: str = "") -> bytes:
    """The body of the request for a commit and its files, without its parents.

    `have` is one whose files are there already; '': none.
    """
    lines = ["ofs-delta", "no-progress", "deepen 1"]
    if have:
        # There without its parents, too. What is sent may build on what it has.
        lines += ["thin-pack", f"shallow {have}", f"have {have}"]
    lines += [f"want {commit}", "done"]
    return b"".join(
        [_line("command=fetch"), _DELIMITER, *(_line(one) for one in lines), _FLUSH],
    )


def pack_of(answer: bytes) -> Pack | None:
    """The pack of an answer; None: it is of another form, or says that there is none."""
    shallow: list[str] = []
    content: list[bytes] = []
    section = b""
    try:
        for line in _lines(answer):
            if line is None:  # the end of a section
                section = b""
            elif not section:
                section = line.rstrip(b"\n")
            elif section == b"shallow-info":
                word, _, commit = line.decode("ascii").strip().partition(" ")
                if word == "shallow":
                    shallow.append(commit)
            elif section == b"packfile":
                if line[0] == _FAILED:
                    return None
                if line[0] == _DATA:
                    content.append(line[1:])
            else:
                return None
    except ValueError:
        return None
    whole = b"".join(content)
    is_pack = whole.startswith(b"PACK") and all(is_id(one) for one in shallow)
    return Pack(content=whole, shallow=tuple(shallow)) if is_pack else None


def _line(text: str) -> bytes:
    return b"%04x%s\n" % (len(text) + 5, text.encode("ascii"))


def _lines(answer: bytes) -> Iterator[bytes | None]:
    """The lines of an answer; None where a section ends. Raises `ValueError` for what is none."""
    place = 0
    while place < len(answer):
        size = int(answer[place : place + 4], 16)
        if size < 4:
            yield None
            place += 4
        elif size == 4 or place + size > len(answer):
            raise ValueError("no line has this length")
        else:
            yield answer[place + 4 : place + size]
            place += size
