"""Starts the forge server for a test, and tells it what is to be there."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from plugins.contract import Forge

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningForge:
    """A server that answers as each of the three forges."""

    port: int
    pid: int

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def order(self, do: str, **more: Any) -> Any:
        done = requests.post(f"{self.url}/control", json={"do": do, **more}, timeout=30)
        done.raise_for_status()
        return done.json()

    def reset(self) -> None:
        """Be as at the start: without repositories and faults, and asked for nothing."""
        self.order("reset")

    def create(self, path: str, files: Mapping[str, str], **about: Any) -> None:
        self.order("create", path=path, files=files, **about)

    def commit(self, path: str, files: Mapping[str, str | None], branch: str = "") -> str:
        return str(self.order("commit", path=path, files=files, branch=branch))

    def know(self, path: str, **about: Any) -> None:
        self.order("know", path=path, **about)

    def fail(self, match: str, how: str, **more: Any) -> None:
        self.order("fail", match=match, how=how, **more)

    def asked(self) -> list[dict[str, Any]]:
        """Every request since this was last called."""
        return list(self.order("asked"))

    def busiest(self) -> dict[str, int]:
        """Since this was last called: how many requests it answered at a time, of git and of the API."""
        return dict(self.order("busiest"))

    def counts(self) -> Counter[str]:
        """Since then: how many requests of each kind; those answered by 304 with a `*`."""
        return Counter(one["kind"] + ("*" if one["status"] == 304 else "") for one in self.asked())

    def forge(self, type: str, *, token: str = "good") -> Forge:  # noqa: A002 - as in the record
        """As it is configured."""
        api = {"github": "/api/v3", "gitlab": "/api/v4", "gitea": "/api/v1"}[type]
        secret = {"password": token} if type == "gitea" else {"token": token}
        return Forge(
            type=type,
            host=self.host,
            api_url=self.url + api,
            web_url=self.url,
            signs_in=bool(token),
            **secret,
        )


@contextmanager
def running_forge(folder: Path) -> Iterator[RunningForge]:
    """A server with its repositories below `folder`."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.forge.server", str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield RunningForge(port=int(process.stdout.readline()), pid=process.pid)
        finally:
            process.kill()
