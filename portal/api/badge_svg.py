"""Badges drawn: a small SVG of two fields, readable without a style sheet or a font of its own."""

from __future__ import annotations

from markupsafe import escape

from scorecards.insights.badges import Badge, Color

_FILLS = {
    Color.TOP: "#2f7d32",
    Color.BETWEEN: "#8a6d00",
    Color.FLOOR: "#b3261e",
    Color.UNKNOWN: "#6b7280",
}
"""White text has a contrast of 4.5 to 1 or more on each."""

_LABEL_FILL = "#444"
_NARROW, _WIDE = set("fijlrt1I.,:;|!'()[] "), set("mwMW@%")
_PADDING = 6
_LONGEST = 60
"""Characters of a field: a title may be of any length."""


def draw(badge: Badge) -> str:
    """The badge as SVG. Texts are squeezed to the width that they are given."""
    label, message = _short(badge.label), _short(badge.message)
    left, right = _width(label) + 2 * _PADDING, _width(message) + 2 * _PADDING
    whole = left + right
    said = escape(f"{label}: {message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="20" role="img"'
        f' aria-label="{said}"><title>{said}</title>'
        f'<rect width="{left}" height="20" fill="{_LABEL_FILL}"/>'
        f'<rect x="{left}" width="{right}" height="20" fill="{_FILLS[badge.color]}"/>'
        '<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(label, _PADDING)}{_text(message, left + _PADDING)}</g></svg>"
    )


def _text(text: str, x: int) -> str:
    return f'<text x="{x}" y="14" textLength="{_width(text)}">{escape(text)}</text>'


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _width(text: str) -> int:
    """About the width of a text in Verdana of 11 pixels."""
    return sum(4 if c in _NARROW else 10 if c in _WIDE else 7 for c in text) or 1
