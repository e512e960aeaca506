"""The benchmark of simulation checks its answers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_a_changed_rule_is_simulated_and_compared() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "simulation.py", "--json", "--trials", "1"]
    done = subprocess.run([*command, "--entities", "400"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["right"]
    assert row["entities"] >= 400
    assert 0 < row["falling"] < row["entities"]
