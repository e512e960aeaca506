"""Plugins are found by entry points; a broken one is a problem and harms no other."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from plugins.contract import Context, Plugin, Problem
from plugins.registry import load_plugins

BUILT_IN = ["descriptor", "forges", "git", "library", "local", "notify", "repofiles", "web"]

PRELUDE = """
from dataclasses import dataclass
from plugins.contract import *

@dataclass
class Toy:
    name: str
    version: str = "1"
    schemas: tuple = ()
    sees: Sees = Sees.REPOSITORY

def fact(name, type=FactType.INT, when_absent=0):
    return FactSchema(name=name, type=type, description="A fact.", when_absent=when_absent)

def plugin(context):
    return """


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        del sys.modules[name]


def install(site: Path, name: str, body: str, *, prelude: str = PRELUDE) -> None:
    """Installs a package with the plugin `name`."""
    (site / f"toy_{name.replace('-', '_')}.py").write_text(prelude + body)
    metadata = site / f"toy_{name.replace('-', '_')}-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: toy-{name}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        f"[plumbline.plugins]\n{name} = toy_{name.replace('-', '_')}:plugin\n"
    )


def load(**more: object) -> tuple[list[str], tuple[Problem, ...]]:
    def context_for(name: str) -> Context:
        return Context(cache=Path("/nonexistent") / name)

    plugins, problems = load_plugins(context_for=context_for, **more)  # type: ignore[arg-type]
    assert all(isinstance(plugin, Plugin) for plugin in plugins)
    return [plugin.name for plugin in plugins], problems


def test_built_in_plugins_come_through_the_same_door() -> None:
    assert load() == (BUILT_IN, ())


def test_disabled_plugins_are_not_even_imported(site: Path) -> None:
    install(site, "bad", "1/0", prelude="raise RuntimeError('imported')\n")
    assert load(disabled=["bad", "git"]) == (
        ["descriptor", "forges", "library", "local", "notify", "repofiles", "web"],
        (),
    )


def test_installed_plugin_is_loaded_with_a_context_of_its_own(site: Path) -> None:
    install(
        site,
        "zeta",
        'Plugin(name=context.cache.name, version="1", summary="", '
        'collectors=(Toy("z", schemas=(fact("z.n"),)),))',
    )
    assert load() == ([*BUILT_IN, "zeta"], ())


REMOTE = """
from datetime import timedelta

@dataclass
class Remote:
    name: str
    schemas: tuple
    ttl: timedelta = timedelta(hours=3)
    version: str = "1"
    kinds: tuple = ()
    every: timedelta = timedelta(hours=1)
    systems: tuple = ("here",)

