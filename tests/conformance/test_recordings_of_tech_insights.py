"""Tech Insights' API against recorded answers of its backend 3.1.0, and its own client.

The recorded checks and facts are made ours by the product itself: the checks are imported, the
facts pushed, and what they decide is compared.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db.migrations import migrate
from portal.db.sources import locations
from portal.pool import Pool
from portal.use_cases.pushing import receive
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing
from scorecards.collection.pushed import ABSENT, Declared
from scorecards.definitions.loading import load_scorecards
from scorecards.facts import FactSchema, FactType
from scorecards.foreign.importing import import_checks
from tests.portal.processes import eventually, portal_up
from tests.scorecards.json_rules_cases import RULES, VALUED, Thrown, holds

ENTITY = "component:default/gentle-pricing-0"
RETRIEVER = "exampleFactRetriever"
SPACE = "example"
"""What the retriever is called here."""

TYPES = {
    "boolean": FactType.BOOL,
    "integer": FactType.INT,
    "float": FactType.DOUBLE,
    "string": FactType.STRING,
}

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: gentle-pricing-0}
spec: {type: service, lifecycle: production, owner: somebody}
"""

BETTER = {"facts-latest-noentity": 400, "run-bulk-no-entities": 400}
"""Where the original answers 500 to a mistake of the client; its own notes ask for 400."""

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d")

Capture = dict[str, Any]


@pytest.fixture(scope="module")
def captures(shared: Path) -> dict[str, Capture]:
    found = (shared / "conformance" / "tech-insights").glob("*.json")
    return {path.stem: json.loads(path.read_text()) for path in found}


def snake(name: str) -> str:
    return re.sub("(?=[A-Z])", "_", name).lower()


