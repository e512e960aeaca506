"""The built-in scorecards: service maturity, production readiness, documentation."""

from __future__ import annotations

from importlib.resources import files

from plugins.contract import Context, Plugin

ORDER = ("service-maturity.yaml", "production-readiness.yaml", "documentation.yaml")
"""As pages show them: the model that everything grew from comes first."""


def plugin(context: Context) -> Plugin:  # noqa: ARG001  # the contract's signature
    """The YAML documents of `scorecards/library`."""
    folder = files("scorecards") / "library"
    return Plugin(
        name="library",
        version="1",
        summary="Scorecards to begin with: service maturity, production readiness, documentation.",
        scorecards=tuple(
            (f"library/{name}", (folder / name).read_text(encoding="utf-8")) for name in ORDER
        ),
    )
