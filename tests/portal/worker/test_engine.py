import base64
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dbos import DBOS
from sqlalchemy import select, update

from catalog.sources import Listing
from plugins.contract import Context, Plugin, WebhookChannel
from plugins.notify import plugin
from portal.config import ConfiguredSource, Settings
from portal.db.ingest import registrations
from portal.db.people import notices
from portal.db.sources import locations
from portal.db.tables import entities
from portal.db.tables import pending as table
from portal.db.work import claims, pending
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import started, together
from portal.worker.engine import Engine, EngineSettings, launch
from portal.worker.ingesting import COURTESY
from portal.worker.requests import ASSESS, Lane, ingest_key, later_key
from scorecards.people.notices import Kind, Notice, Timing
from tests.plugins.notify.test_webhooks import receiving
from tests.portal.processes import eventually
from tests.portal.worker.test_location_jobs import COMPONENT, write


class Raising:
    """A source with a fault of its own."""

    name = "raising"
    checked = True

    def accepts(self, target: str) -> bool:
        return target.endswith("/raise.yaml")

    def list(self, target: str) -> Listing:
        raise ValueError(target)


@pytest.fixture
def working(database_url: str, tmp_path: Path) -> Iterator[tuple[Portal, str, Engine]]:
    """A portal, the id of its one location, and its running engine."""
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    settings = Settings(
        database=database_url,
        data_dir=tmp_path,
        sources=(ConfiguredSource("file", str(source), "command"),),
    )
    portal = open_portal(settings)
    (location,) = prepare(portal)
    pool = Pool(1)
    sqlite = database_url.startswith("sqlite")
    raising = Plugin(name="raising", version="1", summary="", sources=(Raising(),))  # type: ignore[arg-type]
    tools = tools_of(portal, pool)
    engine = launch(
        replace(tools, plugins=(raising, *tools.plugins)),
        portal.work,
        EngineSettings(
            url=f"sqlite:///{tmp_path / 'jobs.db'}" if sqlite else database_url,
            executor="test",
            version="test",
            sweep=timedelta(hours=1),
        ),
        woken=portal.awake,
        report=lambda _: None,
    )
    yield portal, location, engine
    engine.stop()
    pool.close()
    portal.database.close()


def kept(portal: Portal, ticket: str) -> bool:
    with portal.database.read() as connection:
        return not pending.is_waiting(connection, ticket)


def test_every_promise_is_kept_however_fast_they_follow_each_other(
    working: tuple[Portal, str, Engine],
) -> None:
    portal, location, _ = working
    for round_ in range(15):
        ticket = portal.work.request(ingest_key(location), Lane.PERSON)
        time.sleep(0.003 * (round_ % 7))
        again = portal.work.request(ingest_key(location), Lane.EVENT)
        eventually(lambda: kept(portal, ticket) and kept(portal, again), within=30)  # noqa: B023


def read_all(portal: Portal, folder: Path, texts: dict[str, str]) -> set[str]:
    """Have files read that are due at the same time, each a location; returns the entities."""
    keep_all(portal, keys_of(portal, folder, texts))
    with portal.database.read() as connection:
        return set(connection.execute(select(entities.c.name)).scalars())


def keys_of(portal: Portal, folder: Path, texts: dict[str, str]) -> list[str]:
    """The keys that ask for files to be read, each a location."""
    for name, text in texts.items():
        write(folder / f"{name}.yaml", text)
    with portal.database.write() as connection:
        ids = [
            registrations.register(
                connection,
                type="file",
                target=str(folder / f"{name}.yaml"),
                origin="command",
                now=portal.now(),
            )
            for name in texts
        ]
    return [ingest_key(one) for one in ids]


def keep_all(portal: Portal, keys: list[str]) -> None:
    """Ask for keys as a sweep does, and wait until nothing is left to be done."""
    portal.work.request_all(keys, Lane.SWEEP)

    def is_done() -> bool:
        with portal.database.read() as connection:
            return not pending.waiting(connection)

    eventually(is_done, within=60)


def test_files_that_are_due_are_read_by_one_workflow(
    working: tuple[Portal, str, Engine], tmp_path: Path
) -> None:
    portal, _, _ = working
    texts = {f"c{n}": COMPONENT.format(name=f"c{n}") for n in range(12)}
    assert read_all(portal, tmp_path / "files", {**texts, "c7": "kind: ["}) == {*texts} - {"c7"}
    begun = DBOS.list_workflows(name=started.TOGETHER, load_input=False, load_output=False)
    assert len(begun) <= 2, "and one for the location of the folder, which holds nothing yet"


def test_what_is_as_it_was_is_not_assessed_again(
    working: tuple[Portal, str, Engine], tmp_path: Path
) -> None:
    portal, _, _ = working
    keys = keys_of(portal, tmp_path / "files", {"a": COMPONENT.format(name="a")})

    def assessments() -> int:
        return len(DBOS.list_workflows(name=ASSESS, load_input=False, load_output=False))

    keep_all(portal, keys)
    before = assessments()
    assert before
    keep_all(portal, keys)
    assert assessments() == before
    write(tmp_path / "files" / "a.yaml", COMPONENT.format(name="b"))
    keep_all(portal, keys)
    assert assessments() > before


