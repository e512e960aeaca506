"""Plots over time as numbers for SVG attributes: columns of shares, lines with gaps, and marks.

The y axis is always 0 to 100 %. What was not measured is not drawn: no line leads over a gap.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from portal.ui.models.charts.shares import Segment

WIDTH, HEIGHT = 800, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 24, 18, 24
INNER = WIDTH - LEFT - RIGHT
DEEP = HEIGHT - TOP - BOTTOM
MOST_LABELS = 8
MOST_DOTS = 60
"""Points beyond which a line has no dots."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One part of a column."""

    x: float
    y: float
    width: float
    height: float
    look: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Dot:
    """One measured value of a line."""

    x: float
    y: float
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """Something that happened: an upright line with a number."""

    x: float
    label: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Plot:
    """A plot over time."""

    grid: tuple[tuple[float, str], ...]
    """Height and text of each line of the grid."""
    labels: tuple[tuple[float, str], ...]
    """Place and text of each label under the plot."""
    bars: tuple[Bar, ...] = ()
    lines: tuple[str, ...] = ()
    """Points of each piece of the line, as SVG writes them."""
    dashes: tuple[str, ...] = ()
    """Likewise, of the line that is aimed at."""
    dots: tuple[Dot, ...] = ()
    marks: tuple[Mark, ...] = ()
    width: int = WIDTH
    height: int = HEIGHT


def place(at: datetime, start: datetime, end: datetime) -> float:
    """The x of a moment."""
    whole = (end - start).total_seconds()
    part = (at - start).total_seconds() / whole if whole else 0.5
    return round(LEFT + INNER * min(max(part, 0.0), 1.0), 1)


def height_of(share: float) -> float:
    """The y of a share, 0 to 1."""
    return round(TOP + DEEP * (1 - min(max(share, 0.0), 1.0)), 1)


def percent_grid() -> tuple[tuple[float, str], ...]:
    """Lines at each quarter."""
    return tuple((height_of(n / 4), f"{25 * n} %") for n in range(5))


def columns(
    instants: Sequence[datetime], parts: Sequence[Sequence[Segment]], titles: Sequence[str]
) -> tuple[Bar, ...]:
    """A column of shares at each instant; one of an empty whole is left out.

    Columns stand side by side in order, whatever the time between them.
    """
    step = INNER / max(len(instants), 1)
    width = round(min(step * 0.8, 48), 2)
    found = []
    for index, (segments, title) in enumerate(zip(parts, titles, strict=True)):
        x = round(LEFT + step * (index + 0.5) - width / 2, 2)
        for part in segments:
            if part.count:
                top = height_of((part.start + part.width) / 100)
                found.append(
                    Bar(
                        x=x,
                        y=top,
                        width=width,
                        height=round(height_of(part.start / 100) - top, 2),
                        look=part.look,
                        title=f"{title}: {part.name} {part.count:,} ({part.share})",
                    )
                )
    return tuple(found)


def among_columns(at: datetime, instants: Sequence[datetime]) -> float:
    """The x of a moment between columns."""
    step = INNER / max(len(instants), 1)
    before = max((i for i, one in enumerate(instants) if one <= at), default=0)
    return round(LEFT + step * min(before + 1, len(instants)), 1)


def column_labels(texts: Sequence[str]) -> tuple[tuple[float, str], ...]:
    """Labels under columns, as many as there is room for."""
    step = INNER / max(len(texts), 1)
    every = -(-len(texts) // MOST_LABELS) or 1
    return tuple(
        (round(LEFT + step * (index + 0.5), 1), text)
        for index, text in enumerate(texts)
        if index % every == 0
    )


def pieces(points: Sequence[tuple[float, float | None]]) -> tuple[str, ...]:
    """The line through these places; it ends where there is no value, and begins anew after it."""
    found: list[list[str]] = [[]]
    for x, y in points:
        if y is None:
            found.append([])
        else:
            found[-1].append(f"{x},{y}")
    return tuple(" ".join(piece) for piece in found if len(piece) > 1)


def count_grid(most: float) -> tuple[float, tuple[tuple[float, str], ...]]:
    """The top of an axis of counts that has room for `most`, and its lines from 0 up."""
    unit = next(step * 10**n for n in range(12) for step in (1, 2, 5) if step * 10**n * 5 >= most)
    count = max(4, ceil(most / unit))
    return unit * count, tuple((height_of(n / count), f"{unit * n:,}") for n in range(count + 1))
