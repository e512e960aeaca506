"""The built-in scorecards: service maturity, production readiness, documentation."""

from __future__ import annotations

from importlib.resources import files

from plugins.contract import Context, Plugin


def plugin(context: Context) -> Plugin:  # noqa: ARG001  # the contract's signature
    """The YAML documents of `scorecards/library`, in the order of their names."""
    folder = files("scorecards") / "library"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".yaml"))
    return Plugin(
        name="library",
        version="1",
        summary="Scorecards to begin with: service maturity, production readiness, documentation.",
        scorecards=tuple(
            (f"library/{name}", (folder / name).read_text(encoding="utf-8")) for name in names
        ),
    )