@pytest.fixture(scope="module")
def portal(
    captures: dict[str, Capture], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal with the recorded checks as a scorecard, and the recorded facts, pushed."""
    folder = tmp_path_factory.mktemp("recorded")
    source = folder / "source"
    source.mkdir()
    (source / "catalog-info.yaml").write_text(DESCRIPTOR)
    declared = _declared(captures)
    portal = open_portal(
        Settings(
            database=f"sqlite:///{folder / 'portal.db'}",
            data_dir=folder / "data",
            sources=(ConfiguredSource("file", str(source), "command"),),
            pushed_facts=declared,
        )
    )
    schemas = {fact.schema.name: fact.schema for fact in declared}
    checks = captures["checks"]["response"]["json"]
    config = {"techInsights": {"factChecker": {"checks": {check["id"]: check for check in checks}}}}
    mapped = {f"{RETRIEVER}.{name}": f"{SPACE}.{snake(name)}" for name in _facts(captures)}
    imported = import_checks(
        json.dumps(config), file="recorded", name="recorded", facts=mapped, schemas=schemas
    )
    assert len(imported.checks) == len(checks), imported.problems
    cards, problems = load_scorecards(imported.text, file="recorded", schemas=schemas)
    assert problems == ()
    texts = {card.name: imported.text for card in cards}
    portal = replace(portal, scorecards=cards, scorecard_texts=texts)
    migrate(portal.database)
    prepare(portal)
    with closing(Pool(1)) as pool:
        tools = tools_of(portal, pool)
        with portal.database.read() as connection:
            [location] = locations.list_locations(connection)
        for repository in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, repository)
        facts = {f"{SPACE}.{snake(name)}": value for name, value in _facts(captures).items()}
        item = {"entity": ENTITY, "facts": facts}
        [received] = receive(portal, [item], allowed=lambda _ref, _facts: True)
        assert received.problems == ()
        while assessing.assess_round(tools):
            pass
    yield portal
    portal.database.close()


def _facts(captures: dict[str, Capture]) -> dict[str, Any]:
    facts: dict[str, Any] = captures["facts-latest"]["response"]["json"][RETRIEVER]["facts"]
    return facts


def _declared(captures: dict[str, Capture]) -> tuple[Declared, ...]:
    [schema] = [s for s in captures["fact-schemas"]["response"]["json"] if s["id"] == RETRIEVER]
    return tuple(
        Declared(
            schema=FactSchema(
                name=f"{SPACE}.{snake(name)}",
                type=(kind := TYPES[schema[name]["type"]]),
                description=schema[name]["description"],
                when_absent=ABSENT[kind],
            )
        )
        for name in _facts(captures)
    )


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def ours(value: Any) -> Any:
    """A recording with what things are called here."""
    text = json.dumps(value).replace(RETRIEVER, SPACE)
    text = re.sub(r'"(check\d\d)"', r'"recorded.\1"', text)
    text = re.sub(r'"((?:has|tag|link|dependency)[A-Z]\w+)"', lambda m: f'"{snake(m[1])}"', text)
    return json.loads(text)


def asked(client: FlaskClient, capture: Capture) -> Any:
    request = ours(capture["request"])
    return client.open(
        request["path"],
        method=request["method"],
        query_string=request.get("query"),
        json=request.get("body"),
    )


def told(value: Any) -> Any:
    """An answer without what a recording does not say, or says of itself."""
    if isinstance(value, list):
        return [told(item) for item in value]
    if not isinstance(value, dict):
        is_time = isinstance(value, str) and TIMESTAMP.fullmatch(value)
        return "{TIMESTAMP}" if is_time else value
    return {key: told(item) for key, item in value.items() if key not in ("metadata", "version")}


def text_free(check: dict[str, Any]) -> dict[str, Any]:
    """A check without side effects of evaluation, which the original shows after its first run."""
    clean = json.loads(json.dumps(check).replace('"priority": null, ', ""))
    clean["rule"].pop("name", None)
    return clean


REFUSED = [
    "facts-latest-noids",
    "facts-range-bad",
    "run-one-unknown-check",
    "facts-latest-noentity",
    "run-bulk-no-entities",
]


@pytest.mark.parametrize("name", REFUSED)
def test_what_was_refused_is_refused(
    client: FlaskClient, captures: dict[str, Capture], name: str
) -> None:
    expected, answer = ours(captures[name]["response"]), asked(client, captures[name])
    assert answer.status_code == BETTER.get(name, expected["status"])
    if name not in BETTER:
        assert answer.json == expected["json"]
        return
    assert answer.json.keys() == expected["json"].keys()
    assert answer.json["request"] == expected["json"]["request"]


@pytest.mark.parametrize("name", ["facts-latest", "facts-latest-unknown", "facts-range"])
def test_rows_of_facts_are_as_recorded(
    client: FlaskClient, captures: dict[str, Capture], name: str
) -> None:
    answer = asked(client, captures[name])
    assert told(answer.json) == told(ours(captures[name]["response"]["json"]))


def test_the_schema_is_as_recorded(client: FlaskClient, captures: dict[str, Capture]) -> None:
    [recorded] = [s for s in ours(captures["fact-schemas"]["response"]["json"]) if s["id"] == SPACE]
    schemas = asked(client, captures["fact-schemas"]).json
    [schema] = [schema for schema in schemas if schema["id"] == SPACE]
    assert schema.keys() == recorded.keys()
    # A filter by entity belongs to a retriever; whoever pushes chooses the entities.
    assert {**schema, "version": "", "entityFilter": None} == {
        **recorded,
        "version": "",
        "entityFilter": None,
    }


def test_the_checks_are_as_recorded(client: FlaskClient, captures: dict[str, Capture]) -> None:
    recorded = [text_free(check) for check in ours(captures["checks"]["response"]["json"])]
    checks = asked(client, captures["checks"]).json
    assert [check["id"] for check in checks] == [check["id"] for check in recorded]
    for check, other in zip(checks, recorded, strict=True):
        assert (check["name"], check["type"]) == (other["name"], other["type"])
        assert check["factIds"] == other["factIds"]
        assert_conditions_alike(check["rule"]["conditions"], other["rule"]["conditions"])


def assert_conditions_alike(found: Any, recorded: Any) -> None:
    """The same tree; a condition that has no operator of its own here is an expression."""
    assert found.keys() - {"priority"} == recorded.keys() - {"priority"}
    for word in found.keys() & {"all", "any"}:
        assert len(found[word]) == len(recorded[word])
        for ours_, theirs in zip(found[word], recorded[word], strict=True):
            if theirs["operator"] in ("in", "notIn"):
                assert ours_["fact"].startswith(f"{SPACE}.{theirs['fact']} ")
                assert ours_.get("result") == theirs.get("result")
            else:
                assert ours_ == theirs


@pytest.mark.parametrize("name", ["run-one", "run-one-unknown-entity", "run-bulk"])
def test_what_was_decided_is_decided(
    client: FlaskClient, captures: dict[str, Capture], name: str
) -> None:
    answer = asked(client, captures[name])
    assert answer.status_code == 200
    recorded = ours(captures[name]["response"]["json"])
    if name == "run-bulk":
        assert [one["entity"] for one in answer.json] == [one["entity"] for one in recorded]
    assert told(answer.json) == told(recorded)


# --- the official packages ---------------------------------------------------------------------

PACKAGES = {
    "@backstage-community/plugin-tech-insights-common": "0.11.0",
    "json-rules-engine": "7.3.1",
}

SCRIPT = Path(__file__).with_name("tech_insights_check.mjs")


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script that exercises the official packages, beside them."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("client")
    package = {"name": "check", "private": True, "type": "module", "dependencies": PACKAGES}
    (folder / "package.json").write_text(json.dumps(package))
    shutil.copy(SCRIPT, folder / SCRIPT.name)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        pytest.skip(f"the official packages cannot be installed: {done.stderr[-300:]}")
    return str(folder / SCRIPT.name)


BASKET = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket, description: Keeps what customers want to buy until they do.}
spec: {type: service, lifecycle: production, owner: garden-team}
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_official_client_reads_every_answer(script: str, tmp_path: Path) -> None:
    source = tmp_path / "source" / "basket"
    source.mkdir(parents=True)
    (source / "catalog-info.yaml").write_text(BASKET)
    with portal_up(tmp_path / "data", "--source", str(source.parent)) as portal:
        eventually(partial(_assessed, portal.get, "/entities?kind=component"), within=120)
        command = ["node", script, portal.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    lines = done.stdout.splitlines()
    assert [line for line in lines if not line.startswith("PASS")] == [], done.stderr
    assert len(lines) == 16, done.stderr


def _assessed(get: Callable[[str], Any], path: str) -> bool:
    return any(item["scorecards"] for item in get(path)["items"])


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_official_engine_says_what_ours_is_tested_against(script: str, tmp_path: Path) -> None:
    """Holds `json_rules_cases`, and with it the translation, to the real engine."""
    cases: list[dict[str, Any]] = []

    @settings(max_examples=500, deadline=None, database=None, derandomize=True)
    @given(rule=RULES, facts=VALUED)
    def collect(rule: Any, facts: dict[str, Any]) -> None:
        cases.append({"rule": rule, "facts": facts})

    collect()
    file = tmp_path / "cases.json"
    file.write_text(json.dumps(cases))
    command = ["node", script, "--rules", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    said = json.loads(done.stdout)
    differing = [
        (case, verdict)
        for case, verdict in zip(cases, said, strict=True)
        if verdict is not expected(**case)
    ]
    assert differing == []


def expected(rule: Any, facts: dict[str, Any]) -> bool | None:
    """What `json_rules_cases` says; None: the engine fails."""
    try:
        return holds(rule, facts)
    except Thrown:
        return None
