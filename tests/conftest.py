"""Fixtures for every test: both databases, always real."""

from __future__ import annotations

import gc
import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest
from sqlalchemy import Engine, create_engine, make_url, text

from portal.db.engine import Database, open_database
from portal.db.migrations import migrate
from tests.forge.running import RunningForge, running_forge
from tests.screenshots import write_index
from tests.spare_databases import SpareDatabases

# Few, because they are other ones with each run: what is rare is for `make verify`.
# A change is tried with the same examples each time: what others find is found by make verify.
hypothesis.settings.register_profile("change", deadline=None, max_examples=10, derandomize=True)
hypothesis.settings.register_profile("verify", deadline=None, max_examples=250)
hypothesis.settings.load_profile("change")

SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-docs`: write what the documentation shows of the product anew (`make docs`).

    `--screenshots DIR`: keep a picture of every page there (`make screenshots`).
    """
    parser.addoption("--update-docs", action="store_true")
    parser.addoption("--screenshots", type=Path, metavar="DIR")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Lay the pictures side by side, once, when every process is done with its own."""
    folder = session.config.getoption("--screenshots")
    if folder is not None and not hasattr(session.config, "workerinput"):
        write_index(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the laws, which `make verify` tries with many more examples."""
    for item in items:
        if hypothesis.is_hypothesis_test(getattr(item, "obj", None)):
            item.add_marker("law")


def pytest_collection_finish() -> None:
    """Let the collector of garbage pass over what stays: it takes a fifth of the time of the tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    pytest.fail("Chromium is not installed: `make system` installs it or says how")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference material beside the checkout; its tests are skipped where it is missing."""
    if not SHARED.is_dir():
        pytest.skip(f"reference material is not at {SHARED}")
    return SHARED


@pytest.fixture(scope="session")
def forge_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningForge]:
    """A forge server of this test process's own, to be `reset` by each test."""
    with running_forge(tmp_path_factory.mktemp("forge")) as running:
        yield running


def _postgres_programs() -> Path:
    found = shutil.which("initdb")
    places = [Path(found).parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    pytest.fail("PostgreSQL is not installed: `make system` installs it or says how")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of this test process's own; yields its URL without a database."""
    programs = _postgres_programs()
    # Not under tmp_path: a socket's path is limited to 107 bytes, and root must hand the folder over.
    room = tempfile.gettempdir()
    home = Path(room if len(room) < 40 else "/tmp", f"plumbline-pg-{secrets.token_hex(4)}")
    home.mkdir(mode=0o755)
    as_user = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    data = home / "data"
    trust = ["-A", "trust", "-U", "plumbline", "--no-sync", "-E", "UTF8", "--locale=C"]
    settings = ["fsync=off", "full_page_writes=off", "autovacuum=off", "shared_buffers=64MB"]
    options = f"-c listen_addresses='' -k {home} " + " ".join(f"-c {one}" for one in settings)
    start = ["-w", "-o", options, "-l", home / "log", "start"]
    for command in (["initdb", "-D", data, *trust], ["pg_ctl", "-D", data, *start]):
        program, *arguments = command
        subprocess.run([*as_user, programs / program, *arguments], check=True, capture_output=True)
    try:
        yield f"postgresql://plumbline@/{{name}}?host={home}"
        _admin(f"postgresql://plumbline@/{{name}}?host={home}").dispose()
    finally:
        subprocess.run(
            [*as_user, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            capture_output=True,
        )
        shutil.rmtree(home, ignore_errors=True)


def new_postgres_database(server: str, template: str = "template1") -> str:
    """Create a database on `server` as a copy of `template`; returns its URL."""
    name = f"t_{secrets.token_hex(6)}"
    with _admin(server).connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    return server.format(name=name)


@cache
def _admin(server: str) -> Engine:
    """Kept, because connecting takes as long as making a database."""
    url = server.format(name="postgres").replace("postgresql://", "postgresql+psycopg://")
    return create_engine(url, isolation_level="AUTOCOMMIT")


def _migrated(url: str) -> None:
    opened = open_database(url)
    migrate(opened)
    opened.close()


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database, to be copied: migrating takes longer than most tests."""
    file = tmp_path_factory.mktemp("migrated") / "portal.db"
    _migrated(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def migrated_postgres(postgres: str) -> str:
    """The same on PostgreSQL: the name of a database, to be copied."""
    url = new_postgres_database(postgres)
    _migrated(url)
    return make_url(url).database or ""


@pytest.fixture(scope="session")
def spare_databases(postgres: str, migrated_postgres: str) -> SpareDatabases:
    """Migrated, empty databases on PostgreSQL, which are given back."""
    return SpareDatabases(postgres, migrated_postgres)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of a migrated, empty database, on each of the two."""
    if request.param == "sqlite":
        file = tmp_path / "portal.db"
        shutil.copyfile(request.getfixturevalue("migrated_file"), file)
        yield f"sqlite:///{file}"
        return
    spare: SpareDatabases = request.getfixturevalue("spare_databases")
    name = spare.take()
    yield spare.server.format(name=name)
    spare.give_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database, on each of the two."""
    opened = open_database(database_url)
    yield opened
    opened.close()
