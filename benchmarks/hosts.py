"""Small hosts: a process with all that it starts gets a share of a core, by a control group (Linux, root)."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PERIOD = 10_000
"""Microseconds in which a share is given out: short, so that nobody stands still for long."""

FIRST, SECOND = Path("/sys/fs/cgroup/cpu"), Path("/sys/fs/cgroup")
"""Where control groups of the first and the second version are."""


@contextmanager
def small_host(pid: int, share: float) -> Iterator[None]:
    """Let the process and what it starts from now on have so much of a core."""
    is_first = (FIRST / "cpu.cfs_quota_us").exists()
    group = (FIRST if is_first else SECOND) / f"plumbline-{pid}"
    try:
        group.mkdir()
        if is_first:
            (group / "cpu.cfs_period_us").write_text(str(PERIOD))
            (group / "cpu.cfs_quota_us").write_text(str(int(share * PERIOD)))
        else:
            (group / "cpu.max").write_text(f"{int(share * PERIOD)} {PERIOD}")
        (group / "cgroup.procs").write_text(str(pid))
    except OSError as error:
        sys.exit(f"this machine does not let shares of a core be given: {error}")
    try:
        yield
    finally:
        _empty(group, FIRST if is_first else SECOND)


def _empty(group: Path, home: Path) -> None:
    """Take the group away, once what was in it has ended or is elsewhere."""
    for _ in range(50):
        for pid in (group / "cgroup.procs").read_text().split():
            try:
                (home / "cgroup.procs").write_text(pid)
            except OSError:
                pass  # it has just ended
        try:
            group.rmdir()
            return
        except OSError:
            time.sleep(0.1)
