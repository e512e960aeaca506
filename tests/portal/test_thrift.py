"""Thrift: a process gives back what it no longer needs."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from portal import thrift

PIECE = 3000
"""Bytes: more than Python keeps in heaps of its own, less than is taken from the system by itself."""

ONE_AFTER_THE_OTHER = """
import sys, threading
from pathlib import Path
from portal import thrift

def work(number):
    turns[number].wait()
    pieces = [b"%d" % n * 500 for n in range(100_000, 110_000)]
    kept.append(pieces[-1])  # so that the heap does not end where they began
    del pieces
    turns[number + 1].set()

if sys.argv[1] == "share":
    thrift.share_heap()
kept, turns = [], [threading.Event() for _ in range(5)]
for number in range(4):
    threading.Thread(target=work, args=[number]).start()
turns[0].set()
turns[4].wait()
print(int(Path("/proc/self/statm").read_text().split()[1]) * 4096)
"""
"""Four threads that live at the same time need 30 MB each, one after the other."""

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
    one = thrift.Thrift(enough=0.2)
    assert not one.look()
    until = time.process_time() + 0.2
    while time.process_time() < until:
        pass
    assert one.look()
    assert not one.look()


def test_what_one_thread_has_freed_another_uses_again():
    alone, shared = (
        int(subprocess.check_output([sys.executable, "-c", ONE_AFTER_THE_OTHER, how]))
        for how in ("alone", "share")
    )
    assert alone - shared > 60_000_000
