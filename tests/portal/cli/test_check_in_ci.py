"""What CI runs: the command on real repositories, the action, the template, and the hooks."""

from __future__ import annotations

import json
import shlex
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import yaml

from portal.cli.lazy import Lazy
from portal.cli.main import main
from portal.config import environment
from tests.portal.cli.changed_checkout import commit, git, repository, worsen
from tests.portal.cli.commands import invoke

ROOT = Path(__file__).resolve().parents[3]
ACTION = yaml.safe_load((ROOT / "ci/github/action.yml").read_text())
TEMPLATE = yaml.safe_load((ROOT / "ci/gitlab/plumbline.gitlab-ci.yml").read_text())
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())


@pytest.fixture
def portal_on_path(tmp_path: Path) -> dict[str, str]:
    """An environment in which `portal` is this checkout's."""
    shim = tmp_path / "bin" / "portal"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m portal "$@"\n')
    shim.chmod(shim.stat().st_mode | stat.S_IXUSR)
    kept = {k: v for k, v in environment().items() if not k.startswith(("GIT_", "CI_"))}
    return {
        **kept,
        "PATH": f"{shim.parent}:{kept['PATH']}",
        "PYTHONPATH": str(ROOT),
        "GIT_CONFIG_COUNT": "2",
        "GIT_CONFIG_KEY_0": "user.name",
        "GIT_CONFIG_VALUE_0": "A",
        "GIT_CONFIG_KEY_1": "user.email",
        "GIT_CONFIG_VALUE_1": "a@example.com",
    }


