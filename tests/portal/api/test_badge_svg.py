"""Badges drawn: well-formed whatever the title is, and readable on their color."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.badge_svg import draw
from scorecards.insights.badges import Badge, Color


@given(st.text(st.characters(exclude_categories=["Cs", "Cc", "Cn"]), max_size=200))
def test_any_title_makes_a_well_formed_picture(title: str) -> None:
    root = ET.fromstring(draw(Badge(label=title, message="<b>&", color=Color.TOP)))
    left, right = root.findall("{*}rect")
    assert int(left.attrib["width"]) + int(right.attrib["width"]) == int(root.attrib["width"])
    assert root.findall(".//{*}text")[1].text == "<b>&"
    assert "style" not in {name for one in root.iter() for name in one.attrib}


def _light(color: str) -> float:
    parts = [int(color[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("color", list(Color))
def test_white_text_is_readable_on_every_color(color: Color) -> None:
    root = ET.fromstring(draw(Badge(label="a", message="b", color=color)))
    fill = root.findall("{*}rect")[1].attrib["fill"]
    assert 1.05 / (_light(fill) + 0.05) >= 4.5
