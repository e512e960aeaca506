"""The benchmark of reads checks its answers, measures what it says, and can fail."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHMARKS = ROOT / "benchmarks"

CASES = [
    "page20", "page20-cursor", "page20-fulltext", "page20-owner", "count-limit0", "by-name",
    "ancestry", "by-refs-100", "facets-kind-type", "facets-ui-tags", "list-groups", "list-all",
]  # fmt: skip


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    refs = []
    for number in range(130):
        name = f"quick-basket-{number}"
        path = folder / "repos" / name / "catalog-info.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(
            "apiVersion: backstage.io/v1alpha1\nkind: Component\n"
            f'metadata:\n  name: {name}\n  description: "About {name}"\n  tags: [go]\n'
            f"spec: {{type: service, lifecycle: production, owner: team-{number % 3}}}\n"
        )
        refs.append(f"component:default/{name}")
    for number in range(3):
        path = folder / "org" / f"team-{number}" / "catalog-info.yaml"
        path.parent.mkdir(parents=True)
        path.write_text(
            "apiVersion: backstage.io/v1alpha1\nkind: Group\n"
            f"metadata: {{name: team-{number}}}\nspec: {{type: team, children: []}}\n"
        )
        refs.append(f"group:default/team-{number}")
    manifest = {"entities": len(refs), "refs": refs}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


@pytest.fixture(scope="module")
def base(corpus: Path) -> Iterator[str]:
    """A portal that has read the corpus, run by the benchmarks' own code."""
    script = (
        "import json, sys; from servers import portal\n"
        "with portal('--source', sys.argv[1]) as running:\n"
        "    running.wait_for(int(sys.argv[2])); print(running.base, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", script, str(corpus), "133"]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": str(BENCHMARKS), "PATH": "/usr/bin:/bin"},
    )
    assert process.stdout is not None
    assert process.stdin is not None
    yield process.stdout.readline().strip()
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCHMARKS / program, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT)


@pytest.mark.slow
def test_every_case_is_measured_with_right_answers(base: str, corpus: Path) -> None:
    done = run(
        "reads.py", f"portal={base}/api/catalog", "--manifest", corpus / "manifest.json",
        "--seconds", 0.2, "--connections", "1,2", "--null", f"{base}/livez", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["case"] for row in rows if row["connections"] == 1] == [*CASES, "null"]
    assert all(row["requests"] > 0 and row["failures"] == 0 for row in rows)
    assert all(0 < row["p50"] <= row["p99"] for row in rows)


@pytest.mark.slow
def test_what_the_client_has_is_confirmed(base: str, corpus: Path) -> None:
    done = run(
        "reads.py", f"portal={base}/api/catalog", "--manifest", corpus / "manifest.json",
        "--seconds", 0.2, "--connections", "2", "--only", "page20,by-name", "--revalidate", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)
    assert [row["failures"] for row in rows] == [0, 0]
    assert all(row["kilobytes"] < 1.5 for row in rows)


@pytest.mark.slow
def test_a_wrong_answer_fails_the_benchmark(base: str, corpus: Path, tmp_path: Path) -> None:
    manifest = json.loads((corpus / "manifest.json").read_text())
    manifest["refs"].append("component:default/aa-not-there")
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    done = run(
        "reads.py", f"portal={base}/api/catalog", "--manifest", tmp_path / "manifest.json",
        "--seconds", 0.1, "--connections", "1",
    )  # fmt: skip
    assert done.returncode != 0
    assert "answers page20 wrongly" in done.stderr


@pytest.mark.slow
def test_the_size_of_a_database_is_told(corpus: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "portal", "ingest", "--source", corpus, "--data-dir", tmp_path]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    done = run("size.py", "--database", f"sqlite:///{tmp_path / 'portal.db'}", "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["entities"] == 133
    assert found["tables"]["entities"] > found["entityBytes"] > 133 * 200
    assert found["databaseBytes"] > found["indexBytes"] > 0


@pytest.mark.slow
def test_a_change_is_seen_with_and_without_a_backlog(corpus: Path) -> None:
    done = run(
        "visibility.py", corpus, "--trials", 1, "--backlog", 5,
        "--interval", "{seconds: 20}", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    at_rest, loaded = json.loads(done.stdout)
    assert 0 < at_rest["p50"] <= at_rest["max"] < 60
    assert 0 < loaded["p50"] <= loaded["max"] < 60


@pytest.mark.slow
def test_the_footprint_is_of_a_portal_that_has_everything(corpus: Path) -> None:
    done = run("footprint.py", corpus, "--rest", 2, "--json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["entities"] == 133
    assert found["megabytes"] > 20
    assert found["startSeconds"] > 0
