"""The table of rooms says what the packages say of themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_room_is_told_in_its_own_words() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    told = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 3]
    assert told == list(_rows())


def _rows() -> Iterator[str]:
    for package in ("catalog", "scorecards", "plugins", "portal"):
        for file in sorted((ROOT / package).rglob("__init__.py")):
            room = file.parent.relative_to(ROOT)
            if len(room.parts) > 1 and "skeleton" not in room.parts:
                words = ast.get_docstring(ast.parse(file.read_text())) or ""
                yield f"| `{'.'.join(room.parts)}` | {words.splitlines()[0]} |"
