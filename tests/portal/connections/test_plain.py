"""Plain requests: what is taken for one is what gunicorn takes it for, and ends where it ends."""

from __future__ import annotations

import io
from http.client import HTTPResponse
from typing import Any, cast

import pytest
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser
from hypothesis import example, given
from hypothesis import strategies as st

from portal.connections.plain import LARGEST, PlainAnswer, PlainRequest, read_plain

WHOLE = b"GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_request_is_read_whole() -> None:
    body = b'{"entityRefs":[]}'
    said = (
        b"POST /api/catalog/entities/by-refs?filter=kind%%3Dapi HTTP/1.1\r\n"
        b"Host: portal.example:7007\r\nAccept:*/*\r\nContent-Length: %d\r\n\r\n%b"
    ) % (len(body), body)
    assert read_plain(said) == PlainRequest(
        method="POST",
        path="/api/catalog/entities/by-refs",
        query="filter=kind%3Dapi",
        headers={"host": "portal.example:7007", "accept": "*/*", "content-length": str(len(body))},
        body=body,
    )


@pytest.mark.parametrize(
    "said",
    [
        b"",
        WHOLE[:-1],
        WHOLE + b"G",
        WHOLE * 2,
        WHOLE.replace(b"\r\n", b"\n"),
        WHOLE.replace(b"GET", b"get"),
        WHOLE.replace(b"GET", b"DELETE"),
        WHOLE.replace(b"1.1", b"1.0"),
        WHOLE.replace(b"/a", b"/%61"),
        WHOLE.replace(b"/a", "/ä".encode()),
        WHOLE.replace(b"/a", b"http://x/a"),
        WHOLE.replace(b"?b", b"#b"),
        WHOLE.replace(b"?b", b" b"),
        WHOLE.replace(b"Host", b"Whose"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nHost: y"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nHOST: x"),
        WHOLE.replace(b"Host: x", b"Host: x\r\n y"),
        WHOLE.replace(b"Host: x", b"Host : x"),
        WHOLE.replace(b"Host: x", b"Host: x\0"),
        WHOLE.replace(b"Host: x", b"Host: x\r"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nX_Y: z"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nName: \xff"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nConnection: close"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nConnection: Upgrade\r\nUpgrade: h2c"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nExpect: 100-continue"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nTransfer-Encoding: chunked"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nContent-Length: 0"),
        WHOLE.replace(b"Host: x", b"Host: x\r\nContent-Length: 1") + b"y",
        b"POST / HTTP/1.1\r\nHost: x\r\n\r\ny",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\ny",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0x1\r\n\r\ny",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\ny",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\ny",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\ny",
    ],
)
def test_what_is_not_plain_is_left_alone(said: bytes) -> None:
    assert read_plain(said) is None


TEXT = st.text(st.sampled_from("abXY019-_.:;,=&%+?#/ \t\"'\r\n\0é"), max_size=12)
NAMES = st.sampled_from(
    [
        "Host",
        "HOST",
        "Accept",
        "Cookie",
        "X-A",
        "X_A",
        "Connection",
        "Content-Length",
        "Expect",
        "Transfer-Encoding",
        "Upgrade",
        "Script-Name",
        "Forwarded",
        "X-Forwarded-Proto",
    ]
)
LINES = st.lists(st.tuples(NAMES, st.sampled_from([":", ": ", " : ", ":\t"]), TEXT), max_size=5)


@given(
    method=st.sampled_from(["GET", "POST", "HEAD", "get"]),
    target=st.builds("/{}{}".format, TEXT, TEXT),
    lines=LINES,
    body=st.sampled_from(["", "y", "yes", "\r\n", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"]),
    length=st.integers(-1, 5),
)
@example(method="GET", target="/a?b=c&d=%20", lines=[("Accept", ": ", " x ")], body="", length=-1)
@example(method="POST", target="/a;b", lines=[("Content-Length", ":", "1")], body="y", length=-1)
def test_what_is_plain_is_the_same_for_gunicorn(
    method: str, target: str, lines: list[tuple[str, str, str]], body: str, length: int
) -> None:
    head = "".join(f"{name}{colon}{value}\r\n" for name, colon, value in lines)
    told = f"Content-Length: {length}\r\n" if length >= 0 else ""
    said = f"{method} {target} HTTP/1.1\r\nHost: x\r\n{told}{head}\r\n{body}".encode("latin-1")
    plain = read_plain(said)
    if plain is None:
        return
    parser = RequestParser(Config(), iter([said]), ("127.0.0.1", 1))
    found = next(parser)
    assert (found.method, found.path, found.query) == (plain.method, plain.path, plain.query)
    assert {name.lower(): value for name, value in found.headers} == plain.headers
    assert found.body.read() == plain.body
    assert found.version == (1, 1)
    assert not found.should_close()
    assert not parser.unreader.buf.getvalue()
    assert len(said) <= LARGEST


class Said:
    """What a client reads."""

    def __init__(self, said: bytes) -> None:
        self._said = io.BytesIO(said)

    def makefile(self, *_: Any) -> io.BytesIO:
        return self._said


def test_an_answer_is_written_as_clients_read_it() -> None:
    for status, body in (("200 OK", "é".encode()), ("304 Not Modified", b"")):
        answer = PlainAnswer(status=status, headers=[("ETag", '"a"')], body=body)
        read = HTTPResponse(cast(Any, Said(answer.written() + b"HTTP/1.1")))
        read.begin()
        assert (f"{read.status} {read.reason}", read.read()) == (status, body)
        assert read.headers["ETag"] == '"a"'
        assert not read.will_close
        assert (read.headers["Content-Length"] is None) == (status == "304 Not Modified")
