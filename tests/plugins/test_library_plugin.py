"""The plugin that offers the built-in scorecards."""

from __future__ import annotations

from pathlib import Path

from plugins.contract import Context
from plugins.library import plugin


def test_it_offers_every_document_of_the_library(tmp_path: Path) -> None:
    made = plugin(Context(cache=tmp_path / "cache"))
    folder = Path(__file__).resolve().parents[2] / "scorecards/library"
    names = [name for name, _ in made.scorecards]
    assert sorted(names) == sorted(f"library/{path.name}" for path in folder.glob("*.yaml"))
    assert names[0] == "library/service-maturity.yaml"
    assert all(text.strip() for _, text in made.scorecards)
    assert not (tmp_path / "cache").exists()