def plugin(context):
    return Plugin(name=context.cache.name, version="1", summary="", """


def test_a_plugin_may_bring_remote_collectors(site: Path) -> None:
    body = 'remote_collectors=(Remote("r", (fact("oncall.n"), fact("pages.n"))),))'
    install(site, "zeta", body, prelude=PRELUDE + "None\n" + REMOTE)
    assert load() == ([*BUILT_IN, "zeta"], ())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('remote_collectors=(Remote("R!", ()),))', "'R!'"),
        ('remote_collectors=(Remote("r", (fact("x"),)),))', "'x'"),
        ('remote_collectors=(Remote("r", (fact("a.b"),), timedelta(hours=1)),))', "believed"),
        # A record of its namespace would stand where that of a collector stands.
        ('remote_collectors=(Remote("r", (fact("repo.stars"),)),))', "collector 'repo'"),
        ('remote_collectors=(Remote("r", (fact("catalog.x"),)),))', "collector 'catalog'"),
        ("remote_collectors=(3,))", "contract"),
    ],
)
def test_remote_collectors_are_looked_at_like_others(site: Path, body: str, said: str) -> None:
    install(site, "zeta", body, prelude=PRELUDE + "None\n" + REMOTE)
    names, problems = load()
    assert names == BUILT_IN
    assert said in problems[0].message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("None", "NoneType"),
        ('{"name": "toy"}', "dict"),
        ("1/0", "ZeroDivisionError"),
        ("exit(3)", "SystemExit"),
        ('Plugin(name="other", version="1", summary="")', "'other'"),
        ('Plugin(name="toy", version="1", summary="", sources=None)', "contract"),
        ('Plugin(name="toy", version="1", summary="", sources=(3,))', "contract"),
        ('Plugin(name="toy", version="1", summary="", sources=(Toy("A b"),))', "'A b'"),
        ('Plugin(name="toy", version="1", summary="", documenters=(Toy("A b"),))', "'A b'"),
        ('Plugin(name="toy", version="1", summary="", documenters=(3,))', "contract"),
        ('Plugin(name="toy", version="1", summary="", scorecards=("x",))', "scorecard"),
        ('Plugin(name="toy", version="1", summary="", collectors=(Toy("t", sees=3),))', "looks at"),
        ('Plugin(name="toy", version="1", summary="", collectors=(Toy("t", schemas=(1,)),))', "1"),
    ],
)
def test_garbage_is_a_problem_and_the_others_are_loaded(site: Path, body: str, said: str) -> None:
    install(site, "toy", body)
    names, problems = load()
    assert names == BUILT_IN
    assert problems
    assert {problem.code for problem in problems} == {"PLUGIN_REFUSED"}
    assert said in problems[0].message
    assert "'toy'" in problems[0].message
    assert "plumbline.plugins.disabled" in problems[0].hint


def test_plugin_that_raises_at_import_is_a_problem(site: Path) -> None:
    install(site, "toy", "", prelude="raise RuntimeError('no ' * 1000)\n")
    names, (problem,) = load()
    assert names == BUILT_IN
    assert "RuntimeError" in problem.message
    assert len(problem.message) <= 300


def test_names_that_are_taken_are_refused_naming_both(site: Path) -> None:
    install(
        site,
        "zeta",
        'Plugin(name="zeta", version="1", summary="", sources=(Toy("git"),), '
        'documenters=(Toy("repo"),), '
        'collectors=(Toy("repo", schemas=(fact("repo.readme.bytes"),)),))',
    )
    names, problems = load()
    assert names == BUILT_IN
    said = " ".join(problem.message for problem in problems)
    for words in (
        "source 'git'",
        "collector 'repo'",
        "documenter 'repo'",
        "fact 'repo.readme.bytes'",
        "'zeta'",
    ):
        assert words in said
    assert "plugin 'git'" in said
    assert "plugin 'repofiles'" in said


def test_one_plugin_cannot_have_a_name_twice(site: Path) -> None:
    install(
        site,
        "zeta",
        'Plugin(name="zeta", version="1", summary="", '
        'collectors=(Toy("z", schemas=(fact("z.n"), fact("z.n"))),))',
    )
    names, (problem,) = load()
    assert names == BUILT_IN
    assert "two of fact 'z.n'" in problem.message


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("INT", "False"),
        ("INT", "0.0"),
        ("BOOL", "0"),
        ("DOUBLE", "0"),
        ("STRING", "None"),
        ("STRINGS", "[]"),
        ("STRINGS", "(1,)"),
        ("TIMESTAMP", "''"),
        ("TIMESTAMP", "__import__('datetime').datetime(2026, 1, 1)"),
    ],
)
def test_value_when_absent_has_the_type_of_the_fact(site: Path, kind: str, value: str) -> None:
    install(
        site,
        "zeta",
        'Plugin(name="zeta", version="1", summary="", '
        f'collectors=(Toy("z", schemas=(fact("z.n", FactType.{kind}, {value}),)),))',
    )
    names, (problem,) = load()
    assert names == BUILT_IN
    assert "z.n" in problem.message


def test_every_built_in_fact_has_a_description_and_a_value_when_absent() -> None:
    plugins, _ = load_plugins(context_for=lambda name: Context(cache=Path("/nonexistent") / name))
    schemas = [s for plugin in plugins for c in plugin.collectors for s in c.schemas]
    assert len(schemas) == len({schema.name for schema in schemas}) == 50 + 34
    for schema in schemas:
        assert schema.description.endswith(".")
        assert isinstance(schema.when_absent, bool | int | str | tuple | datetime)
