"""Facts that are pushed to a portal elsewhere: what it, or what stands before it, may answer."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.portal.cli.commands import invoke, run

STORED = json.dumps({"items": [{"entity": "a", "outcome": "stored", "problems": []}]})


class Elsewhere(ThreadingHTTPServer):
    """Answers each request with the next of `answers`: status, headers and body."""

    answers: list[tuple[int, dict[str, str], str]]

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def elsewhere() -> Iterator[Elsewhere]:
    with Elsewhere(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "facts.json"
    file.write_text(json.dumps([{"entity": "a", "facts": {"coverage.line_pct": 1}}]))
    return file


def test_who_is_told_when_to_ask_again_waits_so_long(elsewhere: Elsewhere, file: Path) -> None:
    elsewhere.answers = [(503, {"Retry-After": "1"}, "{}"), (502, {}, "<html>"), (200, {}, STORED)]
    began = time.monotonic()
    assert run("facts", "push", file, "--url", elsewhere.url) == "1 stored\n"
    assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, "<html>Sign in</html>", "answers 200"),
        (200, '{"hello": 1}', "answers 200"),
        (200, "[]", "answers 200"),
        (403, '{"detail": "Not you."}', "answers 403: Not you."),
        (413, "{", "answers 413"),
    ],
)
def test_what_is_no_answer_of_a_portal_is_told(
    elsewhere: Elsewhere, file: Path, status: int, body: str, said: str
) -> None:
    elsewhere.answers = [(status, {"Content-Type": "application/json"}, body)]
    told = invoke("facts", "push", file, "--url", elsewhere.url, status=1)
    assert f"{elsewhere.url} {said}" in told.stderr


def test_lists_in_lists_are_no_items(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_text("[" * 300 + "]" * 300)
    assert "cannot be read" in invoke("facts", "push", file, "--url", "http://x", status=1).stderr
