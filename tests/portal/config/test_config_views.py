"""Views of the catalog page are checked at the start, where they stand in the configuration."""

from pathlib import Path

import pytest

from portal.config.views import COLUMNS, FILTERS, SORTED_BY, View, read_parameters
from portal.ui.models.catalog.query import FACETS, SORTS, read_query
from tests.portal.configs import faults, load


def declare(entries: str) -> str:
    return f"plumbline:\n  catalog:\n    views: {entries}\n"


def test_a_view_is_the_query_of_an_address(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        declare(
            "[{name: live-apis, title: Live APIs, query: '?kind=api&lifecycle=production'},"
            " {name: shop, title: Shop, query: within=group:default/shop&sort=-name}]"
        ),
    )
    assert settings.views == (
        View(
            name="live-apis",
            title="Live APIs",
            parameters=(("kind", "api"), ("lifecycle", "production")),
        ),
        View(
            name="shop",
            title="Shop",
            parameters=(("within", "group:default/shop"), ("sort", "-name")),
        ),
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("lifecycle", "must be of the form"),
        ("''", "must choose by one of"),
        ("lifecycel=production", "there is no parameter of the catalog"),
        ("page=2", "there is no parameter of the catalog"),
        ("type=", "has type without a value"),
        ("sort=name", "must choose by one of"),
        ("kind=api&sort=owner", "must be sorted by one of"),
        ("owner=alices", "must have a whole reference as owner"),
        ("within=component:default/x", "must be within a group or a domain"),
        ("q=a&q=b", "must have q once"),
        ("level=Managed", "must have a scorecard and a level"),
        ("kind=api&column=owners", "must have one of name, type"),
        ("'column=level:'", "must have one of name, type"),
        ("[kind]", "Not a valid string"),
    ],
)
def test_a_query_that_means_nothing_is_an_error_where_it_stands(
    tmp_path: Path, query: str, said: str
) -> None:
    entry = f"\n      - name: x\n        title: X\n        query: {query}"
    [problem] = faults(tmp_path, declare(entry))
    assert said in problem.message
    assert problem.pointer == "/plumbline/catalog/views/0/query"
    assert (problem.file, problem.line) == (str(tmp_path / "0.yaml"), 6)


def test_a_parameter_that_is_nearly_one_is_guessed(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, declare("[{name: x, title: X, query: lifecycel=production}]"))
    assert "lifecycle" in problem.hint


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ("[{title: X, query: kind=api}]", "/0"),
        ("[{name: 'A b', title: X, query: kind=api}]", "/0/name"),
        ("[{name: x, title: '', query: kind=api}]", "/0/title"),
        ("[{name: x, title: X, query: kind=api, owner: me}]", "/0/owner"),
        ("[{name: x, title: X, query: kind=api}, {name: x, title: Y, query: kind=all}]", ""),
        ("[" + "".join(f"{{name: v{n}, title: V, query: q=v}}," for n in range(21)) + "]", ""),
    ],
)
def test_what_is_no_view_is_an_error(tmp_path: Path, entries: str, pointer: str) -> None:
    [problem] = faults(tmp_path, declare(entries))
    assert problem.pointer == f"/plumbline/catalog/views{pointer}"


def test_the_page_heeds_every_parameter_that_a_view_may_have() -> None:
    assert set(FILTERS) == {*FACETS, "level", "within", "q"}
    assert set(SORTED_BY) == set(SORTS)
    ref = "group:default/x"
    text = "&".join(f"{name}={ref}" for name in FILTERS) + "&sort=-type&column=tags"
    asked = read_query({name: [value] for name, value in read_parameters(text)})
    assert asked.params() == {name: [ref] for name in (*FACETS, "level")} | {
        "column": ["tags"],
        "within": ref,
        "q": ref,
        "sort": "-type",
    }
    every = [*COLUMNS, "level:care"]
    assert read_query({"column": every}).params()["column"] == every


@pytest.mark.parametrize(("written", "expected"), [("true", True), ("'no'", False)])
def test_owners_are_inferred_only_where_the_config_says_so(
    tmp_path: Path, written: str, expected: bool
) -> None:
    text = f"plumbline: {{catalog: {{codeowners: {written}}}}}"
    assert load(tmp_path, text).codeowners is expected
    assert not load(tmp_path, "plumbline: {}").codeowners
