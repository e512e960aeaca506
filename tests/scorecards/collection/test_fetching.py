"""Facts from the answers of other systems: what is asked, and what is understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.fetching import Reader, Request, parsed
from scorecards.collection.pushed import ABSENT, Declared
from scorecards.collection.recipes import WHOLE, FetchedFact, Further, Recipe, faults_of
from scorecards.facts import FactSchema, FactState, FactType, FailedFact, Known, Missing, Unknown

NOW = datetime(2026, 3, 1, tzinfo=UTC)
KEY = "entity.metadata.annotations['sonar/key']"


def fact(name: str, kind: FactType, value: str) -> FetchedFact:
    schema = FactSchema(name=f"q.{name}", type=kind, description="x", when_absent=ABSENT[kind])
    return FetchedFact(declared=Declared(schema=schema), value=value)


def recipe(*facts: FetchedFact, **more: Any) -> Recipe:
    usual: dict[str, Any] = {
        "name": "q",
        "url": "https://q.example.com/x",
        "every": timedelta(hours=1),
        "kinds": (),
        "facts": facts,
    }
    found = Recipe(**{**usual, **more})
    assert faults_of(found) == []
    return found


def said(kind: FactType, value: str, answer: Any) -> FactState:
    reader = Reader(recipe(fact("f", kind, value)), now=NOW)
    return reader.read_one({"metadata": {"name": "a"}}, [answer])["q.f"]


@pytest.mark.parametrize(
    ("kind", "value", "answer", "expected"),
    [
        (FactType.BOOL, "answer.status == 'ok'", {"status": "ok"}, True),
        (FactType.INT, "size(answer.items)", {"items": [1, 2]}, 2),
        (FactType.DOUBLE, "double(answer.pct)", {"pct": "81.5"}, 81.5),
        (FactType.DOUBLE, "answer.pct", {"pct": 3}, 3.0),
        (FactType.STRING, "answer.a + entity.metadata.name", {"a": "x-"}, "x-a"),
        (FactType.STRINGS, "answer.tags", {"tags": ["a", "b"]}, ("a", "b")),
        (FactType.STRINGS, "answer.map(t, t.name)", [{"name": "n"}], ("n",)),
        (FactType.TIMESTAMP, "answer.at", {"at": "2026-01-01T00:00:00Z"}, NOW.replace(month=1)),
        (FactType.TIMESTAMP, "timestamp(answer)", "2026-01-01T00:00:00Z", NOW.replace(month=1)),
        (FactType.BOOL, "now - timestamp(answer) < duration('48h')", "2026-02-28T00:00:00Z", True),
    ],
)
def test_a_value_is_what_the_expression_says(
    kind: FactType, value: str, answer: Any, expected: object
) -> None:
    assert said(kind, value, answer) == Known(value=expected)  # type: ignore[arg-type]


def test_a_list_without_the_place_is_missing() -> None:
    value = "answer.measures[0].value"
    assert said(FactType.STRING, value, {"measures": []}) == Missing(looked_for=value)


@pytest.mark.parametrize("answer", [{}, {"a": None}, {"a": {"c": 1}}])
def test_what_the_answer_lacks_or_says_is_null_is_missing(answer: Any) -> None:
    value = "answer.a" if answer.get("a") is None else "answer.a.b"
    assert said(FactType.STRING, value, answer) == Missing(looked_for=value)


@pytest.mark.parametrize(
    ("kind", "value", "answer"),
    [
        (FactType.INT, "answer", "a text"),
        (FactType.INT, "answer", 1.5),
        (FactType.INT, "answer", True),
        (FactType.BOOL, "answer", 1),
        (FactType.STRING, "answer", ["x"]),
        (FactType.STRINGS, "answer", [1]),
        (FactType.DOUBLE, "double(answer)", "much"),
        (FactType.INT, "1 / answer", 0),
        (FactType.STRING, "answer.a", [1]),
    ],
)
def test_what_is_of_another_type_is_not_known_and_why(
    kind: FactType, value: str, answer: Any
) -> None:
    found = said(kind, value, answer)
    assert isinstance(found, FailedFact), found
    assert found.reason is Unknown.SOURCE_FAILED
    assert found.detail


def test_urls_are_made_of_what_entities_say() -> None:
    one = recipe(url=f"https://q.example.com/{{{KEY}}}/x?n={{entity.metadata.name}}")
    reader = Reader(one, now=NOW)
    entity = {"metadata": {"name": "a", "annotations": {"sonar/key": "x/../y?z=1&w#f é"}}}
    url = "https://q.example.com/x%2F..%2Fy%3Fz%3D1%26w%23f%20%C3%A9/x?n=a"
    assert reader.request(entity) == Request(url=url)
    for other in ({"metadata": {"name": "a"}}, {"metadata": {"name": "a", "annotations": {}}}):
        assert reader.request(other) == FailedFact(
            reason=Unknown.NOT_CONFIGURED, detail=f"`{KEY}` says nothing."
        )


ITEMS = {"data": {"apps": [{"n": "A"}, {"n": "b", "x": 1}, {"n": "b", "x": 2}, {}, "odd", None]}}
APPS = recipe(
    fact("x", FactType.INT, "item.x"),
    fact("count", FactType.INT, "size(items)"),
    items="data.apps",
    item_key="item.n",
)


def test_of_a_list_each_entity_has_the_item_with_its_name_or_ref() -> None:
    refs = [("component:default/a", {}), ("component:default/b", {}), ("component:x/b", {})]
    found = dict(Reader(APPS, now=NOW).read_all(refs, ITEMS))
    assert found["component:default/a"]["q.x"] == Missing(looked_for="item.x")
    assert found["component:default/b"] == {"q.x": Known(value=1), "q.count": Known(value=2)}
    gone = Missing(looked_for="an item `component:x/b`")
    assert found["component:x/b"] == {"q.x": gone, "q.count": gone}


def test_of_a_list_each_entity_has_the_item_with_the_key_that_it_says() -> None:
    keyed = replace(APPS, entity_key=KEY)
    entities: list[tuple[str, dict[str, Any]]] = [
        ("component:default/z", {"metadata": {"annotations": {"sonar/key": "b"}}}),
        ("component:default/b", {"metadata": {}}),
    ]
    found = dict(Reader(keyed, now=NOW).read_all(entities, ITEMS))
    assert found["component:default/z"]["q.x"] == Known(value=1)
    state = found["component:default/b"]["q.x"]
    assert isinstance(state, FailedFact)
    assert state.reason is Unknown.NOT_CONFIGURED


@pytest.mark.parametrize("answer", [None, [], {"data": 1}, {"data": {"apps": {}}}, "x"])
def test_an_answer_without_the_list_has_no_items(answer: Any) -> None:
    ((_, found),) = Reader(APPS, now=NOW).read_all([("component:default/a", {})], answer)
    assert isinstance(found["q.x"], Missing)


def test_the_answer_may_be_the_list_itself() -> None:
    whole = replace(APPS, items=WHOLE, facts=APPS.facts[:1])
    refs = [("component:default/b", {})]
    ((_, found),) = Reader(whole, now=NOW).read_all(refs, ITEMS["data"]["apps"])
    assert found == {"q.x": Known(value=1)}


POLICY = recipe(
    fact("levels", FactType.INT, "size(answers.policy.rules)"),
    fact("people", FactType.INT, "size(answers.rota.people)"),
    url="https://q.example.com/services/{entity.metadata.name}",
    then=(
        Further(name="policy", path="/policies/{answer.policy}"),
        Further(
            name="rota", path="/rotas/{answers.policy.rules[0].rota}?of={entity.metadata.name}"
        ),
    ),
)


@pytest.mark.parametrize("step", [".", ".."])
def test_a_name_that_is_a_step_in_a_path_is_no_name(step: str) -> None:
    one = recipe(url=f"https://q.example.com/{{{KEY}}}/x")
    entity = {"metadata": {"name": "a", "annotations": {"sonar/key": step}}}
    assert isinstance(Reader(one, now=NOW).request(entity), FailedFact)
    assert Reader(POLICY, now=NOW).further({"metadata": {"name": "a"}}, [{"policy": step}]) is None


def test_a_further_request_goes_where_the_answers_before_it_lead() -> None:
    reader, entity = Reader(POLICY, now=NOW), {"metadata": {"name": "a"}}
    assert reader.steps == 3
    answers: list[Any] = [{"policy": "P/1"}]
    assert reader.further(entity, answers) == Request(url="https://q.example.com/policies/P%2F1")
    answers.append({"rules": [{"rota": 7}, {}]})
    assert reader.further(entity, answers) == Request(url="https://q.example.com/rotas/7?of=a")
    answers.append({"people": ["x", "y", "z"]})
    assert reader.read_one(entity, answers) == {
        "q.levels": Known(value=2),
        "q.people": Known(value=3),
    }


def test_what_the_answers_do_not_lead_to_is_missing_and_the_rest_is_known() -> None:
    reader, entity = Reader(POLICY, now=NOW), {"metadata": {"name": "a"}}
    answers: list[Any] = [{"policy": "P"}, {"rules": []}]
    assert reader.further(entity, answers) is None
    assert reader.read_one(entity, [*answers, None]) == {
        "q.levels": Known(value=0),
        "q.people": Missing(looked_for="size(answers.rota.people)"),
    }


def test_an_answer_of_another_form_is_a_failure_and_leads_nowhere() -> None:
    found = Reader(POLICY, now=NOW).further({"metadata": {"name": "a"}}, ["odd"])
    assert isinstance(found, FailedFact)
    assert found.reason is Unknown.SOURCE_FAILED


def test_what_is_posted_is_what_the_expression_says_as_json() -> None:
    one = recipe(
        body="{'package': {'purl': entity.metadata.annotations.purl}, 'limits': [1, true, null]}"
    )
    reader = Reader(one, now=NOW)
    entity = {"metadata": {"name": "a", "annotations": {"purl": 'pkg:pypi/x@1"'}}}
    body = b'{"limits":[1,true,null],"package":{"purl":"pkg:pypi/x@1\\""}}'
    assert reader.request(entity) == Request(url="https://q.example.com/x", body=body)
    found = reader.request({"metadata": {"name": "a"}})
    assert isinstance(found, FailedFact)
    assert found.reason is Unknown.NOT_CONFIGURED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"times": [1.0, 2.0]}, Unknown.NOT_COLLECTED),
        ({}, Unknown.NOT_COLLECTED),
        ({"times": 3}, Unknown.SOURCE_FAILED),
    ],
)
def test_too_little_is_neither_good_nor_bad(answer: Any, reason: Unknown) -> None:
    one = replace(fact("f", FactType.DOUBLE, "answer.times[0]"), needs="size(answer.times) >= 3")
    reader = Reader(recipe(one), now=NOW)
    found = reader.read_one({}, [answer])["q.f"]
    assert isinstance(found, FailedFact)
    assert found.reason is reason
    assert reader.read_one({}, [{"times": [1.0, 2.0, 3.0]}])["q.f"] == Known(value=1.0)


def test_lists_on_the_way_to_the_items_are_gone_through() -> None:
    nested = replace(APPS, items="groups.rules")
    answer = {"groups": [{"rules": [{"n": "a", "x": 1}]}, {}, {"rules": [{"n": "a", "x": 2}]}, 7]}
    ((_, found),) = Reader(nested, now=NOW).read_all([("component:default/a", {})], answer)
    assert found == {"q.x": Known(value=1), "q.count": Known(value=2)}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"url": "https://{entity.metadata.name}.example.com/x"}, "url"),
        ({"url": "https://user:secret@q.example.com/"}, "url"),
        ({"url": "ftp://q.example.com/"}, "url"),
        ({"url": "q.example.com/x"}, "url"),
        ({"url": "https://q.example.com/{entity.}"}, "url"),
        ({"url": "https://q.example.com/{nothing}"}, "url"),
        ({"body": "{'a': entity.}"}, "body"),
        ({"body": "{'a': 1}", "items": "x", "item_key": "item.x"}, "body"),
        ({"then": (Further(name="p", path="/x"),), "items": "x", "item_key": "item.x"}, "then"),
        ({"then": (Further(name="P", path="/x"),)}, "then"),
        ({"then": (Further(name="p", path="https://x.example.com/"),)}, "then.p"),
        ({"then": (Further(name="p", path="//x.example.com/"),)}, "then.p"),
        ({"then": (Further(name="p", path="/{answer.}"),)}, "then.p"),
        ({"then": tuple(Further(name=f"p{n}", path="/") for n in range(6))}, "then"),
        ({"facts": (replace(fact("f", FactType.INT, "1"), needs="size("),)}, "facts.q.f.needs"),
        ({"item_key": "item..x"}, "match.item"),
        ({"entity_key": "entity +"}, "match.entity"),
        ({"facts": (fact("f", FactType.INT, "answr.x"),)}, "facts.q.f"),
        ({"facts": (fact("f", FactType.INT, "repo.readme.bytes"),)}, "facts.q.f"),
        ({"facts": (fact("f", FactType.BOOL, "answer.matches('(?=x)')"),)}, "facts.q.f"),
    ],
)
def test_what_is_wrong_with_a_recipe_is_said_with_its_place(
    changes: dict[str, Any], where: str
) -> None:
    found = faults_of(replace(recipe(fact("g", FactType.INT, "1")), **changes))
    assert [place for place, _ in found] == [where]
    assert all(why for _, why in found)


def test_what_is_no_json_is_not_known() -> None:
    for answer in (b"", b"<html>", b"[" * 100_000, b"\xff"):
        assert isinstance(parsed(answer), FailedFact)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "apps", "n", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(JSON, st.sampled_from(list(FactType)))
def test_no_answer_is_an_exception(answer: Any, kind: FactType) -> None:
    any_of = replace(APPS, facts=(fact("x", kind, "item.x"), fact("y", kind, "answer")))
    entity = {"metadata": {"name": "a"}}
    reader = Reader(any_of, now=NOW)
    for found in (
        reader.read_one(entity, [answer]),
        *(states for _, states in reader.read_all([("component:default/a", entity)], answer)),
    ):
        assert found.keys() == {"q.x", "q.y"}
