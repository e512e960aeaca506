"""CPU and memory of a process with all its descendants, from /proc (Linux)."""

from __future__ import annotations

import os
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """The process and its descendants that are alive."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            children.setdefault(int(fields[1]), []).append(int(folder.name))
    found, waiting = [], [root]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def cpu_seconds(root: int) -> float:
    """What the tree has used, with the children that ended and were waited for."""
    return sum(sum(map(int, fields[11:15])) / TICKS for pid in tree(root) if (fields := _stat(pid)))


def own_seconds(pid: int) -> float:
    """What the process itself has used, without its descendants; 0: it is gone."""
    fields = _stat(pid)
    return sum(map(int, fields[11:13])) / TICKS if fields else 0.0


def memory(root: int) -> int:
    """Bytes of the tree: shared pages are split among those that share them."""
    return sum(memory_of_each(root))


def memory_of_each(root: int) -> list[int]:
    """Bytes of each process of the tree, the root first."""
    found = []
    for pid in tree(root):
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found.append(sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")))
    return found


def _stat(pid: int) -> list[str]:
    """The fields behind the name; none where the process is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