def shell(script: str, folder: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def shallow(tmp_path: Path) -> Path:
    """A clone of depth 1 of the branch `change`, as CI has it."""
    origin = repository(tmp_path / "origin")
    git(origin, "switch", "--quiet", "--create", "change")
    worsen(origin)
    commit(origin, "Worsen")
    clone = tmp_path / "clone"
    git(
        tmp_path, "clone", "--quiet", "--depth=1", "--branch=change", f"file://{origin}", str(clone)
    )
    return clone


def check(*arguments: str | Path, status: int) -> str:
    return invoke("check", *arguments, status=status).output


def test_the_exit_code_is_for_what_the_change_introduces(tmp_path: Path) -> None:
    folder = repository(tmp_path / "basket")
    assert "0 newly failing" in check(folder, "--diff", "HEAD", status=0)
    worsen(folder)
    assert "newly failing, 1 newly passing" in check(folder, "--diff", "HEAD", status=1)
    check(folder, "--diff", "HEAD", "--fail-on", "never", status=0)
    commit(folder, "Worsen")
    check(folder, "--diff", "HEAD", status=0)
    check(folder, "--diff", "HEAD", "--fail-on", "any", status=1)
    check(folder, "--diff", "HEAD~1", status=1)
    assert "no commit of this repository" in check(folder, "--diff", "nowhere", status=2)
    check(folder, "--fail-on", "introduced", status=2)
    check(folder, "--report", "nothing=x", status=2)


def test_a_folder_that_the_base_lacks_is_all_new(tmp_path: Path) -> None:
    folder = repository(tmp_path / "monorepo")
    inner = folder / "services" / "shelf"
    inner.mkdir(parents=True)
    text = (folder / "catalog-info.yaml").read_text()
    (inner / "catalog-info.yaml").write_text(text.replace("basket", "shelf"))
    answer = json.loads(check(inner, "--diff", "HEAD", "--format", "json", status=0))
    (entity,) = answer["entities"]
    changes = {check["change"] for card in entity["scorecards"] for check in card["checks"]}
    assert changes == {"new"}


def test_what_is_no_repository_has_no_base(tmp_path: Path) -> None:
    (tmp_path / "catalog-info.yaml").write_text("kind: Component\n")
    assert "not a git repository" in check(tmp_path, "--diff", "main", status=2)


def test_comparing_leaves_the_checkout_alone(tmp_path: Path) -> None:
    folder = repository(tmp_path / "basket")
    worsen(folder)
    git(folder, "add", "CHANGELOG.md")
    before = git(folder, "status", "--porcelain=v2", "--branch")
    check(folder, "--diff", "main", "--fail-on", "never", status=0)
    assert git(folder, "status", "--porcelain=v2", "--branch") == before
    assert git(folder, "worktree", "list").count("\n") == 0


def test_the_action_reports_a_pull_request(
    tmp_path: Path, shallow: Path, portal_on_path: dict[str, str]
) -> None:
    steps = {step["id"]: step for step in ACTION["runs"]["steps"] if "id" in step}
    assert ACTION["runs"]["using"] == "composite"
    assert all("${{" not in step["run"] for step in steps.values()), "values go by the environment"
    output, summary = tmp_path / "output", tmp_path / "summary"
    env = portal_on_path | {
        "GITHUB_OUTPUT": str(output),
        "GITHUB_STEP_SUMMARY": str(summary),
        "RUNNER_TEMP": str(tmp_path / "temp"),
    }
    inputs = {"CHECKED": ".", "BASE": "main", "FAIL_ON": ACTION["inputs"]["fail-on"]["default"]}
    fetched = shell(steps["base"]["run"], shallow, env | inputs)
    assert fetched.returncode == 0, fetched.stderr
    name, _, commit_ = output.read_text().strip().partition("=")
    assert name == "commit"
    done = shell(
        steps["check"]["run"], shallow, env | inputs | {"COMMIT": commit_, "SCORECARDS": ""}
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "makes something worse" in summary.read_text()
    outputs = dict(line.split("=", 1) for line in output.read_text().splitlines())
    assert ACTION["outputs"].keys() <= outputs.keys()
    assert json.loads(Path(outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert ET.parse(outputs["junit"]).getroot().tag == "testsuites"


def test_the_action_installs_this_project() -> None:
    (install,) = [s for s in ACTION["runs"]["steps"] if s.get("id") == "install"]
    assert install["run"] == 'python -m pip install --quiet "$ACTION/../.."'
    assert (ROOT / "ci/github/../../pyproject.toml").is_file()


def test_the_template_reports_a_merge_request(
    shallow: Path, portal_on_path: dict[str, str]
) -> None:
    job = TEMPLATE["plumbline"]
    env = portal_on_path | job["variables"] | {"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main"}
    done = shell("\n".join(job["script"]), shallow, env)
    assert done.returncode == 1, done.stdout + done.stderr
    reports = [*job["artifacts"]["paths"], job["artifacts"]["reports"]["junit"]]
    assert all((shallow / report).is_file() for report in reports)
    assert "newly failing" in done.stdout


def test_the_hooks_run_in_a_commit(tmp_path: Path, portal_on_path: dict[str, str]) -> None:
    folder = repository(tmp_path / "basket")
    (entry,) = [hook["entry"] for hook in HOOKS if hook["id"] == "plumbline-check"]
    hook = folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\nexec {entry}\n")
    hook.chmod(0o755)
    (folder / "CHANGELOG.md").write_text("# Changes\n\n## 1.0.0\n\n- Begin\n")
    good = shell("git add --all && git commit --quiet -m Better", folder, portal_on_path)
    assert good.returncode == 0, good.stdout + good.stderr
    worsen(folder)
    bad = shell("git add --all && git commit --quiet -m Worse", folder, portal_on_path)
    assert bad.returncode == 1, bad.stdout + bad.stderr
    # The index is what was added: the clone of the base did not touch it.
    assert git(folder, "diff", "--cached", "--name-only") == "README.md"
    assert git(folder, "log", "-1", "--format=%s") == "Better"


def test_hooks_name_commands_that_exist() -> None:
    assert isinstance(main, Lazy)
    for hook in HOOKS:
        program, command, *options = shlex.split(hook["entry"])
        assert program == "portal"
        found: Any = main.commands.get(command) or main.get_command(None, command)  # type: ignore[arg-type]
        known = {name for parameter in found.params for name in parameter.opts}
        assert {option for option in options if option.startswith("--")} <= known
        assert hook["language"] == "python"
