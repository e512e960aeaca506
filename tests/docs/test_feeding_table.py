"""Every check of every pack and default scorecard can be fed; the page says by what, for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from plugins.contract import Context, FactSchema, Forge, LinkFacts, Plugin, ReadingRule
from plugins.registry import load_plugins
from plugins.reports import measure
from portal.config import Settings, load_settings
from scorecards.collection.packs import built_in, declarations
from scorecards.definitions.loading import load_files
from scorecards.expressions.cel import Language, Program
from scorecards.rules import Manual, leaves
from scorecards.scorecard import Check, Scorecard
from tests.docs.test_feeding_samples import PAGE
from tests.docs.test_samples import FENCE, ROOT, Sample
from tests.plugins.reports.test_coverage_reports import LCOV
from tests.plugins.reports.test_junit import PYTEST

HOW_TOS = sorted((ROOT / "docs" / "how-to").glob("*.md"))
TABLE = re.compile(r"(?<=<!-- checks -->\n).*?(?=<!-- end of checks -->)", re.DOTALL)
PUSHED = re.compile(r'"([a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)+)":')
PERSON = "a person who answers it"


@cache
def plugins() -> tuple[Plugin, ...]:
    """The installed ones, where a forge has credentials and links may be asked."""
    forge = Forge(
        type="github",
        host="github.com",
        api_url="https://api.github.com",
        web_url="https://github.com",
        signs_in=True,
        token="x",
    )
    allow = (ReadingRule(host="wiki.example.com"),)
    loaded, problems = load_plugins(
        context_for=lambda name: Context(
            cache=Path("/nonexistent") / name, forges=(forge,), link_facts=LinkFacts(allow=allow)
        )
    )
    assert problems == ()
    return loaded


@cache
def schemas() -> dict[str, FactSchema]:
    observed = {schema.name: schema for plugin in plugins() for schema in plugin.schemas}
    return {**{name: one.schema for name, one in declarations().items()}, **observed}


def collectors() -> Iterator[tuple[str, frozenset[str]]]:
    for plugin in plugins():
        for one in (*plugin.collectors, *plugin.remote_collectors):
            yield f"collector `{one.name}`", frozenset(schema.name for schema in one.schemas)


def sections(page: Path) -> Iterator[tuple[str, Sample]]:
    """The samples of a page, each after the heading above it."""
    heading = ""
    for part in re.split(r"^(?=##)", page.read_text(), flags=re.MULTILINE):
        found = re.match(r"#+ (.*)\n", part)
        heading = found.group(1) if found else heading
        yield from ((heading, Sample(*groups)) for groups in FENCE.findall(part))


def anchor(heading: str) -> str:
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")


def recipes(tmp_path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    """What the recipes of the documentation fetch, each by itself: a namespace has one feeder."""
    for page in HOW_TOS:
        for heading, sample in sections(page):
            if sample.language != "yaml" or "http:" not in sample.text:
                continue
            file = tmp_path / "app-config.yaml"
            file.write_text(sample.text)
            loaded = load_settings(configs=[file], environ={"HOME": str(tmp_path)})
            if isinstance(loaded, Settings):
                at = ("" if page == PAGE else page.name) + f"#{anchor(heading)}"
                for recipe in loaded.recipes:
                    facts = frozenset(fact.declared.schema.name for fact in recipe.facts)
                    yield f"recipe [{heading}]({at})", facts


def reports(tmp_path: Path) -> Iterator[tuple[str, frozenset[str]]]:
    (tmp_path / "junit.xml").write_bytes(PYTEST)
    (tmp_path / "lcov.info").write_bytes(LCOV)
    for option, measured in (
        ("--junit", measure(junit=[f"{tmp_path}/junit.xml"])),
        ("--coverage", measure(coverage=[f"{tmp_path}/lcov.info"])),
    ):
        yield f"`portal facts push {option}`", frozenset(measured.facts)


def scripts() -> Iterator[tuple[str, frozenset[str]]]:
    """What scripts of the page push, which the tests run."""
    for heading, sample in sections(PAGE):
        if sample.language == "sh":
            yield f"script [{heading}](#{anchor(heading)})", frozenset(PUSHED.findall(sample.text))


@pytest.fixture
def ways(tmp_path: Path) -> list[tuple[str, frozenset[str]]]:
    return [*collectors(), *reports(tmp_path), *recipes(tmp_path), *scripts()]


def scorecards(plugin_files: bool) -> tuple[Scorecard, ...]:
    """The default ones, or those of packs."""
    texts = (
        [text for plugin in plugins() for text in plugin.scorecards]
        if plugin_files
        else [(pack.file, pack.scorecards) for pack in built_in().values()]
    )
    loaded = load_files(texts, schemas=schemas())
    assert loaded.problems == ()
    return loaded.scorecards


def needs(card: Scorecard, check: Check) -> set[str]:
    """The facts that decide what the check says."""
    language, found = Language(schemas()), set[str]()
    conditions = [leaf for leaf in (card.applies_to, check.applies_to) if leaf is not None]
    for leaf in (*conditions, *leaves(check.rule)):
        program = language.compile(leaf.expression)
        assert isinstance(program, Program), program
        found |= set(program.facts)
    return found


def feeders(
    wanted: set[str], ways: list[tuple[str, frozenset[str]]]
) -> tuple[list[list[str]], list[str]]:
    """For each namespace of the facts what feeds all of them; and the namespaces that nothing does."""
    found, lacking = [], []
    for namespace in sorted({name.partition(".")[0] for name in wanted}):
        facts = {name for name in wanted if name.startswith(f"{namespace}.")}
        able = list(dict.fromkeys(who for who, has in ways if facts <= has))
        if able:
            found.append(able)
        else:
            lacking.append(namespace)
    return found, lacking


def test_every_check_can_be_fed(ways: list[tuple[str, frozenset[str]]]) -> None:
    starving = {
        f"{card.name} {check.id}": lacking
        for of_plugins in (True, False)
        for card in scorecards(of_plugins)
        for check in card.checks
        if (lacking := feeders(needs(card, check), ways)[1])
    }
    assert starving == {}, "these checks have facts that nothing in the product or its pages feeds"


def test_default_scorecards_need_no_more_than_the_catalog_and_the_repository(
    ways: list[tuple[str, frozenset[str]]],
) -> None:
    own = [way for way in ways if way[0] in ("collector `catalog`", "collector `repo`")]
    for card in scorecards(True):
        for check in card.checks:
            assert feeders(needs(card, check), own)[1] == [], check.id


def row(card: Scorecard, check: Check, ways: list[tuple[str, frozenset[str]]]) -> str:
    by = [" or ".join(able) for able in feeders(needs(card, check), ways)[0]]
    if isinstance(check.rule, Manual):
        by.append(PERSON)
    return f"| `{card.name}` | `{check.id}` | {', and '.join(dict.fromkeys(by))} |"


def test_the_page_says_what_feeds_each_check_of_a_pack(
    ways: list[tuple[str, frozenset[str]]], request: pytest.FixtureRequest
) -> None:
    rows = [row(card, check, ways) for card in scorecards(False) for check in card.checks]
    table = "\n".join(["| scorecard | check | fed by |", "|---|---|---|", *rows, ""])
    text = PAGE.read_text()
    assert TABLE.search(text), "the page has a place for the table"
    if request.config.getoption("--update-docs"):
        PAGE.write_text(TABLE.sub(lambda _: table, text))
    assert table in PAGE.read_text(), "make docs writes it anew"


def test_a_fact_that_nothing_feeds_is_found() -> None:
    some = [("collector `x`", frozenset({"a.one", "b.one"})), ("script", frozenset({"a.two"}))]
    assert feeders({"a.one", "b.one"}, some) == ([["collector `x`"], ["collector `x`"]], [])
    # Each feeds one of them, and a namespace has one feeder.
    assert feeders({"a.one", "a.two"}, some) == ([], ["a"])
