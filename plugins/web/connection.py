"""One request over one connection to one of the addresses that were checked, until a deadline.

`requests` and urllib3 bound each wait, not the whole: a server that sends a byte a second keeps
them for hours. So the standard library's HTTP speaks over a socket here whose every operation ends
with the deadline. Nothing is taken from the environment: no proxy, no netrc, no CA file.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse
from typing import cast

from plugins.web.urls import WebUrl

CONNECT_SECONDS = 5.0
"""Until the next address is tried."""


class RequestFailed(Exception):
    """There is no usable answer; the class says how far it came."""


class Unreachable(RequestFailed):
    """No address could be connected to."""


class TlsFailed(RequestFailed):
    """The other side did not prove who it is; the message says why."""


class TooSlow(RequestFailed):
    """The deadline passed."""


class Broken(RequestFailed):
    """What came is no whole HTTP response."""


class Deadline:
    """A moment after which nothing is waited for any more."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds until then, more than 0; raises `TimeoutError` when it has passed."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


def tls_context(ca_file: str) -> ssl.SSLContext:
    """TLS 1.2 and later, certificates and names verified against the authorities in a PEM file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(ca_file)
    return context


@contextmanager
def exchange(
    url: WebUrl,
    *,
    addresses: Sequence[str],
    headers: Mapping[str, str],
    tls: ssl.SSLContext | None,
    deadline: Deadline,
    body: bytes | None = None,
    method: str = "",
) -> Iterator[HTTPResponse]:
    """A GET request, a POST of `body`, or one by another `method`; gives the response, its body unread.

    Without `tls` it is plain HTTP.

    Raises `RequestFailed`, also for what is read of the body inside the `with` block.
    """
    with _connect(addresses, url.origin[2], deadline) as plain:
        secured = plain if tls is None else _secure(plain, url, tls, deadline)
        with secured as connected, _told():
            http = HTTPConnection(url.authority)
            http.sock = cast(socket.socket, _Bounded(connected, deadline))
            how = method or ("GET" if body is None else "POST")
            http.putrequest(how, url.target, skip_host=True, skip_accept_encoding=True)
            for name, value in {"Host": url.authority, **headers}.items():
                http.putheader(name, value)
            http.putheader("Connection", "close")
            if body is not None:
                http.putheader("Content-Length", str(len(body)))
            http.endheaders(body)
            with http.getresponse() as response:
                yield response


def _connect(addresses: Sequence[str], port: int, deadline: Deadline) -> socket.socket:
    for address in addresses:
        try:
            seconds = min(CONNECT_SECONDS, deadline.left())
            return socket.create_connection((address, port), timeout=seconds)
        except OSError:
            continue
    raise Unreachable


def _secure(
    plain: socket.socket, url: WebUrl, tls: ssl.SSLContext, deadline: Deadline
) -> ssl.SSLSocket:
    try:
        plain.settimeout(deadline.left())
        return tls.wrap_socket(plain, server_hostname=url.host)
    except ssl.SSLCertVerificationError as error:
        raise TlsFailed(error.verify_message) from None
    except ssl.SSLError as error:
        raise TlsFailed((error.reason or "no TLS").replace("_", " ").lower()) from None
    except TimeoutError:
        raise TooSlow from None
    except OSError:
        raise Unreachable from None


@contextmanager
def _told() -> Iterator[None]:
    """What the libraries raise, as what happened."""
    try:
        yield
    except TimeoutError:
        raise TooSlow from None
    except (HTTPException, OSError, ValueError) as error:
        raise Broken(type(error).__name__) from None


class _Bounded:
    """What `http.client` needs of a socket, with one deadline for all that it does."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def sendall(self, data: bytes) -> None:
        self._inner.settimeout(self._deadline.left())
        self._inner.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Incoming(self._inner, self._deadline))

    def close(self) -> None:
        """Nothing: the response is still being read, and the caller closes what is inside."""


class _Incoming(io.RawIOBase):
    """The bytes that arrive until the deadline."""

    def __init__(self, inner: socket.socket, deadline: Deadline) -> None:
        self._inner, self._deadline = inner, deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        self._inner.settimeout(self._deadline.left())
        return self._inner.recv_into(buffer)
