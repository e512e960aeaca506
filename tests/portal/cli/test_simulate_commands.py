"""`portal scorecard explain` and `simulate`: live, without a running portal, and on a checkout."""

import json
from importlib.resources import files
from pathlib import Path

import pytest

from tests.portal.cli.commands import invoke, run
from tests.portal.cli.test_commands import source
from tests.portal.processes import eventually, portal_up

__all__ = ["source"]

MATURITY = (files("scorecards") / "library/service-maturity.yaml").read_text("utf-8")
CHECK = "own.owner_group"


def changed(folder: Path) -> Path:
    """A definition whose rule asks for tags instead of an owner."""
    file = folder / "changed.yaml"
    file.write_text(MATURITY.replace("- catalog.owner_exists", "- has(entity.metadata.name)", 1))
    return file


def test_a_checkout_is_explained_and_simulated_offline(tmp_path: Path, source: Path) -> None:
    place = ("--source", source / "basket")
    words = run("scorecard", "explain", "basket", "service-maturity", CHECK, *place)
    assert "not known: all 2 must hold; 1 do" in words
    assert "catalog.owner_exists" in words
    everything = json.loads(
        run("scorecard", "explain", "--json", "basket", "service-maturity", *place)
    )
    assert len(everything) > 10
    found = json.loads(run("scorecard", "simulate", "--json", changed(tmp_path), *place))
    assert found["evaluated"] == [CHECK]
    assert found["entities"] == 1
    assert "asked anew: own.owner_group" in run("scorecard", "simulate", changed(tmp_path), *place)
    run("scorecard", "explain", "basket", "nothing", *place, status=1)


def test_a_definition_with_problems_is_not_simulated(tmp_path: Path, source: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(MATURITY.replace("catalog.owner_exists", "catalog.owner_exist", 1))
    line = file.read_text().splitlines().index("          - catalog.owner_exist") + 1
    said = invoke("scorecard", "simulate", file, "--source", source / "basket", status=1).output
    assert f"{file}:{line}:" in said
    assert "Did you mean 'catalog.owner_exists'?" in said


@pytest.mark.parametrize(
    ("written", "more", "said"),
    [
        (b"", (), "The file holds nothing"),
        (b"a: \xff", (), "it is no text in UTF-8 (byte 4)"),
        (MATURITY.encode(), ("--from", "yesterday"), "--from: Not a time as"),
    ],
)
def test_what_cannot_be_simulated_is_said_in_the_words_of_the_command(
    tmp_path: Path, written: bytes, more: tuple[str, ...], said: str
) -> None:
    file = tmp_path / "changed.yaml"
    file.write_bytes(written)
    place = ("--data-dir", tmp_path / "data")
    assert said in invoke("scorecard", "simulate", file, *more, *place, status=1).output


def test_a_simulation_of_nothing_says_so(tmp_path: Path) -> None:
    said = run("scorecard", "simulate", changed(tmp_path), "--data-dir", tmp_path / "data")
    assert "nothing was compared: no entity is there" in said


def test_the_running_portal_is_asked_about_scorecards(tmp_path: Path, source: Path) -> None:
    data = tmp_path / "data"
    with portal_up(data, "--source", str(source)) as server:
        path = "/entities/component/default/basket/scorecards"
        eventually(lambda: server.get("/entities")["total"] == 1 and server.get(path))
        place = ("--data-dir", data)
        words = run("scorecard", "explain", "basket", "service-maturity", CHECK, *place)
        found = json.loads(run("scorecard", "simulate", "--json", changed(tmp_path), *place))
        bad = tmp_path / "bad.yaml"
        bad.write_text(MATURITY.replace("catalog.owner_exists", "catalog.owner_exist", 1))
        refused = invoke("scorecard", "simulate", bad, *place, status=1).output
        link = run("login-link", *place)
    assert CHECK in words
    assert f"error: {bad}:" in refused
    assert "Did you mean 'catalog.owner_exists'?" in refused
    assert f"{server.url}/login?once=" in link
    assert found["entities"] == 1
    # Nobody runs it now: the command works on the data itself.
    again = json.loads(
        run("scorecard", "simulate", "--json", changed(tmp_path), "--filter", "kind=api", *place)
    )
    assert again["entities"] == 0
