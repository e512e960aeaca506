"""Screenshots of pages: how a file is named, and a page that lays them side by side.

A picture is `page-theme-width.png`, so that what belongs together stands together in any list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

LOOKS = (("light", 1280), ("dark", 1280), ("light", 320), ("dark", 320))
"""Theme and width of each picture of a page, in the order of the index."""

HEAD = """\
<!doctype html><html lang="en"><meta charset="utf-8"><title>Screenshots</title>
<style>
body { font: 14px sans-serif; margin: 16px; background: #ccc; }
section { display: flex; gap: 8px; align-items: start; margin-bottom: 32px; }
section a { flex: 4; } section a.w320 { flex: 1; } img { width: 100%; border: 1px solid #888; }
</style>
"""


def page_name(path: str) -> str:
    """The path of a page with its parameters as a part of a file's name; `home` for `/`."""
    words = re.sub(r"[^A-Za-z0-9]+", "-", path).strip("-")
    return words[:120] or "home"


def file_name(page: str, theme: str, width: int) -> str:
    """Name of the file for one look of the page."""
    return f"{page}-{theme}-{width}.png"


def write_index(folder: Path) -> None:
    """Write `index.html` for the pictures that are in the folder; a folder without any has none."""
    taken = {file.name for file in folder.glob("*.png")}
    ending = re.compile(r"-(?:light|dark)-\d+\.png$")
    pages = sorted({ending.sub("", name) for name in taken if ending.search(name)})
    if pages:
        (folder / "index.html").write_text(HEAD + "".join(_sections(pages, taken)))


def _sections(pages: Iterable[str], taken: set[str]) -> Iterable[str]:
    for page in pages:
        looks = ((file_name(page, theme, width), theme, width) for theme, width in LOOKS)
        pictures = "".join(
            f'<a class="w{width}" href="{name}"><img src="{name}" alt="{theme}, {width} pixels"></a>'
            for name, theme, width in looks
            if name in taken
        )
        yield f"<h2>{escape(page)}</h2><section>{pictures}</section>\n"
