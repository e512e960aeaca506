"""Runs `git` with nothing of the repository's in charge: no hooks, helpers, prompts or transports.

Only plumbing is run, with an argument list, an environment of our own, a deadline and a limit on
output. What the options close (hostile-input rows S15, G01 to G03) stands beside each of them.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from typing import IO

from catalog.problems import Problem, quote

LOCAL_SECONDS = 60.0
"""Deadline of a command that reads what is on disk."""

LARGEST_OUTPUT = 256 * 1024 * 1024
"""Bytes of output that a command may have: the tree of a repository of two million files."""

_MOST_ERRORS = 8 * 1024
"""Bytes of standard error that are kept; a remote may send any amount."""

_OPTIONS = (
    "--no-pager",
    "-c", "core.hooksPath=/dev/null",
    "-c", "core.fsmonitor=false",
    "-c", "core.askPass=",
    "-c", "credential.helper=",
    "-c", "http.followRedirects=false",  # where it leads to was not checked
    "-c", "gc.autoDetach=false",  # nothing runs on after the deadline
)  # fmt: skip

_ENVIRONMENT = {
    "LC_ALL": "C",  # causes are told by the words of the messages
    "HOME": "/nonexistent",  # no .netrc; ssh asks the user database for its keys instead
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_REPLACE_OBJECTS": "1",  # a commit id stands for its content, not for a substitute
    "GIT_NO_LAZY_FETCH": "1",  # missing objects of a partial clone are missing
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oConnectTimeout=15",
}


class GitError(Exception):
    """Git could not do it; `problem` says why, to people."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def run_git(
    arguments: Sequence[str],
    *,
    stdin: bytes = b"",
    protocol: str = "none",
    config: Sequence[tuple[str, str]] = (),
    seconds: float = LOCAL_SECONDS,
    max_output: int = LARGEST_OUTPUT,
) -> bytes:
    """What `git` writes to its standard output. Raises `GitError`.

    `protocol` is the one transport that may be used: the environment's list wins over any
    `protocol.*.allow` of the repository's configuration, which could start a program (`ext::`).
    `config` goes through the environment, where other users do not see it: it may hold secrets.
    """
    program = _program()
    environment = _environment(program, protocol, config)
    with tempfile.TemporaryFile() as given:  # a pipe could fill up on both sides
        given.write(stdin)
        given.seek(0)
        with subprocess.Popen(
            [program, *_OPTIONS, *arguments],
            stdin=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            cwd="/",
            start_new_session=True,
        ) as process:
            try:
                output, errors = _drain(process, time.monotonic() + seconds, max_output)
            except GitError:
                # The whole session: git starts helpers of its own.
                os.killpg(process.pid, signal.SIGKILL)
                raise
    if process.returncode:
        raise GitError(_explain(process.returncode, errors.decode("utf-8", "replace")))
    return bytes(output)


def _program() -> str:
    if program := shutil.which("git"):
        return program
    raise GitError(
        Problem(
            code="GIT_NOT_INSTALLED",
            message="The program `git` is not installed.",
            hint="Install git, or put it on the PATH.",
        )
    )


def _environment(program: str, protocol: str, config: Sequence[tuple[str, str]]) -> dict[str, str]:
    """All that `git` is given to know, and nothing of the portal's own."""
    environment = {
        **_ENVIRONMENT,
        "PATH": os.path.dirname(program) + os.pathsep + os.defpath,
        "GIT_ALLOW_PROTOCOL": protocol,
        "GIT_CONFIG_COUNT": str(len(config)),
    }
    for number, (key, value) in enumerate(config):
        environment[f"GIT_CONFIG_KEY_{number}"] = key
        environment[f"GIT_CONFIG_VALUE_{number}"] = value
    return environment


def _drain(
    process: subprocess.Popen[bytes], until: float, max_output: int
) -> tuple[bytearray, bytearray]:
    """Everything that the process writes until it closes both ends."""
    output, errors = bytearray(), bytearray()
    with selectors.DefaultSelector() as ready:
        streams: list[tuple[IO[bytes] | None, bytearray]] = [
            (process.stdout, output),
            (process.stderr, errors),
        ]
        for stream, kept in streams:
            assert stream is not None
            ready.register(stream, selectors.EVENT_READ, kept)
        while ready.get_map():
            remaining = until - time.monotonic()
            if remaining <= 0:
                raise GitError(_TOO_SLOW)
            for key, _ in ready.select(remaining):
                chunk = os.read(key.fd, 1 << 16)
                if not chunk:
                    ready.unregister(key.fileobj)
                elif key.data is output:
                    output += chunk
                elif len(errors) < _MOST_ERRORS:
                    errors += chunk
            if len(output) > max_output:
                raise GitError(_too_large(max_output))
    return output, errors


_TOO_SLOW = Problem(
    code="GIT_TIMEOUT",
    message="Git did not finish in time and was ended.",
    hint="Try again; if it stays slow, look at the repository's server or disk.",
)


def _too_large(limit: int) -> Problem:
    return Problem(
        code="SOURCE_TOO_LARGE",
        message=f"Git's answer is over the limit of {limit // 1024 // 1024} MiB.",
        hint="Split the repository.",
    )


_CAUSES = (
    (
        "GIT_NOT_PERMITTED",
        ("authentication failed", "could not read username", "could not read password",
         "permission denied", "terminal prompts disabled", "error: 401", "error: 403",
         "access denied", "host key verification failed", "dubious ownership"),
        "Check the credentials of this repository, and that they may read it.",
    ),
    (
        "GIT_NOT_FOUND",
        ("not found", "does not exist", "does not appear to be a git repository",
         "not a git repository"),
        "Check the URL. Forges also answer 'not found' where the credentials may not read.",
    ),
    (
        "GIT_UNREACHABLE",
        ("could not resolve", "failed to connect", "couldn't connect", "connection refused",
         "timed out", "connection reset", "unable to access", "hung up"),
        "Check the host's name and that it can be reached from here.",
    ),
)  # fmt: skip


def _explain(code: int, errors: str) -> Problem:
    """The problem behind an exit code, told by git's own words."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith(("fatal:", "error:"))), "")
    told = told or (lines[-1] if lines else f"exit code {code}")
    text = errors.lower()
    for name, words, hint in _CAUSES:
        if any(word in text for word in words):
            return Problem(code=name, message=f"Git said: {quote(told)}", hint=hint)
    return Problem(
        code="GIT_FAILED",
        message=f"Git said: {quote(told)}",
        hint="Run `git fsck` on the repository, or clone it anew.",
    )
