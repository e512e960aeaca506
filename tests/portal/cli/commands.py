"""Commands of `portal` for tests: run here, since a process for each takes longer than its work."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from portal.cli.main import main


def invoke(*arguments: str | Path, status: int = 0) -> Result:
    """What a command left, which has ended with `status` and not with an exception."""
    done = CliRunner().invoke(main, [str(argument) for argument in arguments])
    # A traceback ends with status 1 as well, and is never what a command should end with.
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    assert done.exit_code == status, done.output
    return done


def run(*arguments: str | Path, status: int = 0) -> str:
    """What a command printed as its answer."""
    return invoke(*arguments, status=status).stdout


def run_process(*arguments: str | Path, status: int = 0) -> str:
    """The same of a command in a process of its own: for those that would serve and not end."""
    done = subprocess.run(
        [sys.executable, "-m", "portal", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout
