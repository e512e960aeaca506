"""The commands that need a data directory, run as an operator runs them."""

import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner

from portal.app import create_app
from portal.cli.main import COMMANDS, main
from portal.config import Settings, environment
from portal.db.migrations import migrate
from portal.wiring import open_portal
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import entity
from tests.portal.cli.commands import invoke, run, run_process
from tests.portal.processes import eventually, portal_up

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: basket
spec:
  type: service
  lifecycle: production
  owner: garden-team
"""
SCORECARD = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: basket-card, title: Baskets, owner: garden-team}
spec:
  levels: [{name: None}, {name: Good}]
  checks:
    - {id: typed, title: It is typed, category: Catalog, level: Good, rule: entity.spec.type != '',
       why: So., fix: Type it., expected: A type}
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source" / "basket"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(DESCRIPTOR)
    return folder.parent


@pytest.mark.parametrize(
    ("called", "said"),
    [
        (["simulate"], "No such command 'simulate'. Did you mean 'main scorecard simulate'?"),
        (["chek"], "Did you mean 'main check'?"),
        (["scorecard", "simulat"], "Did you mean 'main scorecard simulate'?"),
        (["frobnicate"], "No such command 'frobnicate'.\n"),
    ],
)
def test_a_command_that_there_is_not_names_the_one_that_was_meant(
    called: list[str], said: str
) -> None:
    assert said in invoke(*called, status=2).output


def test_a_file_of_facts_that_is_not_there_is_said_in_words(tmp_path: Path) -> None:
    said = invoke("facts", "push", tmp_path / "none.json", status=1).output
    assert said.endswith("none.json cannot be read: No such file or directory\n")


def test_ingest_and_assess_work_without_a_running_portal(tmp_path: Path, source: Path) -> None:
    place = ("--data-dir", tmp_path / "data", "--source", source)
    done = json.loads(run("ingest", "--json", *place))
    assert (done["repositories"], done["added"], done["assessed"]) == (1, 1, 1)
    again = json.loads(run("ingest", "--json", *place))
    assert (again["added"], again["assessed"]) == (0, 0)
    assert json.loads(run("assess", "--json", "component:default/basket", *place)) == {
        "assessed": 1
    }
    run("assess", "component:default/nothing", *place, status=1)


def test_who_looks_with_less_of_the_configuration_changes_nothing(
    tmp_path: Path, source: Path
) -> None:
    here = ("--data-dir", tmp_path / "data")
    (tmp_path / "card.yaml").write_text(SCORECARD)
    config = tmp_path / "app-config.yaml"
    config.write_text("plumbline: {scorecards: [card.yaml]}")
    run("ingest", *here, "--source", source, "--config", config)
    before = stored(tmp_path)
    assert any("basket-card" in line for line in before)
    for command in (
        ("removals", "list"),
        ("explain", "component:default/basket"),
        ("scorecard", "explain", "component:default/basket", "service-maturity"),
        ("token", "list"),
    ):
        run(*command, *here)
        assert stored(tmp_path) == before, command


def test_removals_are_listed_as_the_running_portal_lists_them(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    portal = open_portal(Settings(database=f"sqlite:///{data / 'portal.db'}", data_dir=data))
    with closing(portal.database):
        migrate(portal.database)
        store = new_store(portal.database)
        put(store, reading("f", entity("a")), reading("g", entity("b")))
        put(store, reading("f"), held=("g",))
        client = create_app(portal).test_client()
        told = [client.get(f"/api/v1/{one}").json["items"] for one in ("removals", "tombstones")]
    assert all(told)
    found = json.loads(run("removals", "list", "--json", "--data-dir", data))
    assert [found["held"], found["tombstones"]] == told


def stored(folder: Path) -> list[str]:
    """All that the database of a data directory there holds."""
    with closing(sqlite3.connect(folder / "data" / "portal.db")) as connection:
        return list(connection.iterdump())


def test_ingest_asks_the_running_portal(tmp_path: Path, source: Path) -> None:
    data = tmp_path / "data"
    with portal_up(data, "--source", str(source)) as server:
        eventually(lambda: server.get("/entities")["total"] == 1)
        other = source / "orders"
        other.mkdir()
        (other / "catalog-info.yaml").write_text(DESCRIPTOR.replace("basket", "orders"))
        run("ingest", "--wait", "--data-dir", data, "--source", source)
        assert server.get("/entities")["total"] == 2
        run("assess", "--data-dir", data, "--source", source)
        second = run_process("up", "--data-dir", data, status=1)
        assert second == ""


PUSHED = """\
plumbline:
  facts:
    pushed:
      - {name: coverage.line_pct, type: double, description: Lines that tests run.}
backend:
  auth:
    externalAccess:
      - type: static
        options: {token: a-token-of-ci, subject: ci}
        accessRestrictions: [{plugin: plumbline, facts: coverage}]
