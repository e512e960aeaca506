"""Packs of commits that were just written, as git over HTTP sends them; see `plugins.git.packs`."""

from __future__ import annotations

import hashlib
import zlib
from dataclasses import dataclass

KINDS = {"commit": 1, "tree": 2, "blob": 3}


@dataclass(frozen=True, kw_only=True)
class Written:
    """A commit without parents, and its objects: the commit first, as servers send them."""

    commit: str
    objects: tuple[tuple[str, bytes], ...]
    """Each with its kind."""


def asks_for(body: bytes) -> str:
    """The commit that a request wants alone, by one who has nothing; '': it is another request."""
    lines = body.split(b"want ")
    is_plain = len(lines) == 2 and b"deepen 1" in body and b"have " not in body and b"done" in body
    return lines[1][:40].decode("ascii", "replace") if is_plain else ""


def answer_of(written: Written) -> bytes:
    """What a server says to who wants the commit, one deep."""
    pack = _pack_of(written)
    parts = [pack[n : n + 60_000] for n in range(0, len(pack), 60_000)]
    # Git calls a commit at the depth shallow, also one that has no parents.
    shallow = [_line(b"shallow-info\n"), _line(f"shallow {written.commit}".encode()), b"0001"]
    sent = [_line(b"packfile\n"), *(_line(b"\1" + part) for part in parts), b"0000"]
    return b"".join([*shallow, *sent])


def _pack_of(written: Written) -> bytes:
    objects = dict.fromkeys(written.objects)  # two files may have the same content
    head = b"PACK" + (2).to_bytes(4) + len(objects).to_bytes(4)
    content = head + b"".join(_entry(kind, content) for kind, content in objects)
    return content + hashlib.sha1(content).digest()


def _entry(kind: str, content: bytes) -> bytes:
    size = len(content)
    head = [KINDS[kind] << 4 | size & 15]
    size >>= 4
    while size:
        head[-1] |= 0x80
        head.append(size & 0x7F)
        size >>= 7
    return bytes(head) + zlib.compress(content, 1)


def _line(content: bytes) -> bytes:
    return b"%04x" % (len(content) + 4) + content
