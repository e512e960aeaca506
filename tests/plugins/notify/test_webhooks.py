"""Webhooks, sent to a real server and verified as a receiver would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import orjson
import pytest

from plugins.contract import (
    Context,
    Delivered,
    MailChannel,
    Message,
    NotDelivered,
    WebhookChannel,
)
from plugins.notify import plugin
from plugins.notify.webhooks import Webhook
from plugins.signing import key_of, signed_headers

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OLD, NEW = (f"whsec_{base64.b64encode(bytes([n]) * 32).decode()}" for n in (1, 2))
MESSAGE = Message(
    id="msg_1",
    team="group:default/web",
    address="",
    subject="s",
    text="t",
    html="<p>t</p>",
    data={"type": "plumbline.notices", "data": {"team": "grüße"}},
)


@dataclass
class Receiver:
    url: str
    status: int = 204
    location: str = ""
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def receiving() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(receiver.status)
            if receiver.location:
                self.send_header("Location", receiver.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        receiver = Receiver(url=f"http://127.0.0.1:{http.server_port}/hooks/plumbline")
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            http.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


def webhook(url: str, *secrets: str, internal: bool = True) -> Webhook:
    channel = WebhookChannel(name="chat", url=url, secrets=secrets or (OLD,), internal=internal)
    return Webhook(channel)


def verifies(headers: dict[str, str], body: bytes, secret: str) -> bool:
    """What a receiver does (Standard Webhooks, "Verifying webhook authenticity")."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body.decode()}".encode()
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(signature, expected)
        for version, _, signature in (
            part.partition(",") for part in headers["webhook-signature"].split(" ")
        )
    )


def test_the_signature_is_that_of_the_published_example() -> None:
    key = key_of("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert key is not None
    headers = signed_headers(
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        b'{"test": 2432232314}',
        [key],
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize(
    "secret",
    ["", "whsec_", "whsec_!!", "whsec_ä", f"whsec_{base64.b64encode(b'x' * 23).decode()}", OLD[6:]],
)
def test_what_is_no_secret_is_none(secret: str) -> None:
    assert key_of(secret) is None


def test_a_message_arrives_signed_and_whole(receiver: Receiver) -> None:
    assert webhook(receiver.url).send(MESSAGE, now=NOW) == Delivered()
    ((headers, body),) = receiver.got
    assert orjson.loads(body) == MESSAGE.data
    assert headers["content-type"] == "application/json"
    assert headers["webhook-id"] == MESSAGE.id
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert verifies(headers, body, OLD)
    assert not verifies(headers, body + b" ", OLD)
    assert not verifies(headers, body, NEW)


def test_while_a_secret_is_replaced_both_verify(receiver: Receiver) -> None:
    webhook(receiver.url, NEW, OLD).send(MESSAGE, now=NOW)
    ((headers, body),) = receiver.got
    assert verifies(headers, body, OLD)
    assert verifies(headers, body, NEW)


@pytest.mark.parametrize(
    ("status", "final"),
    [(404, True), (410, True), (401, True), (429, False), (500, False), (503, False), (302, False)],
)
def test_what_is_not_taken_says_whether_to_try_again(
    receiver: Receiver, status: int, final: bool
) -> None:
    receiver.status = status
    said = webhook(receiver.url).send(MESSAGE, now=NOW)
    assert isinstance(said, NotDelivered)
    assert said.final == final
    assert said.problem.message


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, "/hooks/other"
    said = webhook(receiver.url).send(MESSAGE, now=NOW)
    assert isinstance(said, NotDelivered)
    assert said.problem.code == "REDIRECT_NOT_ALLOWED"
    assert len(receiver.got) == 1


def test_a_private_address_is_not_connected_to_unless_the_operator_says_so(
    receiver: Receiver,
) -> None:
    for url in (receiver.url, receiver.url.replace("127.0.0.1", "localhost")):
        said = webhook(url, internal=False).send(MESSAGE, now=NOW)
        assert isinstance(said, NotDelivered)
        assert said.problem.code == "HOST_NOT_ALLOWED"
        assert "internal" in said.problem.hint
    assert receiver.got == []


def test_nobody_there_is_no_reason_to_give_up() -> None:
    with receiving() as gone:
        url = gone.url
    said = webhook(url).send(MESSAGE, now=NOW)
    assert isinstance(said, NotDelivered)
    assert not said.final


def test_each_channel_has_a_notifier_of_its_name() -> None:
    mail = MailChannel(name="mail", host="h", port=25, security="none", sender="a@example.com")
    hook = WebhookChannel(name="chat", url="https://x.example.com", secrets=(OLD,))
    made = plugin(Context(cache=Path("/nowhere"), channels=(hook, mail)))
    assert [notifier.name for notifier in made.notifiers] == ["chat", "mail"]
    assert OLD not in repr(hook)
