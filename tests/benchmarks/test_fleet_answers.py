"""The benchmark of a fleet checks its answers, and tells what each part of it has used."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_two_workers_read_each_repository_once() -> None:
    command = [sys.executable, ROOT / "benchmarks" / "fleet.py", "--json", "--without-facts"]
    sizes = ["--repositories", "60", "--workers", "2", "--latency", "0.02"]
    done = subprocess.run([*command, *sizes], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["requests"] == {"graphql": 1, "git": 60}
    assert row["fetched"] == {"1": 60}
    assert row["sweepRequests"] == {"graphql": 1}
    assert row["counted"] == 1
    assert len(row["cpuOfWorkers"]) == 2
    assert 0 < row["secondsToRead"] <= row["seconds"]
    assert min(row["cpuOfWorkers"] + [row["cpuOfPostgres"], row["megabytesOfWorker"]]) > 0


@pytest.mark.slow
def test_a_small_host_is_slower_or_the_machine_says_that_it_gives_none() -> None:
    program = "from hosts import small_host; import subprocess, sys, time\n"
    program += "busy = subprocess.Popen([sys.executable, '-c', 'while True: pass'])\n"
    program += "from processes import cpu_seconds\n"
    program += (
        "with small_host(busy.pid, 0.1):\n    time.sleep(2)\n    used = cpu_seconds(busy.pid)\n"
    )
    program += "    busy.kill(); busy.wait()\n    print(used)\n"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT / "benchmarks"
    )
    if done.returncode:
        assert "does not let shares of a core be given" in done.stderr
    else:
        assert 0 < float(done.stdout) < 0.5
