"""Packs are switched on in the configuration, by name."""

from pathlib import Path

import pytest

from scorecards.collection.feeding import SwitchedOn
from tests.portal.configs import faults, load


def switch(entries: str) -> str:
    return f"plumbline:\n  packs: {entries}\n"


def test_a_pack_is_switched_on_by_its_name_or_with_its_source(tmp_path: Path) -> None:
    settings = load(tmp_path, switch("[security, {name: ci}, {name: delivery, source: push}]"))
    assert settings.packs == (
        SwitchedOn(name="security"),
        SwitchedOn(name="ci"),
        SwitchedOn(name="delivery", pushed=True),
    )


def test_without_a_word_no_pack_is_on(tmp_path: Path) -> None:
    assert load(tmp_path, "plumbline: {}\n").packs == ()


@pytest.mark.parametrize("entry", ["secruity", "{name: secruity}"])
def test_a_pack_that_there_is_not_comes_with_the_one_that_was_meant(
    tmp_path: Path, entry: str
) -> None:
    [problem] = faults(tmp_path, switch(f"[{entry}]"))
    assert problem.code == "CONFIG_VALUE"
    assert "there is no pack secruity" in problem.message
    assert problem.hint == "Did you mean security?"
    assert problem.pointer.startswith("/plumbline/packs/0")
    assert problem.line == 2


def test_where_no_name_is_near_all_are_named(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, switch("[nothing]"))
    assert problem.hint.startswith("There are: api, ci, ")


@pytest.mark.parametrize(
    ("entries", "pointer"),
    [
        ("[{name: ci, source: pull}]", "/0/source"),
        ("[{name: ci, sorce: push}]", "/0/sorce"),
        ("[{source: push}]", "/0"),
        ("[7]", "/0"),
        ("[ci, {name: ci, source: push}]", ""),
        ("ci", ""),
    ],
)
def test_what_cannot_be_switched_on_is_an_error(tmp_path: Path, entries: str, pointer: str) -> None:
    [problem] = faults(tmp_path, switch(entries))
    assert problem.pointer == f"/plumbline/packs{pointer}"
