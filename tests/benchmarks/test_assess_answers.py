"""The benchmark of assessment checks its answers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_stored_facts_become_stored_results_once() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "assess.py", "--json", "--changes", "3"]
    done = subprocess.run([*command, "--total", "600"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    first, one, again = json.loads(done.stdout)
    assert first["right"]
    assert first["entities"] == again["entities"] == 600
    assert first["grownBy"] > again["grownBy"] == 0
    assert 0 < one["p50"] <= one["max"]