"""


def test_facts_are_pushed_into_the_database_or_to_the_portal_that_runs(
    tmp_path: Path, source: Path
) -> None:
    config, file = tmp_path / "config.yaml", tmp_path / "facts.json"
    config.write_text(PUSHED)
    data = tmp_path / "data"
    place = ("--data-dir", data, "--source", source, "--config", config)
    item = {"entity": "basket", "run": "https://ci.example.com/1"}
    file.write_text(json.dumps([{**item, "facts": {"coverage.line_pct": 80}}]))
    run("ingest", *place)
    assert run("facts", "push", file, *place) == "1 stored\n"
    assert run("facts", "push", file, *place) == "1 unchanged\n"
    with portal_up(data, *map(str, place[2:])) as server:
        assert run("facts", "push", file, *place) == "1 unchanged\n"
        file.write_text(json.dumps({"items": [{**item, "facts": {"coverage.line": 80}}]}))
        assert run("facts", "push", file, *place, status=1) == "1 refused\n"
        assert run("facts", "push", file, "--url", server.url, status=1) == ""
        file.write_text(json.dumps([{**item, "run": "", "facts": {"coverage.line_pct": 81}}]))
        elsewhere = subprocess.run(
            [sys.executable, "-m", "portal", "facts", "push", "-", "--url", server.url],
            input=file.read_bytes(),
            capture_output=True,
            env={**environment(), "PLUMBLINE_TOKEN": "a-token-of-ci"},
        )
        assert (elsewhere.returncode, elsewhere.stdout) == (0, b"1 stored\n"), elsewhere.stderr
    run("facts", "push", tmp_path / "nothing.json", *place, status=1)


def test_checks_of_tech_insights_are_translated_offline(tmp_path: Path) -> None:
    config, out, facts = (tmp_path / name for name in ("app.yaml", "card.yaml", "map.yaml"))
    condition = "{fact: covered, operator: OPERATOR, value: true}"
    check = "{name: A, description: B, factIds: [cov], rule: {conditions: {all: [CONDITION]}}}"
    text = "techInsights: {factChecker: {checks: {a: CHECK}}}".replace("CHECK", check)
    config.write_text(text.replace("CONDITION", condition).replace("OPERATOR", "equal"))
    assert "rule:\n        all:\n          - cov.covered\n" in run("scorecard", "import", config)
    facts.write_text("cov.covered: catalog.title != ''\n")
    assert run("scorecard", "import", config, "--facts", facts, "--out", out, "--name", "x") == ""
    assert "catalog.title != ''" in out.read_text()
    assert "name: x\n" in out.read_text()
    config.write_text(text.replace("CONDITION", condition))
    assert run("scorecard", "import", config, status=1) == ""
    run("scorecard", "import", config, "--name", "X Y", status=2)
    facts.write_text("- x")
    run("scorecard", "import", config, "--facts", facts, status=1)


def test_a_backup_can_be_taken_while_the_portal_runs_and_be_restored(
    tmp_path: Path, source: Path
) -> None:
    data, copy = tmp_path / "data", tmp_path / "portal.backup"
    place = ("--data-dir", data, "--source", source)
    with portal_up(data, "--source", str(source)) as server:
        eventually(lambda: server.get("/entities")["total"] == 1)
        assert "1 entities" in run("backup", copy, *place)
        run("restore", copy, *place, status=1)
        assert server.stop() == 0
    (data / "portal.db").write_bytes(b"garbage")
    assert "1 entities restored" in run("restore", copy, *place)
    assert "WRONG" not in run("doctor", *place)
    copy.write_bytes(copy.read_bytes()[:-1] + b"x")
    run("restore", copy, *place, status=1)


def backed_up(folder: Path, database: Path) -> tuple[Path, Path]:
    """A data directory with a copy of the database, and its backup."""
    data, copy = folder / "data", folder / "portal.backup"
    data.mkdir(mode=0o700)
    (data / "portal.db").write_bytes(database.read_bytes())
    run("backup", copy, "--data-dir", data)
    return data, copy


def test_what_was_there_before_each_restore_is_kept_whole(
    tmp_path: Path, migrated_file: Path
) -> None:
    data, copy = backed_up(tmp_path, migrated_file)
    assert copy.stat().st_mode & 0o077 == 0
    for name in ("portal.db", "portal.db-wal"):
        (data / name).write_bytes(name.encode())
    assert f"before: {data / 'portal.db.before-restore-1'}" in run(
        "restore", copy, "--data-dir", data
    )
    assert f"before: {data / 'portal.db.before-restore-2'}" in run(
        "restore", copy, "--data-dir", data
    )
    kept = {file.name: file.read_bytes() for file in data.glob("portal.db*")}
    whole = copy.read_bytes()
    assert kept == {
        "portal.db": whole,
        "portal.db.before-restore-1": b"portal.db",
        "portal.db.before-restore-1-wal": b"portal.db-wal",
        "portal.db.before-restore-2": whole,
    }


def test_a_restore_that_finds_no_room_leaves_everything_as_it_was(
    tmp_path: Path, migrated_file: Path
) -> None:
    data, copy = backed_up(tmp_path, migrated_file)
    (data / "portal.db").write_bytes(b"what was there")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (copy.stat().st_size // 2, hard))
    try:
        said = invoke("restore", copy, "--data-dir", data, status=1).stderr
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert "is as it was" in said
    files = {file.name: file.read_bytes() for file in data.glob("portal.db*")}
    assert files == {"portal.db": b"what was there"}


def test_an_address_that_is_taken_is_told_before_it_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.cli.run.PATIENCE", 0.0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = invoke("up", "--port", str(port), "--data-dir", tmp_path / "data", status=1).stderr
    assert f"127.0.0.1:{port}: Address already in use; choose another port with --port" in said
    assert "open:" not in said


def test_a_database_of_a_later_version_is_told_from_a_damaged_one(
    tmp_path: Path, migrated_file: Path
) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    (data / "portal.db").write_bytes(migrated_file.read_bytes())
    with closing(sqlite3.connect(data / "portal.db")) as opened, opened:
        opened.execute("UPDATE alembic_version SET version_num = '9000'")
    for command in ("up", "migrate"):
        said = invoke(command, "--data-dir", data, status=3).stderr
        assert "its schema is 9000, of a later version" in said
    assert "A later version made it" in run("doctor", "--data-dir", data, status=1)


def test_a_damaged_database_is_said_to_be_one_and_gives_no_backup(
    tmp_path: Path, migrated_file: Path
) -> None:
    data, copy = tmp_path / "data", tmp_path / "portal.backup"
    place = ("--data-dir", data)
    data.mkdir(mode=0o700)
    file = data / "portal.db"
    whole = migrated_file.read_bytes()
    file.write_bytes(whole[:4096] + b"\xde\xad" * ((len(whole) - 4096) // 2))
    for command in (("migrate",), ("token", "list"), ("assess",)):
        said = invoke(*command, *place, status=3).stderr
        assert "the database cannot be used: database disk image is malformed" in said
        assert "portal restore" in said
    found = json.loads(run("doctor", "--json", *place, status=1))
    damaged = {"database": "database disk image is malformed"}
    assert {one["name"]: one["detail"] for one in found if not one["ok"]} == damaged
    assert "cannot be copied" in invoke("backup", copy, *place, status=1).stderr
    assert not [*tmp_path.glob("portal.backup*")]
    copy.write_text("no backup")
    assert "is no backup, or damaged" in invoke("restore", copy, *place, status=1).stderr
    assert file.exists()


def test_a_place_that_cannot_be_written_is_named_with_who_may_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "data"
    said = invoke("up", "--data-dir", place, status=1).stderr
    assert f"{place} cannot be used by user {os.getuid()}: Not a directory" in said


def test_the_doctor_says_what_is_wrong(tmp_path: Path, source: Path) -> None:
    data = tmp_path / "data"
    run("migrate", "--data-dir", data, "--source", source)
    data.chmod(0o755)
    said = run("doctor", "--json", "--data-dir", data, "--source", source, status=1)
    wrong = [finding["name"] for finding in json.loads(said) if not finding["ok"]]
    assert wrong == ["data directory"]


def test_serving_and_working_apart_needs_postgresql(tmp_path: Path) -> None:
    for command in ("serve", "worker"):
        run_process(command, "--data-dir", tmp_path, status=1)


def test_the_plugins_are_listed_with_what_they_add(tmp_path: Path) -> None:
    listed = json.loads(run("plugins", "--json", "--data-dir", tmp_path))
    added = {plugin["name"]: plugin for plugin in listed}
    assert added["git"]["sources"] == ["git"]
    assert added["repofiles"]["collectors"] == ["repo"]


def test_a_checkout_is_shown_its_card_offline(source: Path) -> None:
    cards = json.loads(run("check", "--json", source / "basket"))
    assert [entity["ref"] for entity in cards["entities"]] == ["component:default/basket"]
    card = {c["name"]: c for c in cards["entities"][0]["scorecards"]}["service-maturity"]
    assert card["level"] == "Initial"
    assert {c["id"]: c["outcome"] for c in card["checks"]}["own.lifecycle_type"] == "pass"
    assert "Service maturity" in run("check", source / "basket")


def test_every_command_explains_itself() -> None:
    for command in COMMANDS:
        shown = CliRunner().invoke(main, [command, "--help"])
        assert (shown.exit_code, shown.output[:7]) == (0, "Usage: ")
    assert "Commands:\n  up " in run("--help")
