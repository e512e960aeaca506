"""Every sample in the documentation is run, on the pages as they stand."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
import requests

from catalog.descriptor.defined_kinds import KindFile, kinds_of
from catalog.descriptor.descriptors import read_descriptor
from catalog.entity import Verdict
from plugins.contract import Context, FactSchema
from plugins.library import plugin
from plugins.registry import load_plugins
from portal.config import Settings, environment, load_settings
from scorecards.collection.packs import declarations
from scorecards.definitions.loading import load_files, load_scorecards
from scorecards.scorecard import Scorecard
from tests.portal.processes import free_port

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A fenced block."""

    language: str
    words: str
    """What follows the language: `background`, or `file=NAME`."""
    text: str

    @property
    def file(self) -> str:
        """The file that the block says it is, if it does."""
        found = re.search(r"file=(\S+)", self.words)
        return found.group(1) if found else ""


def samples(page: Path) -> list[Sample]:
    return [Sample(*match.groups()) for match in FENCE.finditer(page.read_text())]


@cache
def schemas() -> dict[str, FactSchema]:
    plugins, _ = load_plugins(context_for=lambda name: Context(cache=Path("/nonexistent") / name))
    of_packs = {name: one.schema for name, one in declarations().items()}
    observed = {s.name: s for plugin in plugins for c in plugin.collectors for s in c.schemas}
    return {**of_packs, **observed}


@cache
def built_in() -> tuple[Scorecard, ...]:
    texts = plugin(Context(cache=Path("/nonexistent"))).scorecards
    return load_files(texts, schemas=schemas()).scorecards


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_yaml_samples_are_what_they_seem(page: Path, tmp_path: Path) -> None:
    yaml = [sample for sample in samples(page) if sample.language == "yaml"]
    defined = [sample for sample in yaml if re.search(r"^apiVersions:", sample.text, re.MULTILINE)]
    kinds, problems = kinds_of(tuple(KindFile(sample.file, sample.text) for sample in defined))
    assert problems == ()
    for sample in yaml:
        if sample in defined:
            continue
        if re.search("^apiVersion: (backstage.io|acme.example)/", sample.text, re.MULTILINE):
            outcomes, faults = read_descriptor(
                sample.text.encode(),
                file="catalog-info.yaml",
                location="file:x",
                origin="file:x",
                kinds=kinds,
            )
            assert faults == ()
            assert [(o.verdict, o.problems) for o in outcomes] == [
                (Verdict.ACCEPT, ()) for _ in outcomes
            ]
        elif re.search(r"^(app|backend|plumbline):", sample.text, re.MULTILINE):
            config = tmp_path / "app-config.yaml"
            config.write_text(sample.text)
            loaded = load_settings(configs=[config], environ={})
            assert isinstance(loaded, Settings), loaded
            assert loaded.warnings == ()
        elif "kind: Scorecard" in sample.text:
            scorecards, faults = load_scorecards(
                sample.text, file="sample.yaml", schemas=schemas(), known=built_in()
            )
            assert faults == ()
            assert scorecards
        else:
            pytest.fail(f"a YAML sample that no test knows:\n{sample.text}")


@pytest.fixture
def servers() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for server in started:
        server.terminate()
        server.wait(timeout=30)


@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "README.md"], ids=name)
def test_shell_samples_work_in_order(
    page: Path, tmp_path: Path, servers: list[subprocess.Popen[bytes]]
) -> None:
    port = free_port()
    variables = {
        "PATH": f"{Path(sys.executable).parent}:{environment()['PATH']}",
        "HOME": str(tmp_path),
        "PLUMBLINE_PORT": str(port),
    }
    for sample in samples(page):
        if sample.file:
            target = tmp_path / sample.file
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(sample.text)
        if sample.language != "sh":
            continue
        script = sample.text.replace("127.0.0.1:7007", f"127.0.0.1:{port}")
        command = ["bash", "-euo", "pipefail", "-c", script]
        if "background" in sample.words:
            command[-1] = re.sub(r"^portal up", "exec portal up", script, flags=re.MULTILINE)
            servers.append(subprocess.Popen(command, cwd=tmp_path, env=variables))
            wait_until_assessed(port)
            continue
        done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True)
        # A card of a service that can be better ends with 0: only errors in descriptors do not.
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def wait_until_assessed(port: int) -> None:
    """Until the portal answers, and has a result for what it read."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        time.sleep(0.1)
        try:
            url = f"http://127.0.0.1:{port}/api/v1/scorecards/service-maturity"
            if requests.get(url, timeout=5).json()["total"]:
                return
        except requests.ConnectionError:
            continue
    pytest.fail("the portal of the sample did not start")


def test_the_commands_of_the_readme_exist() -> None:
    for sample in samples(ROOT / "README.md"):
        if sample.language == "sh":
            done = subprocess.run(
                ["bash", "-c", sample.text.replace("make ", "make --dry-run ")],
                cwd=ROOT,
                capture_output=True,
                text=True,
            )
            assert done.returncode == 0, done.stderr


def links(page: Path) -> Iterator[tuple[Path, str]]:
    """Files that the page links to, each with the anchor in it."""
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", prose(page)):
        if "://" not in target:
            yield ((page.parent / target).resolve() if target else page), anchor


def prose(page: Path) -> str:
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Of its headings, as forges make them."""
    headings = re.findall(r"^#+ +(.*)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target, anchor in links(page):
        assert target.exists(), f"{name(page)}: {target}"
        assert not anchor or anchor in anchors(target), f"{name(page)}: {target.name}#{anchor}"


def test_every_page_is_in_the_contents() -> None:
    contents = {target for target, _ in links(ROOT / "docs" / "README.md")}
    pages = {page for page in (ROOT / "docs").rglob("*.md") if page.name != "README.md"}
    assert pages - contents == set()
