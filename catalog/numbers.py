"""Numbers as JavaScript prints them: Backstage's answers and search rows are made of such texts.

JavaScript has doubles only: integers beyond 2^53 lose digits, and the form changes at 1e21 and at
1e-7 (ECMA-262, Number::toString).
"""

from __future__ import annotations

import math

from catalog.parsing.scalars import printed, shortened

LARGEST_EXACT = 2**53
"""Up to here, in both directions, doubles hold every integer."""


def as_javascript(number: int | float) -> str | None:
    """The text of a number, as `12345678901234567000`; None for what JSON cannot hold."""
    try:
        double = float(number)
    except OverflowError:
        return None
    return printed(shortened(double)) if math.isfinite(double) else None
