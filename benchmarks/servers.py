"""Servers under test: the real `portal up`, and a corpus to read, started and stopped around a test."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A portal that answers."""

    process: subprocess.Popen[bytes]
    base: str
    """URL without a path."""
    session: requests.Session
    start_seconds: float
    """From the start of the process to the first answer of the catalog."""

    @property
    def api(self) -> str:
        """Where the catalog is."""
        return f"{self.base}/api/catalog"

    def count(self) -> int:
        """How many entities are visible."""
        answer = self.session.get(f"{self.api}/entities/by-query?limit=0", timeout=60)
        answer.raise_for_status()
        return int(answer.json()["totalItems"])

    def wait_for(self, entities: int) -> float:
        """Wait until so many are visible; returns the seconds it took."""
        began = time.monotonic()
        while self.count() < entities:
            self.check()
            time.sleep(0.1)
        return time.monotonic() - began

    def gauge(self, name: str) -> float:
        """The sum of a metric over its labels."""
        lines = self.session.get(f"{self.base}/metrics", timeout=60).text.splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))

    def settle(self) -> None:
        """Wait until nothing waits to be read or assessed."""
        while self.gauge("plumbline_pending_keys") or self.gauge("plumbline_unassessed_entities"):
            self.check()
            time.sleep(0.5)

    def check(self) -> None:
        """End with a message where the portal did."""
        if self.process.poll() is not None:
            sys.exit(f"the portal ended with status {self.process.returncode}")


@contextmanager
def portal(
    *arguments: str, database: str | None = None, data: Path | None = None
) -> Iterator[Portal]:
    """Run `portal up` with these arguments; `data` is kept, without it there is a fresh folder."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = data or Path(tempfile.mkdtemp(prefix="plumbline-bench-"))
    command = [sys.executable, "-m", "portal", "up", *arguments, "--port", str(port)]
    command += ["--data-dir", str(folder), *(["--database", database] if database else [])]
    began = time.monotonic()
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        base, session = f"http://127.0.0.1:{port}", requests.Session()
        while not _answers(session, base):
            if process.poll() is not None:
                sys.exit(f"the portal ended with status {process.returncode}")
            time.sleep(0.02)
        took = time.monotonic() - began
        yield Portal(process=process, base=base, session=session, start_seconds=took)
    finally:
        process.terminate()
        process.wait()
        if data is None:
            shutil.rmtree(folder)


def _answers(session: requests.Session, base: str) -> bool:
    try:
        return session.get(f"{base}/api/catalog/entities/by-query?limit=0", timeout=30).ok
    except requests.ConnectionError:
        return False


def write_config(corpus: Path, folder: Path, *, interval: str) -> Path:
    """A config that reads every file of a corpus as a location of its own."""
    files = sorted(corpus.resolve().rglob("catalog-info.yaml"))
    kinds = "[Component, API, Resource, System, Domain, Group, User, Location, Template]"
    lines = [
        "backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}",
        "catalog:",
        f"  processingInterval: {interval}",
        f"  rules: [{{allow: {kinds}}}]",
        "  locations:",
        *(f"    - {{type: file, target: {json.dumps(str(file))}}}" for file in files),
    ]
    path = folder / "app-config.yaml"
    path.write_text("\n".join([*lines, ""]))
    return path


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which `part` of the values are."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
