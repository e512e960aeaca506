"""The client against servers that mean harm, and some that mean well."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from webserver import Authority, Reply, WebServer, answer, raw, redirect, serve_web

from plugins.contract import ReadingRule
from plugins.web.answers import Answer, Fetched, NotModified, Refused, Validators
from plugins.web.breaker import Breaker
from plugins.web.client import CheckedClient

MEBIBYTE = 1024 * 1024


def client_for(*hosts: str, seconds: float = 10, **options: object) -> CheckedClient:
    rules = [ReadingRule(host=host) for host in hosts]
    return CheckedClient(rules, seconds=seconds, **options)  # type: ignore[arg-type]


def get(server: WebServer, path: str = "/x", *, max_bytes: int = MEBIBYTE) -> Answer:
    return client_for(server.authority).get(server.url + path, max_bytes=max_bytes)


def content(found: Answer) -> bytes:
    assert isinstance(found, Fetched), found
    return found.content


def code(found: Answer) -> str:
    assert isinstance(found, Refused), found
    assert len(found.problem.message) <= 300
    assert found.problem.hint
    return found.problem.code


# What is read.


def test_content_comes_with_its_headers_and_validators(server: WebServer) -> None:
    headers = {"ETag": '"1"', "Last-Modified": "Mon, 01 Jun 2026 00:00:00 GMT", "X-Own": "é"}
    server.replies["/my%20file"] = answer(b"kind: Component", headers=headers)
    found = get(server, "/my file?at=a b#part")
    assert isinstance(found, Fetched)
    assert found.content == b"kind: Component"
    assert found.headers["x-own"] == "é"
    url = f"{server.url}/my%20file?at=a%20b"
    assert found.validators == Validators(
        url=url, etag='"1"', modified="Mon, 01 Jun 2026 00:00:00 GMT"
    )
    ((path, sent),) = server.asked
    assert path == "/my%20file?at=a%20b"
    assert sent["host"] == server.authority


def test_packed_and_chunked_content_is_unpacked(server: WebServer) -> None:
    packed = gzip.compress(b"a: 1\n" * 1000)
    server.replies["/gzip"] = answer(packed, headers={"Content-Encoding": "gzip"})
    server.replies["/chunked"] = raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"3\r\na: \r\n2\r\n1\n\r\n0\r\n\r\n",
    )
    server.replies["/until-close"] = raw(b"HTTP/1.0 200 OK\r\n\r\na: 1\n")
    assert content(get(server, "/gzip")) == b"a: 1\n" * 1000
    assert content(get(server, "/chunked")) == b"a: 1\n"
    assert content(get(server, "/until-close")) == b"a: 1\n"


def test_what_is_known_is_not_sent_again(server: WebServer) -> None:
    def conditional(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["If-None-Match"] == '"1"':
            answer(status=304)(handler)
        else:
            answer(b"x", headers={"ETag": '"1"'})(handler)

    server.replies["/x"] = conditional
    client = client_for(server.authority)
    first = client.get(f"{server.url}/x", max_bytes=10)
    assert isinstance(first, Fetched)
    again = client.get(f"{server.url}/x", max_bytes=10, known=first.validators)
    assert isinstance(again, NotModified)
    server.replies["/x"] = answer(status=304)
    assert code(client.get(f"{server.url}/x", max_bytes=10)) == "UPSTREAM_BROKEN"


def test_validators_are_for_the_place_that_they_came_from(server: WebServer) -> None:
    server.replies |= {"/x": redirect("/new"), "/new": answer(b"new")}
    known = Validators(url=f"{server.url}/old", etag='"1"')
    found = client_for(server.authority).get(f"{server.url}/x", max_bytes=10, known=known)
    assert content(found) == b"new"
    assert not any("if-none-match" in headers for _, headers in server.asked)


@pytest.mark.parametrize(
    ("changed", "is_kept"),
    [
        ("Mon, 01 Jun 2026 00:00:00 GMT", True),
        ("Mon, 01 Jun 2026 00:00:09 GMT", False),
        ("Mon, 01 Jun 2026 00:00:10 GMT", False),
        ("Mon, 01 Jun 2026 00:00:00", False),
        ("Mon, 01 Jun 99999999999999999999 00:00:00 GMT", False),
        ("Mon, 01 Jun 2026 00:00:00 +99999999999999999999", False),
        ("yesterday", False),
        ("", False),
    ],
)
def test_a_time_of_change_is_kept_where_it_tells_two_contents_apart(
    server: WebServer, changed: str, is_kept: bool
) -> None:
    head = f"Date: Mon, 01 Jun 2026 00:00:10 GMT\r\nLast-Modified: {changed}\r\n"
    server.replies["/x"] = raw(f"HTTP/1.1 200 OK\r\n{head}Content-Length: 1\r\n\r\nx".encode())
    found = get(server)
    assert isinstance(found, Fetched)
    assert found.validators.modified == (changed if is_kept else "")


def test_a_validator_that_could_not_be_sent_back_is_dropped(server: WebServer) -> None:
    server.replies["/x"] = raw(
        b'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: "a\r\n X-Evil: 1"\r\n\r\nx'
    )
    found = get(server)
    assert isinstance(found, Fetched)
    assert found.validators.etag == ""


# What is not there.


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (404, "NOT_FOUND"),
        (410, "NOT_FOUND"),
        (401, "NOT_PERMITTED"),
        (403, "NOT_PERMITTED"),
        (429, "RATE_LIMITED"),
        (500, "UPSTREAM_ERROR"),
        (503, "UPSTREAM_ERROR"),
        (204, "UPSTREAM_ERROR"),
        (206, "UPSTREAM_ERROR"),
        (300, "UPSTREAM_ERROR"),
    ],
)
def test_other_answers_are_refusals(server: WebServer, status: int, expected: str) -> None:
    server.replies["/x"] = answer(status=status)
    found = get(server)
    assert code(found) == expected
    assert isinstance(found, Refused)
    assert found.status == status


@pytest.mark.parametrize(
    "reply",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nkind: Component\n"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nkind:\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmany\r\nkind:\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x" * 99)[:-9]),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"x") * 2),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nkind: Component\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: br,gzip,gzip\r\n\r\nx"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\nx"),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\nx"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"\x00\xff\x00\xff" * 100),
        raw(b""),
    ],
)
def test_half_an_answer_is_none(server: WebServer, reply: Reply) -> None:
    server.replies["/x"] = reply
    assert code(get(server)) == "UPSTREAM_BROKEN"


# Hosts and addresses.


def test_a_host_that_no_rule_names_is_sent_nothing(server: WebServer) -> None:
    for host in ("example.org", "127.0.0.1", "*.0.0.1", f"localhost:{server.port}"):
        found = client_for(host).get(f"{server.url}/x", max_bytes=10)
        assert code(found) == "HOST_NOT_ALLOWED"
        assert isinstance(found, Refused)
        assert "backend.reading.allow" in found.problem.hint
    assert server.asked == []


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200", "168.63.129.16", "192.0.0.192"],
)
def test_metadata_services_are_not_asked(address: str) -> None:
    found = client_for("*.example.org").get(f"http://{address}/latest/meta-data/", max_bytes=10)
    assert code(found) == "HOST_NOT_ALLOWED"


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]],
)
def test_a_name_in_an_allowed_domain_does_not_lead_inside(
    server: WebServer, addresses: list[str]
) -> None:
    client = client_for(f"*.example.org:{server.port}", resolve=lambda host, port: addresses)
    found = client.get(f"http://a.example.org:{server.port}/x?token=s3cret", max_bytes=10)
    assert code(found) == "HOST_NOT_ALLOWED"
    assert "s3cret" not in str(found)
    assert server.asked == []


def test_a_name_is_resolved_once_and_the_connection_goes_there(server: WebServer) -> None:
    asked: list[tuple[str, int]] = []

    def rebinding(host: str, port: int) -> Sequence[str]:
        asked.append((host, port))
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    server.replies["/x"] = answer(b"x")
    client = client_for(f"wiki.corp:{server.port}", resolve=rebinding)
    assert content(client.get(f"http://wiki.corp:{server.port}/x", max_bytes=10)) == b"x"
    assert asked == [("wiki.corp", server.port)]
    assert server.asked[0][1]["host"] == f"wiki.corp:{server.port}"


def test_an_address_that_does_not_answer_is_followed_by_the_next(server: WebServer) -> None:
    server.replies["/x"] = answer(b"x")
    client = client_for(f"wiki.corp:{server.port}", resolve=lambda host, port: ["::1", "127.0.0.1"])
    assert content(client.get(f"http://wiki.corp:{server.port}/x", max_bytes=10)) == b"x"


def failing(error: Exception) -> Callable[[str, int], Sequence[str]]:
    def resolve(host: str, port: int) -> Sequence[str]:
        raise error

    return resolve


def test_a_host_that_is_closed_and_one_that_is_not_there_look_alike() -> None:
    with serve_web() as gone:
        pass
    closed = client_for(gone.authority).get(f"{gone.url}/x", max_bytes=10)
    assert code(closed) == "UPSTREAM_UNREACHABLE"
    for unknown in (failing(OSError("no such name")), lambda host, port: []):
        client = client_for(gone.authority.replace("127.0.0.1", "wiki.corp"), resolve=unknown)
        found = client.get(f"http://wiki.corp:{gone.port}/x", max_bytes=10)
        assert code(found) == "UPSTREAM_UNREACHABLE"
        assert isinstance(closed, Refused)
        assert isinstance(found, Refused)
        assert found.problem.message == closed.problem.message.replace("127.0.0.1", "wiki.corp")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://good@{}/x", "BAD_URL"),
        ("http://{}/%0d%0aX-Evil:1", "BAD_URL"),
        ("ftp://{}/x", "SCHEME_NOT_ALLOWED"),
    ],
)
def test_a_url_that_is_none_is_sent_nowhere(server: WebServer, url: str, expected: str) -> None:
    found = client_for(server.authority).get(url.format(server.authority), max_bytes=10)
    assert code(found) == expected
    assert server.asked == []


# Redirects.


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_where_the_rules_allow_it(
    server: WebServer, other: WebServer, status: int
) -> None:
    server.replies["/x"] = redirect(f"{other.url}/y", status=status)
    other.replies["/y"] = answer(b"y")
    client = client_for(server.authority, other.authority)
    found = client.get(f"{server.url}/x", max_bytes=10)
    assert content(found) == b"y"
    assert isinstance(found, Fetched)
    assert found.validators.url == f"{other.url}/y"


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/latest/?token=s3cret",
        "//169.254.169.254/latest/?token=s3cret",
        "file:///etc/passwd?token=s3cret",
        "http://user:s3cret@127.0.0.1/",
        "http://[::1/",
        "/..%2f",
    ],
)
def test_a_redirect_elsewhere_is_not_followed_and_tells_no_secret(
    server: WebServer, to: str
) -> None:
    server.replies["/x"] = redirect(to)
    found = get(server)
    assert code(found) == "REDIRECT_NOT_ALLOWED"
    assert "s3cret" not in str(found)
    assert len(server.asked) == 1


def test_a_page_that_wants_to_be_left_is_just_a_page(server: WebServer) -> None:
    server.replies["/x"] = answer(b"x", headers={"Refresh": "0; url=http://169.254.169.254/"})
    assert content(get(server)) == b"x"


def test_three_redirects_are_followed_and_no_more(server: WebServer) -> None:
    server.replies |= {f"/{n}": redirect(f"/{n + 1}") for n in range(4)}
    server.replies |= {"/loop": redirect("/loop"), "/4": answer(b"4")}
    assert content(get(server, "/1")) == b"4"
    server.asked.clear()
    assert code(get(server, "/0")) == "TOO_MANY_REDIRECTS"
    assert code(get(server, "/loop")) == "TOO_MANY_REDIRECTS"
    assert len(server.asked) == 8


def test_headers_of_the_caller_stay_with_the_origin(server: WebServer, other: WebServer) -> None:
    secrets = {"Authorization": "Bearer t0ken", "PRIVATE-TOKEN": "t0ken", "Cookie": "t0ken"}
    server.replies |= {"/x": redirect("/same"), "/same": redirect(f"{other.url}/y")}
    other.replies["/y"] = redirect(f"{server.url}/back")
    server.replies["/back"] = answer(b"x")
    client = client_for(server.authority, other.authority)
    assert content(client.get(f"{server.url}/x", max_bytes=10, headers=secrets)) == b"x"
    told = ["t0ken" in str(headers) for _, headers in (*server.asked, *other.asked)]
    assert told == [True, True, False, False]


# Bombs and snails.


def forever(head: bytes, piece: bytes, *, every: float = 0) -> tuple[Reply, list[int]]:
    """A reply without an end, and how much of it was sent."""
    sent = [0]

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while sent[0] < 1024 * MEBIBYTE:
            handler.wfile.write(piece)
            sent[0] += len(piece)
            time.sleep(every)

    return reply, sent


def test_a_body_is_read_no_further_than_the_limit(server: WebServer) -> None:
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    endless, sent = forever(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk)
    server.replies["/endless"] = endless
    server.replies["/announced"] = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\nx")
    server.replies["/exact"] = answer(b"x" * 1000)
    assert code(get(server, "/endless", max_bytes=1000)) == "BODY_TOO_LARGE"
    assert code(get(server, "/announced", max_bytes=1000)) == "BODY_TOO_LARGE"
    assert content(get(server, "/exact", max_bytes=1000)) == b"x" * 1000
    assert code(get(server, "/exact", max_bytes=999)) == "BODY_TOO_LARGE"
    assert sent[0] < 16 * MEBIBYTE  # what fits into the buffers of the sockets


def test_what_follows_the_announced_end_is_not_read(server: WebServer) -> None:
    endless, _ = forever(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"0123456789" * 1000)
    server.replies["/x"] = endless
    assert content(get(server)) == b"0123456789"


def test_a_small_body_does_not_become_a_huge_one(server: WebServer) -> None:
    packing = zlib.compressobj(wbits=31)
    zeros = bytes(MEBIBYTE)
    bomb = b"".join(packing.compress(zeros) for _ in range(100)) + packing.flush()
    assert len(bomb) < 150_000
    server.replies["/x"] = answer(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        found = get(server, max_bytes=5 * MEBIBYTE)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert code(found) == "BODY_TOO_LARGE"
    assert peak < 30 * MEBIBYTE


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    ],
)
def test_a_server_that_drips_is_left_at_the_deadline(
    server: WebServer, head: bytes, piece: bytes
) -> None:
    server.replies["/x"], _ = forever(head, piece, every=0.05)
    begun = time.monotonic()
    found = client_for(server.authority, seconds=0.6).get(f"{server.url}/x", max_bytes=10_000)
    assert code(found) == "UPSTREAM_TIMEOUT"
    assert time.monotonic() - begun < 5


def test_a_server_that_says_nothing_is_left_at_the_deadline(server: WebServer) -> None:
    def silent(handler: BaseHTTPRequestHandler) -> None:
        server.stopping.wait(20)

    def slow(handler: BaseHTTPRequestHandler) -> None:
        server.stopping.wait(0.4)
        redirect("/y")(handler)

    server.replies |= {"/x": silent, "/y": slow}
    client = client_for(server.authority, seconds=0.6)
    assert code(client.get(f"{server.url}/x", max_bytes=10)) == "UPSTREAM_TIMEOUT"
    begun = time.monotonic()
    assert code(client.get(f"{server.url}/y", max_bytes=10)) == "UPSTREAM_TIMEOUT"
    assert time.monotonic() - begun < 5


def test_a_resolver_that_hangs_is_left_at_the_deadline() -> None:
    hanging = threading.Event()
    client = client_for(
        "wiki.corp", seconds=0.2, resolve=lambda host, port: [str(hanging.wait(20))]
    )
    found = client.get("http://wiki.corp/x", max_bytes=10)
    hanging.set()
    assert code(found) == "UPSTREAM_TIMEOUT"


def test_a_host_that_keeps_failing_is_left_alone(server: WebServer, other: WebServer) -> None:
    server.replies["/x"] = answer(status=500)
    other.replies["/x"] = answer(b"x")
    now = [0.0]
    client = client_for(server.authority, other.authority, breaker=Breaker(clock=lambda: now[0]))
    for _ in range(10):
        assert code(client.get(f"{server.url}/x", max_bytes=10)) == "UPSTREAM_ERROR"
    assert code(client.get(f"{server.url}/x", max_bytes=10)) == "UPSTREAM_PAUSED"
    assert content(client.get(f"{other.url}/x", max_bytes=10)) == b"x"
    assert len(server.asked) == 10
    server.replies["/x"] = answer(b"x")
    now[0] = 30.0
    assert content(client.get(f"{server.url}/x", max_bytes=10)) == b"x"
    assert content(client.get(f"{server.url}/x", max_bytes=10)) == b"x"


def test_files_that_are_missing_do_not_speak_against_a_host(server: WebServer) -> None:
    client = client_for(server.authority)
    for _ in range(12):
        assert code(client.get(f"{server.url}/missing", max_bytes=10)) == "NOT_FOUND"


# TLS and the environment.


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def get_tls(authority: Authority, server: WebServer, name: str, ca_file: Path | None) -> Answer:
    client = client_for(
        f"{name}:{server.port}",
        resolve=lambda host, port: ["127.0.0.1"],
        ca_file=str(ca_file) if ca_file else None,
    )
    return client.get(f"https://{name}:{server.port}/x", max_bytes=10)


def test_a_certificate_has_to_be_good_for_the_name_in_the_url(authority: Authority) -> None:
    with serve_web(authority.server("wiki.corp")) as server:
        server.replies["/x"] = answer(b"x")
        assert content(get_tls(authority, server, "wiki.corp", authority.file)) == b"x"
        for name, ca_file, why in (
            ("other.corp", authority.file, "Hostname mismatch"),
            ("wiki.corp", None, "unable to get local issuer certificate"),
        ):
            found = get_tls(authority, server, name, ca_file)
            assert code(found) == "TLS_ERROR"
            assert isinstance(found, Refused)
            assert why in found.problem.message
        assert len(server.asked) == 1


def test_the_server_is_told_the_name_and_not_the_address(authority: Authority) -> None:
    context, told = authority.server("wiki.corp"), []
    context.sni_callback = lambda connection, name, context: told.append(name)
    with serve_web(context) as server:
        server.replies["/x"] = answer(b"x")
        assert content(get_tls(authority, server, "wiki.corp", authority.file)) == b"x"
        assert told == ["wiki.corp"]
        assert server.asked[0][1]["host"] == f"wiki.corp:{server.port}"


def test_a_handshake_that_hangs_is_left_at_the_deadline(authority: Authority) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        client = client_for(place, seconds=0.3, ca_file=str(authority.file))
        assert code(client.get(f"https://{place}/x", max_bytes=10)) == "UPSTREAM_TIMEOUT"


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    with serve_web(authority.server("wiki.corp", days=-1)) as server:
        found = get_tls(authority, server, "wiki.corp", authority.file)
    assert code(found) == "TLS_ERROR"
    assert isinstance(found, Refused)
    assert "expired" in found.problem.message


def test_a_server_without_tls_is_refused(authority: Authority, server: WebServer) -> None:
    assert code(get_tls(authority, server, "wiki.corp", authority.file)) == "TLS_ERROR"
    assert server.asked == []


def test_a_redirect_does_not_leave_tls(authority: Authority, server: WebServer) -> None:
    server.replies["/x"] = answer(b"x")
    with serve_web(authority.server("wiki.corp")) as secured:
        secured.replies["/x"] = redirect(f"{server.url}/x")
        client = client_for(
            f"wiki.corp:{secured.port}",
            server.authority,
            resolve=lambda host, port: ["127.0.0.1"],
            ca_file=str(authority.file),
        )
        found = client.get(f"https://wiki.corp:{secured.port}/x", max_bytes=10)
    assert code(found) == "REDIRECT_NOT_ALLOWED"
    assert server.asked == []


def test_nothing_is_taken_from_the_environment(
    authority: Authority,
    server: WebServer,
    other: WebServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, other.url)
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login bot password s3cret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(authority.file))
    server.replies["/x"] = answer(b"x")
    assert content(get(server)) == b"x"
    assert "authorization" not in server.asked[0][1]
    with serve_web(authority.server("wiki.corp")) as secured:
        assert code(get_tls(authority, secured, "wiki.corp", None)) == "TLS_ERROR"
    assert other.asked == []


def test_what_is_said_about_a_refusal_is_heard_as_far_as_is_asked_for(server: WebServer) -> None:
    said = b'{"message": "too many"}'
    server.replies["/x"] = answer(said, status=429, headers={"Retry-After": "30"})
    client = client_for(server.authority)
    for hear, expected in ((0, b""), (1000, said), (5, b"")):
        refused = client.get(f"{server.url}/x", max_bytes=10, hear=hear)
        assert isinstance(refused, Refused)
        assert (refused.status, refused.headers["retry-after"]) == (429, "30")
        assert refused.said == expected
