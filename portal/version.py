"""Versions: of the product, and of the engine that evaluates its rules."""

from __future__ import annotations

from importlib.metadata import version

VERSION = version("plumbline")

EDITION = f"{VERSION}, cel-expr-python {version('cel-expr-python')}"
"""With another one an expression may do otherwise: how long it takes, and what it says."""
