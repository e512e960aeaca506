"""Thrift: a process gives back what it no longer needs."""

import sys
import time
from pathlib import Path

import pytest

from portal import thrift

PIECE = 3000
"""Bytes: more than Python keeps in heaps of its own, less than is taken from the system by itself."""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or thrift._trim is None, reason="needs GNU's C library"
)


def resident() -> int:
    """Bytes of memory that this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def free_with_some_kept() -> list[bytes]:
    """60 MB in pieces, and all of them freed but each hundredth, which keeps the heap from shrinking."""
    pieces = [bytes([n % 255 + 1]) * PIECE for n in range(20_000)]
    return pieces[::100]


def test_what_is_free_in_the_middle_is_given_back():
    kept = free_with_some_kept()
    before = resident()
    thrift.give_back()
    assert before - resident() > 30_000_000
    assert len(kept) == 200


def test_it_is_given_back_only_after_work():
    one = thrift.Thrift()
    assert not one.look()
    until = time.process_time() + thrift.ENOUGH
    while time.process_time() < until:
        pass
    assert one.look()
    assert not one.look()
