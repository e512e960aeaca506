"""Exchanges: a statement goes to PostgreSQL, and its rows come back, by libpq's own calls.

For each statement psycopg makes a cursor, converts what it says, and passes a generator to and fro to wait
for the answer: three quarters of the processor time of a look-up here, and half of the time that it takes.
Where the same few statements are run all day that is done once. The rows are those of psycopg, by
its own loaders. Only where there are no transactions: psycopg begins those unasked.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from select import POLLIN, POLLOUT, poll
from typing import Any

from psycopg import errors
from psycopg.adapt import Transformer
from psycopg.pq import ConnStatus, ExecStatus, Format
from psycopg.pq.abc import PGresult

from portal.db.patience import Patient

OFTEN = 5
"""Times that a statement is run before it is prepared: to prepare it is an exchange more."""

MOST = 100
"""Statements that one connection keeps prepared: a server has memory for each."""


class Unsent(Exception):
    """A value is not one that is sent from here."""


class Exchange:
    """What one connection to PostgreSQL is asked. It is one thread's at a time."""

    def __init__(self, connection: Patient) -> None:
        self._connection, self._pgconn = connection, connection.pgconn
        self._loaders = Transformer.from_context(connection)
        self._ready = poll()
        self._ready.register(self._pgconn.socket, POLLIN)
        self._asked: dict[str, int] = {}
        self._prepared: OrderedDict[str, bytes] = OrderedDict()
        self._number = 0
        self._is_utf8 = connection.info.encoding == "utf-8"

    def rows(self, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """All rows of a statement with `$1` and so on, whose types it says itself.

        Raises psycopg's errors, `Silent` among them, and `Unsent`, before anything is asked.
        """
        if not self._is_utf8:
            raise Unsent
        given = [_sent(value) for value in values]
        name = self._name(sql)
        if name:
            self._pgconn.send_query_prepared(name, given, result_format=Format.BINARY)
        else:
            self._pgconn.send_query_params(sql.encode(), given, result_format=Format.BINARY)
        found = self._result()
        self._loaders.set_pgresult(found)
        return self._loaders.load_rows(0, found.ntuples, tuple)

    def _name(self, sql: str) -> bytes:
        """The name of a statement that is asked often, which is prepared now; b'' before."""
        if name := self._prepared.get(sql):
            self._prepared.move_to_end(sql)
            return name
        times = self._asked[sql] = self._asked.pop(sql, 0) + 1
        if times <= OFTEN:
            if len(self._asked) > MOST:
                del self._asked[next(iter(self._asked))]
            return b""
        del self._asked[sql]
        if len(self._prepared) >= MOST:
            _, oldest = self._prepared.popitem(last=False)
            self._pgconn.send_query_params(b"DEALLOCATE " + oldest, None)
            self._result()
        self._number += 1
        name = b"look_%d" % self._number
        self._pgconn.send_prepare(name, sql.encode())
        self._result()
        self._prepared[sql] = name
        return name

    def _result(self) -> PGresult:
        """The answer to what was sent, which is one."""
        pgconn = self._pgconn
        while pgconn.flush():
            self._wait(POLLIN | POLLOUT)
        while pgconn.is_busy():
            self._wait(POLLIN)
        found = pgconn.get_result()
        while further := pgconn.get_result():
            found = further
        self._connection.note_answer()
        if found is not None and found.status in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
            return found
        if found is None or pgconn.status == ConnStatus.BAD:
            raise errors.OperationalError(pgconn.get_error_message())
        raise errors.error_from_result(found)

    def _wait(self, events: int) -> None:
        """Wait until something has come, or may be sent."""
        if events != POLLIN:
            self._ready.modify(self._pgconn.socket, events)
        try:
            happened = self._ready.poll(self._connection.silence * 1000)
        finally:
            if events != POLLIN:
                self._ready.modify(self._pgconn.socket, POLLIN)
        if not happened:
            self._connection.give_up()
        if happened[0][1] != POLLOUT:
            self._pgconn.consume_input()


class Looking(Patient):
    """A connection for statements by themselves."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.exchange = Exchange(self)


def _sent(value: Any) -> bytes | None:
    """A value as text. Raises `Unsent`."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, list):
        return b"{%b}" % b",".join(map(_item, value))
    return None if value is None else _number(value)


def _text(value: str) -> bytes:
    text = value.encode()
    if b"\0" in text:
        raise Unsent  # libpq would take it for the end
    return text


def _number(value: Any) -> bytes:
    if type(value) is not int:
        raise Unsent
    return b"%d" % value


def _item(value: Any) -> bytes:
    """The same in a list."""
    if not isinstance(value, str):
        return _number(value)
    return b'"%b"' % _text(value).replace(b"\\", b"\\\\").replace(b'"', b'\\"')
