import threading
from datetime import UTC, datetime

from portal.db.engine import open_database
from portal.db.work import pending
from portal.db.work.hearing import hear
from tests.conftest import new_postgres_database


def test_a_key_that_another_process_puts_is_heard_of(postgres: str, migrated_postgres: str) -> None:
    url = new_postgres_database(postgres, migrated_postgres)
    here, there = open_database(url), open_database(url)
    woken, stopping = threading.Event(), threading.Event()
    thread = threading.Thread(target=hear, args=(here, woken, stopping))
    thread.start()
    for _ in range(100):  # until it listens
        with there.write() as connection:
            pending.put(connection, "assess", lane=0, now=datetime.now(UTC))
        if woken.wait(timeout=0.1):
            break
    assert woken.is_set()
    stopping.set()
    thread.join(timeout=10)
    assert not thread.is_alive()
    here.close()
    there.close()
