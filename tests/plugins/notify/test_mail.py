"""E-mail, sent to a small SMTP server on a real socket."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from webserver import Authority

from plugins.contract import Delivered, MailChannel, Message, NotDelivered
from plugins.notify.mail import Mail

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MESSAGE = Message(
    id="msg_1",
    team="group:default/web",
    address="web@example.com",
    subject="Plumbline for web: größer",
    text="For web:\n\n- <b> & größer\n.\n",
    html="<p>For web:</p><ul><li>&lt;b&gt; &amp; größer</li></ul>",
    data={},
)


@dataclass
class Letters:
    """An SMTP server that takes letters, and says no where the test wants it to."""

    port: int
    tls: ssl.SSLContext | None = None
    refuse: dict[str, bytes] = field(default_factory=dict)
    """By command, what is answered instead."""
    commands: list[str] = field(default_factory=list)
    got: list[bytes] = field(default_factory=list)
    secured: list[bool] = field(default_factory=list)
    """Of each letter, whether it came over TLS."""

    @property
    def letter(self) -> EmailMessage:
        (content,) = self.got
        found = message_from_bytes(content, policy=default)
        assert isinstance(found, EmailMessage)
        return found

    def talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        secure = False
        connection.sendall(b"220 here\r\n")
        while line := stream.readline():
            text = line.decode().strip()
            self.commands.append(text)
            word = text.split(" ")[0].upper()
            if word in self.refuse:
                connection.sendall(self.refuse[word] + b"\r\n")
                continue
            match word:
                case "EHLO":
                    offers = b"250-STARTTLS\r\n" if self.tls and not secure else b""
                    connection.sendall(b"250-here\r\n" + offers + b"250 AUTH PLAIN\r\n")
                case "STARTTLS":
                    assert self.tls is not None
                    connection.sendall(b"220 go\r\n")
                    connection = self.tls.wrap_socket(connection, server_side=True)
                    stream, secure = connection.makefile("rb"), True
                case "DATA":
                    connection.sendall(b"354 go\r\n")
                    content = b""
                    while (part := stream.readline()) != b".\r\n":
                        content += part.removeprefix(b".") if part.startswith(b"..") else part
                    self.got.append(content)
                    self.secured.append(secure)
                    connection.sendall(b"250 taken\r\n")
                case "AUTH":
                    connection.sendall(b"235 welcome\r\n")
                case "QUIT":
                    connection.sendall(b"221 bye\r\n")
                    break
                case _:
                    connection.sendall(b"250 fine\r\n")
        stream.close()
        connection.close()


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[Letters]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Letters(port=listening.getsockname()[1], tls=tls)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    try:
                        server.talk(connection)
                    except OSError:
                        pass  # the client had enough

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(timeout=10)


@pytest.fixture
def server() -> Iterator[Letters]:
    with serving() as running:
        yield running


def channel(server: Letters, **changes: object) -> MailChannel:
    fields: dict[str, object] = {
        "name": "mail",
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "plumbline@example.com",
    }
    return MailChannel(**fields | changes)  # type: ignore[arg-type]


def test_a_letter_has_plain_text_and_html_and_goes_to_the_team(server: Letters) -> None:
    assert Mail(channel(server, to=("all@example.com",))).send(MESSAGE, now=NOW) == Delivered()
    letter = server.letter
    assert letter["Subject"] == MESSAGE.subject
    assert letter["To"] == "all@example.com, web@example.com"
    assert letter["Message-ID"] == "<msg_1@example.com>"
    assert letter["Auto-Submitted"] == "auto-generated"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert plain.get_content().replace("\r\n", "\n") == MESSAGE.text
    assert html.get_content().strip() == MESSAGE.html
    assert [line for line in server.commands if line.startswith("rcpt")] == [
        "rcpt TO:<all@example.com>",
        "rcpt TO:<web@example.com>",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "nobody",
        "a@example.com, b@example.com",
        "a@example.com\r\nBcc: all@example.com",
        "<a@example.com>",
        "A <a@example.com>",
    ],
)
def test_what_is_not_one_address_gets_nothing(server: Letters, address: str) -> None:
    hostile = replace(MESSAGE, address=address)
    assert Mail(channel(server)).send(hostile, now=NOW) == Delivered()
    assert server.got == []


def test_teams_can_be_left_out(server: Letters) -> None:
    Mail(channel(server, to=("all@example.com",), teams=False)).send(MESSAGE, now=NOW)
    assert server.letter["To"] == "all@example.com"


def test_starttls_is_used_and_the_server_proves_who_it_is(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    trusted = ssl.create_default_context(cafile=str(authority.file))
    with serving(authority.server("localhost")) as server:
        wanted = channel(
            server, security="starttls", host="localhost", user="me", password="secret"
        )
        assert Mail(wanted, trusted).send(MESSAGE, now=NOW) == Delivered()
        assert server.secured == [True]
        assert any(line.startswith("AUTH PLAIN") for line in server.commands)
        assert server.commands.index("STARTTLS") < next(
            n for n, line in enumerate(server.commands) if line.startswith("AUTH")
        )
        said = Mail(wanted).send(MESSAGE, now=NOW)
        assert isinstance(said, NotDelivered)
        assert len(server.got) == 1
    assert "secret" not in repr(wanted)


def test_without_starttls_nothing_is_sent_where_it_is_wanted(server: Letters) -> None:
    said = Mail(channel(server, security="starttls", user="me", password="p")).send(
        MESSAGE, now=NOW
    )
    assert isinstance(said, NotDelivered)
    assert server.got == []
    assert not any(line.startswith("AUTH") for line in server.commands)


@pytest.mark.parametrize(
    ("command", "answer", "final"),
    [
        ("RCPT", b"550 nobody here", True),
        ("RCPT", b"451 later", False),
        ("MAIL", b"552 full", True),
        ("MAIL", b"421 later", False),
        ("DATA", b"554 no", True),
    ],
)
def test_a_server_that_says_no_says_whether_to_try_again(
    server: Letters, command: str, answer: bytes, final: bool
) -> None:
    server.refuse[command] = answer
    said = Mail(channel(server)).send(MESSAGE, now=NOW)
    assert isinstance(said, NotDelivered)
    assert said.final == final
    assert said.problem.code == "MAIL_NOT_SENT"


def test_nobody_there_is_no_reason_to_give_up() -> None:
    with serving() as gone:
        wanted = channel(gone)
    said = Mail(wanted).send(MESSAGE, now=NOW)
    assert isinstance(said, NotDelivered)
    assert not said.final