def test_files_that_are_put_off_are_claimed_anew_until_all_are_read(
    working: tuple[Portal, str, Engine], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal, _, _ = working
    monkeypatch.setattr(together, "PATIENCE", 0.0)
    texts = {f"c{n}": COMPONENT.format(name=f"c{n}") for n in range(30)}
    assert read_all(portal, tmp_path / "files", texts) == {*texts}
    begun = DBOS.list_workflows(name=started.TOGETHER, load_input=False, load_output=False)
    assert len(begun) > 1


def test_files_of_a_sweep_let_go_first_what_a_person_waits_for_but_not_for_long(
    working: tuple[Portal, str, Engine], tmp_path: Path
) -> None:
    portal, _, engine = working
    keys = keys_of(portal, tmp_path / "files", {"a": COMPONENT.format(name="a")})
    held = "assess:7"
    with portal.database.write() as connection:
        pending.put(connection, held, lane=Lane.PERSON, now=portal.now())
        (claim,) = claims.take(connection, [held], "test")  # before the dispatcher does
    engine.holding.resume()
    began = time.monotonic()
    portal.work.request_all(keys, Lane.SWEEP)
    eventually(lambda: not engine.holding.not_kept(keys), within=60)
    assert time.monotonic() - began >= COURTESY
    engine.holding.settle(claim)
    assert not engine.holding.serves_person()


def test_of_files_that_cannot_be_read_together_each_is_read_by_itself(
    working: tuple[Portal, str, Engine], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    portal, _, _ = working
    texts = {name: COMPONENT.format(name=name) for name in ("a", "raise", "z")}
    assert read_all(portal, tmp_path / "files", texts) == {"a", "z"}
    assert "failed together" in caplog.text


def test_what_was_put_off_is_done_when_its_time_has_come(
    working: tuple[Portal, str, Engine],
) -> None:
    portal, location, engine = working
    portal.work.request(ingest_key(location), Lane.PERSON)

    def is_idle() -> bool:
        with portal.database.read() as connection:
            return pending.waiting(connection) == []

    eventually(is_idle)  # what a reading asks for is done as well

    def listed() -> datetime | None:
        with portal.database.read() as connection:
            return locations.list_locations(connection)[0].listed_at

    before, key = listed(), later_key(ingest_key(location))
    with portal.database.write() as connection:
        ahead = claims.clock(connection) + timedelta(hours=1)
        assert pending.put_later(connection, key, lane=Lane.EVENT, at=ahead)
    assert engine.holding.claim_more() == []
    with portal.database.write() as connection:
        connection.execute(update(table).values(requested_at=claims.clock(connection)))
    portal.awake.set()
    eventually(lambda: listed() != before)


def test_a_key_is_worked_on_by_one_workflow_at_a_time(working: tuple[Portal, str, Engine]) -> None:
    portal, location, _ = working
    tickets: list[str] = []

    def ask() -> None:
        tickets.extend(portal.work.request(ingest_key(location), Lane.EVENT) for _ in range(10))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(tickets)) == 40
    eventually(lambda: all(kept(portal, ticket) for ticket in tickets), within=30)


def test_a_promise_that_was_kept_between_two_looks_is_not_claimed(
    working: tuple[Portal, str, Engine],
) -> None:
    portal, location, engine = working
    key = ingest_key(location)
    ticket = portal.work.request(key, Lane.PERSON)
    eventually(lambda: kept(portal, ticket))
    assert engine.holding.claim([key]) == []
    again = portal.work.request(key, Lane.PERSON)
    eventually(lambda: kept(portal, again), within=30)


def test_workflows_are_forgotten_once_they_are_old_and_nobody_holds_their_key(
    working: tuple[Portal, str, Engine],
) -> None:
    portal, location, _ = working

    def left() -> set[str]:
        found = DBOS.list_workflows(load_input=False, load_output=False)
        return {one.workflow_id for one in found}

    ticket = portal.work.request(ingest_key(location), Lane.PERSON)
    eventually(lambda: kept(portal, ticket))
    started.forget(portal.database, before=portal.now() - timedelta(hours=1))
    assert left()

    def forgotten() -> bool:
        started.forget(portal.database, before=portal.now() + timedelta(hours=1))
        return not left()

    eventually(forgotten)  # what the reading led to has been done by then


def test_what_there_is_to_tell_is_sent_by_the_engine(tmp_path: Path) -> None:
    secret = f"whsec_{base64.b64encode(bytes(32)).decode()}"
    with receiving() as receiver, closing(Pool(1)) as pool:
        channel = WebhookChannel(name="hook", url=receiver.url, secrets=(secret,), internal=True)
        settings = Settings(
            database=f"sqlite:///{tmp_path / 'portal.db'}",
            data_dir=tmp_path,
            sources=(ConfiguredSource("file", str(tmp_path), "command"),),
            notices=Timing(digest=timedelta(0)),
        )
        portal = open_portal(settings)
        prepare(portal)
        notify = plugin(Context(cache=tmp_path, channels=(channel,)))
        others = tuple(one for one in portal.plugins if one.name != notify.name)
        notice = Notice(
            key="k", kind=Kind.CAMPAIGN_DUE, team="", ref="", text="It is due", at=portal.now()
        )
        with portal.database.write() as connection:
            notices.put(connection, [notice], now=portal.now())
        engine = launch(
            replace(tools_of(portal, pool), plugins=(*others, notify)),
            portal.work,
            EngineSettings(
                url=f"sqlite:///{tmp_path / 'jobs.db'}", executor="t", version="t", sweep=None
            ),
            woken=portal.awake,
            report=lambda _: None,
        )
        try:
            eventually(lambda: len(receiver.got) == 1, within=30)
        finally:
            engine.stop()
            portal.database.close()
        assert b"It is due" in receiver.got[0][1]
