"""Facts that are fetched are declared with how to ask and how to understand."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from plugins.contract import LinkFacts, ReadingRule
from scorecards.collection.packs import declarations
from scorecards.collection.recipes import Further
from scorecards.facts import FactType
from tests.portal.configs import faults, load

RECIPE = """\
plumbline:
  facts:
    http:
      - name: argo
        url: https://argo.example.com/api/v1/applications
        headers: {Authorization: "Bearer ${ARGO_TOKEN}"}
        every: 15m
        kinds: [Component]
        items: items
        match:
          item: item.metadata.name
          entity: entity.metadata.annotations['argocd/app-name']
        facts:
          - name: argo.synced
            type: bool
            description: Whether what runs is what the repository says.
            value: item.status.sync.status == 'Synced'
            ttl: 2h
"""


def test_a_recipe_is_read_whole(tmp_path: Path) -> None:
    settings = load(tmp_path, RECIPE, environ={"ARGO_TOKEN": "a-secret"})
    (recipe,) = settings.recipes
    assert recipe.headers == (("Authorization", "Bearer a-secret"),)
    assert (recipe.every, recipe.kinds, recipe.items) == (
        timedelta(minutes=15),
        ("component",),
        "items",
    )
    (fact,) = recipe.facts
    assert fact.declared.schema.type is FactType.BOOL
    assert fact.declared.ttl == timedelta(hours=2)
    assert "a-secret" not in repr(settings)


def test_facts_of_packs_are_what_the_packs_say_of_them(tmp_path: Path) -> None:
    text = """\
plumbline:
  facts:
    http:
      - name: slo
        url: https://prometheus.example.com/x
        every: 1h
        facts:
          - {name: slo.with_data, value: answer.number}
          - {name: slo.other, type: int, description: x, value: answer.other, needs: answer.n > 3}
"""
    (recipe,) = load(tmp_path, text).recipes
    assert recipe.facts[0].declared == declarations()["slo.with_data"]
    assert recipe.facts[1].needs == "answer.n > 3"
    (recipe,) = load(tmp_path, text.replace("number}", "number, ttl: 3d}")).recipes
    assert recipe.facts[0].declared.ttl == timedelta(days=3)


def test_further_requests_and_what_is_posted_are_read(tmp_path: Path) -> None:
    text = """\
plumbline:
  facts:
    http:
      - name: oncall
        url: https://oncall.example.com/{entity.metadata.name}
        body: "{'a': entity.metadata.name}"
        every: 1h
        then: [{name: policy, path: '/policies/{answer.id}'}]
        facts: [{name: oncall.levels, value: size(answers.policy.rules)}]
"""
    (recipe,) = load(tmp_path, text).recipes
    assert recipe.body == "{'a': entity.metadata.name}"
    assert recipe.then == (Further(name="policy", path="/policies/{answer.id}"),)


@pytest.mark.parametrize(
    ("old", "new", "pointer", "said"),
    [
        ("name: argo\n", "name: Argo\n", "/name", "first part"),
        ("argo.synced", "other.synced", "/facts", "argo."),
        ("        every: 15m\n", "", "", "every is missing"),
        ("every: 15m", "every: 0m", "/every", "longer"),
        ("ttl: 2h", "ttl: 10m", "/facts", "longer than"),
        ("        items: items\n", "", "/match", "both"),
        ("item.status.sync.status ==", "itm.status.sync.status ==", "", "itm"),
        ("https://argo.example.com", "https://{entity.metadata.name}", "", "written out"),
        ("Authorization:", "'Bad header':", "/headers", "header"),
        ("type: bool", "type: number", "/facts/0/type", "must be one of"),
        ("kinds: [Component]", "kind: [Component]", "/kind", "no key"),
        ("kinds: [Component]", "then: [{name: p, path: '/x'}]", "", "about one entity"),
        ("            type: bool\n", "", "/facts/0", "type is missing"),
    ],
)
def test_a_recipe_with_a_fault_stops_the_start(
    tmp_path: Path, old: str, new: str, pointer: str, said: str
) -> None:
    assert old in RECIPE
    found = faults(tmp_path, RECIPE.replace(old, new), environ={"ARGO_TOKEN": "a-secret"})
    errors = [one for one in found if one.severity == "error"]
    assert [one.pointer for one in errors] == [f"/plumbline/facts/http/0{pointer}"]
    assert said.lower() in errors[0].message.lower()
    assert "a-secret" not in repr(errors)


def test_what_forges_are_asked_for_is_read(tmp_path: Path) -> None:
    forges = load(
        tmp_path, "plumbline: {facts: {forges: {every: 1d, disabled: [vuln, deploy]}}}"
    ).forge_facts
    assert (forges.every, forges.disabled) == (timedelta(days=1), ("vuln", "deploy"))
    assert load(tmp_path, "plumbline: {}").forge_facts.every == timedelta(hours=6)


def test_a_list_of_what_is_left_out_or_let_in_may_be_empty(tmp_path: Path) -> None:
    text = "plumbline: {facts: {forges: {disabled: []}, links: {allow: []}}}"
    settings = load(tmp_path, text)
    assert settings.forge_facts.disabled == ()
    assert settings.link_facts.allow == ()
    text = "plumbline: {facts: {forges: {disabled: '${LEFT_OUT:-}'}}}"
    assert load(tmp_path, text).forge_facts.disabled == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [("every: 5m", "10 minutes"), ("disabled: [vulns]", "vulns"), ("enabled: true", "enabled")],
)
def test_what_forges_cannot_be_asked_for_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (problem,) = faults(tmp_path, f"plumbline: {{facts: {{forges: {{{text}}}}}}}")
    assert said in f"{problem.message} {problem.pointer} {problem.found}"


def test_links_that_may_be_asked_are_read(tmp_path: Path) -> None:
    assert load(tmp_path, "plumbline: {}").link_facts == LinkFacts()
    text = (
        "plumbline: {facts: {links: {every: 12h, allow: [{host: Wiki.example.com, paths: [/a]}]}}}"
    )
    rule = ReadingRule(host="wiki.example.com", paths=("/a",))
    assert load(tmp_path, text).link_facts == LinkFacts(every=timedelta(hours=12), allow=(rule,))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{every: 30m, allow: [{host: a.example.com}]}", "at least 1 hour"),
        ("{every: 12h}", "allow is missing"),
        ("{allow: [{host: a/b}]}", "must be a host"),
        ("{allow: [{host: a.example.com}], public: true}", "no key"),
    ],
)
def test_links_that_cannot_be_asked_so_are_refused(tmp_path: Path, text: str, said: str) -> None:
    (error,) = faults(tmp_path, f"plumbline: {{facts: {{links: {text}}}}}")
    assert said in error.message
