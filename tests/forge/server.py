"""A forge of our own, as a process: GitHub, GitLab and Gitea over the same real repositories.

`python -m tests.forge.server FOLDER` prints the port it listens at. `POST /control` changes what is
there and how requests fail; every other request is counted by its kind.
"""

from __future__ import annotations

import base64
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson

from plugins.git import packs
from tests.forge import gitea, github, gitlab
from tests.forge.faults import Fault, spoil
from tests.forge.packs import asks_for
from tests.forge.replies import Reply, Request, said
from tests.forge.world import World

_KINDS = (
    ("graphql", r"POST /api/graphql"),
    ("app", r"/installation$|/api/v3/app/"),
    ("people", r"/members|/teams|/descendant_groups|GET /api/v4/users"),
    ("list", r"GET /api/v4/(groups/[^/]+/)?projects\?|GET /api/v1/orgs/"),
    ("facts", r"/actions/|/rules/|/protection|-scanning/|/dependabot/"),
    ("branch", r"/branches/"),
    ("tree", r"/git/trees/|/repository/tree"),
    ("file", r"/contents/|/raw"),
    ("git", r"/info/refs|/git-upload-pack"),
)


AT_ONCE = 100
"""Requests of the API that GitHub answers at a time; git has no such limit."""


class Forge:
    """The state of the server; one request at a time changes it."""

    def __init__(self, root: Path) -> None:
        self.root, self.worlds = root, 0
        self.world = World(root=root / "0")
        self.faults: list[Fault] = []
        self.asked: list[dict[str, Any]] = []
        self.released = threading.Event()
        self.guard = threading.Lock()
        self.busy = {"api": 0, "git": 0}
        self.busiest = dict(self.busy)

    def control(self, order: dict[str, Any]) -> Any:
        match order.pop("do"):
            case "fail":
                self.faults.append(Fault(**order))
            case "mend":
                self._mend()
            case "reset":
                self._mend()
                self.worlds, self.asked = self.worlds + 1, []
                self.world = World(root=self.root / str(self.worlds))
            case "asked":
                asked, self.asked = self.asked, []
                return asked
            case "busiest":
                most, self.busiest = self.busiest, dict(self.busy)
                return most
            case "token":
                self.world.tokens[order["token"]] = order["sees"]
                if not order["sees"]:
                    del self.world.tokens[order["token"]]
            case verb:
                return getattr(self.world, verb)(**order)
        return None

    def _mend(self) -> None:
        self.faults.clear()
        self.released.set()
        self.released = threading.Event()

    def answer(self, request: Request) -> Reply:
        line = f"{request.method} {request.path}" + (f"?{request.query}" if request.query else "")
        kind = next((name for name, form in _KINDS if re.search(form, line)), "other")
        of = "git" if kind == "git" else "api"
        with self.guard:
            self.busy[of] += 1
            self.busiest[of] = max(self.busiest[of], self.busy[of])
        try:
            return self._answer(request, line, kind)
        finally:
            with self.guard:
                self.busy[of] -= 1

    def _answer(self, request: Request, line: str, kind: str) -> Reply:
        with self.guard:
            fault = next((one for one in self.faults if one.befalls(line)), None)
            if fault is not None and fault.how != "slow":
                request.headers.pop("if-none-match", None)
            reply = _git(self.world, request) or next(
                (
                    found
                    for forge in (github, gitlab, gitea)
                    if (found := forge.answer(self.world, request)) is not None
                ),
                said({"message": "Not Found"}, status=404),
            )
            released = self.released
            if self.world.is_metered and self.busy["api"] > AT_ONCE and kind != "git":
                fault = Fault(match="", how="secondary")
            if self.world.is_metered and kind != "git" and reply.status != 304:
                if self.world.remaining <= 0:
                    fault = Fault(match="", how="rate", seconds=3000)
                self.world.remaining -= 1
        if fault is not None:
            reply = spoil(fault, reply, released)
        token = request.token
        self.asked.append({"kind": kind, "line": line, "status": reply.status, "token": token})
        return reply


def _git(world: World, request: Request) -> Reply | None:
    """`git http-backend`, for who may see the repository."""
    found = re.fullmatch(r"/(.+?)\.git(/info/refs|/git-upload-pack)", request.path)
    if found is None:
        return None
    sight = world.sees(request.token)
    repo = world.find(found[1], sight) if sight else None
    if repo is None or repo.path.lower() != found[1].lower():
        if request.token and sight:
            return Reply(status=404)
        return Reply(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
    if (packed := world.packed.get(asks_for(request.body))) is not None:
        return Reply(body=packed, headers={"Content-Type": packs.TYPE})
    done = subprocess.run(
        ["git", "-c", "safe.directory=*", "http-backend"],
        input=request.body,
        capture_output=True,
        env={
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "GIT_PROJECT_ROOT": str(repo.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": f"/.git{found[2]}",
            "QUERY_STRING": request.query,
            "REQUEST_METHOD": request.method,
            "CONTENT_TYPE": request.headers.get("content-type", ""),
            "HTTP_CONTENT_ENCODING": request.headers.get("content-encoding", ""),
            "GIT_PROTOCOL": request.headers.get("git-protocol", ""),
        },
    )
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    status = int(headers.pop("Status", "200").split()[0])
    return Reply(status=status, body=content, headers=headers)


def _token(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return value.strip()
    user, _, password = base64.b64decode(value).decode().partition(":")
    return user if password == "x-oauth-basic" else password


def _handler(forge: Forge) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            self._answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self, body: bytes) -> None:
            path, _, query = self.path.partition("?")
            headers = {name.lower(): value for name, value in self.headers.items()}
            if path == "/control":
                with forge.guard:
                    self._send(said(forge.control(orjson.loads(body))))
                return
            token = headers.get("private-token") or _token(headers.get("authorization", ""))
            origin = f"http://{headers.get('host', '')}"
            self._send(
                forge.answer(
                    Request(
                        method=self.command,
                        path=path,
                        query=query,
                        headers=headers,
                        body=body,
                        origin=origin,
                        token=token,
                    )
                )
            )

        def _send(self, reply: Reply) -> None:
            try:
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                self.wfile.write(reply.body[: len(reply.body) - reply.lost])
            except OSError:
                pass  # the client had enough
            self.close_connection = self.close_connection or bool(reply.lost)

    return Handler


def main() -> None:
    """Serve until the process is ended."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _handler(Forge(Path(sys.argv[1])))) as http:
        http.daemon_threads = True
        print(http.server_port, flush=True)
        http.serve_forever()


if __name__ == "__main__":
    main()
