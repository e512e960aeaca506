"""What may go wrong on the way (rows F30 to F36 of the reference's faults), and how it looks."""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass
from typing import Any

import orjson

from tests.forge.replies import Reply

HOW = (
    "500",
    "429",
    "rate",
    "secondary",
    "truncated",
    "garbage",
    "hang",
    "slow",
    "empty",
    "hollow",
    "null",
    "unknown",
)


@dataclass
class Fault:
    """Befalls requests that `match` is found in, after the first `after`, `times` times."""

    match: str
    how: str
    times: int = 1_000_000
    after: int = 0
    seconds: float = 60
    """What `Retry-After` or the reset says; how long what is slow takes."""

    def befalls(self, request: str) -> bool:
        if not re.search(self.match, request):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


def spoil(fault: Fault, reply: Reply, released: threading.Event) -> Reply:
    """The reply, as the fault makes it."""
    message = b'{"message":"%b"}'
    match fault.how:
        case "500":
            return Reply(status=500, body=message % b"Server Error")
        case "429":
            after = {"Retry-After": str(int(fault.seconds))}
            return Reply(status=429, body=message % b"Too many requests", headers=after)
        case "rate":
            reset = str(int(time.time() + fault.seconds))
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
            said = message % b"API rate limit exceeded for installation ID 1."
            return Reply(status=403, body=said, headers=headers)
        case "secondary":
            return Reply(status=403, body=message % b"You have exceeded a secondary rate limit.")
        case "truncated":
            return Reply(status=reply.status, body=reply.body, headers=reply.headers, lost=10)
        case "garbage":
            page = {"Content-Type": "text/html"}
            return Reply(status=200, body=b"<html>Sign in</html>", headers=page)
        case "slow":
            time.sleep(fault.seconds)
            return reply
        case "hang":
            released.wait(60)
            return reply
        case "empty":
            return Reply(status=200, body=_emptied(reply.body), headers=reply.headers)
        case "hollow":
            data = orjson.loads(reply.body)
            _without_nodes(data["data"], inner=True)
            return Reply(status=200, body=orjson.dumps(data), headers=reply.headers)
        case "unknown":
            # GitLab before 16.6, in the words of its engine.
            told = b"Field 'projects' doesn't accept argument 'fullPaths'"
            return Reply(status=200, body=b'{"errors":[%b]}' % (message % told))
        case "null":
            return Reply(status=200, body=b"null", headers={})
    raise ValueError(fault.how)


def _emptied(body: bytes) -> bytes:
    """The same answer, with nothing in its list."""
    data = orjson.loads(body)
    if isinstance(data, list):
        return b"[]"
    _without_nodes(data["data"])
    return orjson.dumps(data)


def _without_nodes(data: Any, *, inner: bool = False) -> None:
    """Empty the lists of a GraphQL answer, or those in their items; the counts stay."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if key != "nodes":
            _without_nodes(value, inner=inner)
        elif inner:
            for node in value:
                _without_nodes(node)
        else:
            data[key] = []
