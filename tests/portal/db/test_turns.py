"""Reads in turn: on SQLite a few at a time, and nobody else waits for them."""

import threading

from portal.db import engine
from portal.db.engine import Database
from portal.db.state import state_of

EVERYBODY = 6


def test_a_few_read_in_turn_and_the_others_come_after_them(database: Database) -> None:
    at_once = engine.READERS if database.is_sqlite else EVERYBODY
    inside, most, lock = 0, 0, threading.Lock()
    full, go = threading.Event(), threading.Event()

    def read() -> None:
        nonlocal inside, most
        with database.read_in_turn():
            with lock:
                inside += 1
                most = max(most, inside)
                if inside == at_once:
                    full.set()
            go.wait(30)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=read) for _ in range(EVERYBODY)]
    for thread in threads:
        thread.start()
    assert full.wait(30)
    with database.read() as connection:  # health, pages and long reports take no turn
        assert state_of(connection)
    go.set()
    for thread in threads:
        thread.join()
    assert most == at_once
