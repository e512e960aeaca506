"""Web servers on loopback that answer as a test wants, and an authority that signs for them."""

from __future__ import annotations

import datetime
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Reply: TypeAlias = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class WebServer:
    """A running server; `replies` are by path, and `asked` has path and headers of each request.

    `posted` has the bodies, in their order, and `methods` what was asked by.
    """

    port: int
    scheme: str = "http"
    replies: dict[str, Reply] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    posted: list[bytes] = field(default_factory=list)
    methods: list[str] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    """Replies that go on for ever end with it."""

    @property
    def authority(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.authority}"


def answer(
    body: bytes = b"", *, status: int = 200, headers: Mapping[str, str] | None = None
) -> Reply:
    """A well-formed answer."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply


def redirect(to: str, *, status: int = 302) -> Reply:
    return answer(status=status, headers={"Location": to})


def raw(*pieces: bytes) -> Reply:
    """These bytes and the end of the connection, whatever they are."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        for piece in pieces:
            handler.wfile.write(piece)
        handler.close_connection = True

    return reply


@contextmanager
def serve_web(tls: ssl.SSLContext | None = None) -> Iterator[WebServer]:
    """A server whose replies the test fills in; what it has no reply for is a 404."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            server.methods.append(self.command)
            server.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
            reply = server.replies.get(self.path.partition("?")[0], answer(status=404))
            try:
                reply(self)
            except OSError:
                self.close_connection = True  # the client had enough

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_POST(self) -> None:
            server.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    class Http(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass  # a client that goes away is what some tests are about

    with Http(("127.0.0.1", 0), Handler) as http:
        server = WebServer(port=http.server_port, scheme="https" if tls else "http")
        if tls is not None:
            # The handshake is left to the thread of the connection.
            http.socket = tls.wrap_socket(
                http.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.stopping.set()
            http.shutdown()
            thread.join()


class Authority:
    """A certificate authority of its own, below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        certificate = self._sign(
            self._name, self._key, [x509.BasicConstraints(ca=True, path_length=None)]
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, *, days: int = 1) -> ssl.SSLContext:
        """What a server needs to prove that it is `name`; with `days` below 0: expired."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        names = x509.SubjectAlternativeName([x509.DNSName(name)])
        certificate = self._sign(subject, key, [names], days=days)
        file = self._folder / f"{name}.{days}.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        extensions: list[x509.ExtensionType],
        *,
        days: int = 1,
    ) -> x509.Certificate:
        end = datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=days)
        building = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(end - datetime.timedelta(days=7))
            .not_valid_after(end)
        )
        for extension in extensions:
            building = building.add_extension(extension, critical=False)
        return building.sign(self._key, hashes.SHA256())
