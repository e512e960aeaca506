"""Scorecards of repositories: who may say what, and what becomes of it in a running portal."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests

from catalog.ingest.removal import RemovalPolicy
from plugins.contract import Context
from plugins.registry import load_plugins
from portal.config.repositories import EVERY_FILE, ScorecardRepository
from portal.db.engine import Database
from portal.pool import Pool
from portal.repository_scorecards import in_repositories
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker.children.setup import Setup
from portal.worker.publishing import read_scorecards, shown
from portal.worker.tools import Tools
from tests.catalog_rows import NOW
from tests.plugins.pluginworld import commit, make_git, write_files
from tests.portal.configs import faults, load
from tests.portal.processes import Server, eventually, portal_up

PLATFORM = "group:default/platform"


def card(name: str, *, rule: str = "catalog.type == 'service'", owner: str = "") -> str:
    named = f", owner: {owner}" if owner else ""
    return (
        "apiVersion: plumbline.dev/v1\n"
        "kind: Scorecard\n"
        f"metadata: {{name: {name}, title: T{named}}}\n"
        "spec:\n"
        "  checks:\n"
        f'    - {{id: one, title: One, level: Managed, why: w, fix: f, rule: "{rule}"}}\n'
    )


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """A repository of scorecards."""
    files = {"scorecards/web/basics.yaml": card("web-basics"), "README.md": "Rules."}
    return make_git(tmp_path / "our rules", files)


def tools(database: Database, cache: Path, *repositories: ScorecardRepository) -> Tools:
    plugins, _ = load_plugins(context_for=lambda name: Context(cache=cache / name))
    return Tools(
        database=database,
        plugins=plugins,
        setup=Setup(cache=cache, working_tree=False, disabled_plugins=(), scorecards=()),
        pool=Pool(0),
        policy=RemovalPolicy(),
        rules=None,
        scorecard_repositories=repositories,
        now=lambda: NOW,
    )


def repository(target: Path | str) -> ScorecardRepository:
    return ScorecardRepository(target=str(target), path=EVERY_FILE, owner=PLATFORM)


def test_what_a_repository_has_is_kept_and_told_apart(
    database: Database, tmp_path: Path, rules: Path
) -> None:
    configured = (repository(rules),)
    work = tools(database, tmp_path / "cache", *configured)
    assert in_repositories(database, configured).texts == ()
    assert read_scorecards(work)
    assert not read_scorecards(work)
    found = in_repositories(database, configured)
    [(file, text)] = found.texts
    assert (file, text) == (
        f"file://{quote(str(rules))}/scorecards/web/basics.yaml",
        card("web-basics"),
    )
    assert found.origins[file].author == "Alice <alice@example.org>"
    write_files(rules, {"scorecards/more.yml": card("more")})
    commit(rules)
    assert read_scorecards(work)
    again = in_repositories(database, configured)
    assert len(again.texts) == 2
    assert again.edition != found.edition
    (rules / "scorecards" / "more.yml").unlink()
    commit(rules)
    assert read_scorecards(work)
    assert in_repositories(database, configured).texts == found.texts


def test_a_repository_that_cannot_be_read_keeps_what_was_read(
    database: Database, tmp_path: Path, rules: Path
) -> None:
    configured = (repository(rules),)
    work = tools(database, tmp_path / "cache", *configured)
    read_scorecards(work)
    before = in_repositories(database, configured)
    write_files(rules, {"scorecards/bad.yaml": b"\xff\xfe"})
    commit(rules)
    assert not read_scorecards(work)
    after = in_repositories(database, configured)
    assert after.texts == before.texts
    assert [problem.code for problem in after.problems] == ["SCORECARD_UNREADABLE"]
    rules.rename(tmp_path / "away")
    assert not read_scorecards(work)
    [problem] = in_repositories(database, configured).problems
    assert problem.file != ""
    (tmp_path / "away").rename(rules)
    (rules / "scorecards" / "bad.yaml").unlink()
    commit(rules)
    read_scorecards(work)
    assert in_repositories(database, configured).problems == ()


def test_what_is_no_longer_configured_is_forgotten(
    database: Database, tmp_path: Path, rules: Path
) -> None:
    read_scorecards(tools(database, tmp_path / "cache", repository(rules)))
    assert read_scorecards(tools(database, tmp_path / "cache"))
    assert in_repositories(database, [repository(rules)]).texts == ()


def test_credentials_of_a_target_are_neither_kept_nor_shown() -> None:
    assert shown("https://me:secret@git.example.com/a.git") == "https://git.example.com/a.git"
    assert shown("git@git.example.com:a/b.git") == "git@git.example.com:a/b.git"


@pytest.mark.parametrize(
    ("owner", "counts"),
    [("", True), ("platform", True), (PLATFORM, True), ("group:default/others", False)],
)
def test_a_scorecard_counts_if_its_repository_is_its_owners(
    make_portal: Callable[..., Portal], rules: Path, owner: str, counts: bool
) -> None:
    write_files(rules, {"scorecards/web/basics.yaml": card("web-basics", owner=owner)})
    commit(rules)
    first = make_portal(scorecard_repositories=(repository(rules),))
    prepare(first)
    read_scorecards(tools_of(first, Pool(0)))
    portal = open_portal(first.settings)
    found = {one.name: one for one in portal.scorecards}
    assert ("web-basics" in found) is counts
    if counts:
        assert found["web-basics"].owner in ("platform", PLATFORM)
    else:
        [problem] = portal.scorecard_problems
        assert (problem.code, problem.expected) == ("SCORECARD_OWNER", PLATFORM)
    portal.database.close()


def test_a_repository_cannot_take_a_name_that_is_taken(
    make_portal: Callable[..., Portal], rules: Path
) -> None:
    write_files(rules, {"scorecards/web/basics.yaml": card("service-maturity")})
    commit(rules)
    first = make_portal(scorecard_repositories=(repository(rules),))
    prepare(first)
    read_scorecards(tools_of(first, Pool(0)))
    portal = open_portal(first.settings)
    [problem] = portal.scorecard_problems
    assert (problem.code, problem.line) == ("SCORECARD_NAME_TAKEN", 3)
    portal.database.close()


def test_the_configuration_names_repositories_and_who_answers_for_them(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "plumbline:\n  scorecardRepositories:\n"
        "    - {target: ./rules, owner: platform}\n"
        "    - {target: 'https://git.example.com/r.git', path: 'x/*.yaml', owner: user:default/ann}\n",
    )
    assert settings.scorecard_repositories == (
        ScorecardRepository(target=str(tmp_path / "rules"), path=EVERY_FILE, owner=PLATFORM),
        ScorecardRepository(
            target="https://git.example.com/r.git", path="x/*.yaml", owner="user:default/ann"
        ),
    )


@pytest.mark.parametrize("entry", ["{owner: a}", "{target: ./r}", "{target: ./r, owner: 'group:'}"])
def test_a_repository_without_target_or_owner_is_an_error(tmp_path: Path, entry: str) -> None:
    [problem] = faults(tmp_path, f"plumbline:\n  scorecardRepositories: [{entry}]\n")
    assert problem.pointer.startswith("/plumbline/scorecardRepositories/0")


COMPONENT = """
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket}
spec: {type: service, lifecycle: production, owner: guests}
"""


def test_a_running_portal_takes_over_what_is_committed(tmp_path: Path, rules: Path) -> None:
    make_git(tmp_path / "basket", {"catalog-info.yaml": COMPONENT})
    config = tmp_path / "app-config.yaml"
    config.write_text(
        json.dumps(
            {
                "backend": {"auth": {"dangerouslyDisableDefaultAuthPolicy": True}},
                "catalog": {
                    "locations": [{"type": "file", "target": str(tmp_path / "basket")}],
                    "processingInterval": {"seconds": 1},
                },
                "plumbline": {
                    "scorecardRepositories": [{"target": str(rules), "owner": "platform"}]
                },
            }
        )
    )
    with portal_up(tmp_path / "data", "--config", str(config)) as server:
        assert eventually(lambda: outcome(server, "web-basics")) == "pass"
        write_files(
            rules, {"scorecards/web/basics.yaml": card("web-basics", rule="repo.readme.bytes > 0")}
        )
        commit(rules, "Ask for a readme")
        assert eventually(lambda: outcome(server, "web-basics") == "fail")
        versions = server.get("/scorecards/web-basics/versions")["items"]
        assert [one["author"] for one in versions] == ["Alice <alice@example.org>"] * 2
        assert versions[0]["source"] == str(rules)


def outcome(server: Server, scorecard: str) -> str | None:
    """What the scorecard's check says of the component, as soon as it says something."""
    try:
        found: Any = server.get("/entities/component/default/basket/scorecards")
    except requests.RequestException:
        return None  # the server is starting anew
    said = [one for one in found if one["scorecard"] == scorecard]
    return str(said[0]["checks"][0]["outcome"]) if said else None
