"""The benchmark of pages checks its answers, changes the catalog meanwhile, and can fail."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that the first run makes."""
    return tmp_path_factory.mktemp("pages") / "store"


def run(store: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    program = ROOT / "benchmarks" / "pages.py"
    sizes = ("--components", 130, "--groups", 20, "--rounds", 2, "--folder", store)
    command = [sys.executable, program, *map(str, (*sizes, *arguments))]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.slow
def test_every_page_is_measured_with_right_answers(store: Path) -> None:
    done = run(store, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {"/", "/catalog", "/coverage", "/insights?by=owner"} < {
        page["path"] for page in found["pages"]
    }
    assert 0 < found["null"]["p50"] <= found["null"]["p95"]
    for page in found["pages"]:
        assert 0 < page["p50"] <= page["p95"]
        assert 0 < page["changingP50"] <= page["changingP95"]
        assert 8 < page["kilobytes"] < 150

    done = run(store, "--scattered", "--only", "/insights")
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d patterns", done.stderr)
    assert "| `/insights?by=owner` |" in done.stdout

    # What the past is told to have begun with is no longer so.
    text = (store / "src" / "repository-1" / "catalog-info.yaml").read_text()
    (store / "src" / "repository-1" / "catalog-info.yaml").write_text(
        text.replace("component-107\n", "other-107\n")
    )
    done = run(store, "--only", "component-77")
    assert done.returncode == 0, done.stderr
