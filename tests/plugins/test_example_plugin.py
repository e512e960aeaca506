"""The plugin in `examples/plugin`, installed as a distribution of its own."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pluginworld import write_files

ROOT = Path(__file__).resolve().parents[2]
COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: production, owner: team}
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that it was installed into."""
    room = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / "examples" / "plugin", room / "source")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    pip += [
        "--no-deps",
        "--no-build-isolation",
        "--target",
        str(room / "site"),
        str(room / "source"),
    ]
    done = subprocess.run(pip, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return room / "site"


def run(installed: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join((str(installed), str(ROOT)))
    return subprocess.run(
        [sys.executable, "-m", *map(str, arguments)],
        env={"PYTHONPATH": path, "PATH": os.defpath},
        cwd=installed.parent,
        capture_output=True,
        text=True,
    )


def test_the_tests_that_it_comes_with_pass(installed: Path) -> None:
    tests = installed.parent / "source" / "tests"
    done = run(installed, "pytest", "-q", "-p", "no:cacheprovider", tests)
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout


def test_the_portal_lists_it(installed: Path) -> None:
    done = run(installed, "portal", "plugins", "--json", "--data-dir", installed.parent / "data")
    assert done.returncode == 0, done.stderr
    assert "licenses" in {one["name"] for one in json.loads(done.stdout)}


def test_its_scorecard_is_answered_by_its_facts(installed: Path, tmp_path: Path) -> None:
    license_ = "Permission is hereby granted, free of charge"
    write_files(tmp_path, {"catalog-info.yaml": COMPONENT, "LICENSE": license_})
    done = run(installed, "portal", "check", "--json", tmp_path)
    (entity,) = json.loads(done.stdout)["entities"]
    cards = {card["name"]: card for card in entity["scorecards"]}
    assert cards["licensing"]["level"] == "Clear"
