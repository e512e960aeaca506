"""The benchmark of cold ingest checks its answers, and can fail."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    refs = []
    for number in range(200):
        folder = tmp_path / "corpus" / "repos" / f"s-{number}"
        folder.mkdir(parents=True)
        (folder / "catalog-info.yaml").write_text(
            f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: s-{number}\n"
            "spec:\n  type: service\n  lifecycle: production\n  owner: team\n"
        )
        refs.append(f"component:default/s-{number}")
    manifest = {"entities": len(refs), "refs": refs}
    (tmp_path / "corpus" / "manifest.json").write_text(json.dumps(manifest))
    return tmp_path / "corpus"


def run(corpus: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "benchmarks" / "cold_ingest.py", corpus, "--json"]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.slow
def test_a_corpus_that_is_all_there_is_measured(corpus: Path) -> None:
    done = run(corpus)
    assert done.returncode == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["entities"] == 200
    assert row["entitiesPerSecond"] > 0


@pytest.mark.slow
def test_a_wrong_answer_fails_the_benchmark(corpus: Path) -> None:
    manifest = json.loads((corpus / "manifest.json").read_text())
    manifest["refs"] = ["component:default/not-there"]
    (corpus / "manifest.json").write_text(json.dumps(manifest))
    done = run(corpus)
    assert done.returncode != 0
    assert "not-there" in done.stderr
