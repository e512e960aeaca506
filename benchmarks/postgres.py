"""A PostgreSQL server of a benchmark's own: made, started, and gone at the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that runs."""

    home: Path
    """Folder of its socket."""
    pid: int
    user: str

    def url(self, name: str) -> str:
        """Of a database."""
        return f"postgresql://{self.user}@/{name}?host={self.home}"


@contextmanager
def postgres(home: Path, *, user: str, settings: Sequence[str] = ()) -> Iterator[Server]:
    """A server with an empty folder `home`, which others may enter; it listens at a socket there alone."""
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb") or next((str(one / "initdb") for one in places), None)
    if found is None:
        sys.exit("the programs of PostgreSQL are not installed")
    programs = Path(found).parent
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = home / "data"
    initdb = [programs / "initdb", "-D", data, "-A", "trust", "-U", user, "-E", "UTF8"]
    wanted = ("listen_addresses=''", "shared_buffers=512MB", *settings)
    options = f"-k {home} " + " ".join(f"-c {one}" for one in wanted)
    control = [*as_user, programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*as_user, *initdb, "--locale=C.UTF-8"], check=True, capture_output=True)
    subprocess.run(
        [*control, "-o", options, "-l", home / "log", "start"], check=True, capture_output=True
    )
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        yield Server(home=home, pid=pid, user=user)
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], capture_output=True)
