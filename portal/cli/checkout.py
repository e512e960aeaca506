"""A checkout, ingested, collected and assessed offline: a portal in memory, for one command.

The very code that the portal runs, on the working tree, so that what it says is what the portal will
say after the push.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from plugins.contract import Context
from plugins.registry import load_plugins
from portal.config import Settings
from portal.db.ingest import registrations
from portal.db.migrations import migrate
from portal.pool import Pool
from portal.wiring import Portal, now, open_portal, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing


@contextmanager
def assessed(
    path: Path, *, scorecards: tuple[Path, ...] = (), rules: Settings | None = None
) -> Iterator[tuple[Portal, Pool]]:
    """A portal that has read the checkout at `path`, and the children that it used.

    With the built-in scorecards and those of the files or folders `scorecards`; of `rules` with the
    scorecards, the packs and the facts that may be pushed.
    """
    with tempfile.TemporaryDirectory(prefix="plumbline-") as scratch, closing(Pool(1)) as pool:
        portal = _offline(Path(scratch), scorecards, rules)
        try:
            _ingest(portal, pool, path.resolve())
            yield portal, pool
        finally:
            portal.database.close()


def _offline(scratch: Path, scorecards: tuple[Path, ...], rules: Settings | None) -> Portal:
    settings = Settings(database="sqlite://", data_dir=scratch, scorecards=scorecards)
    if rules is not None:
        settings = replace(
            settings,
            scorecards=(*rules.scorecards, *scorecards),
            packs=rules.packs,
            pushed_facts=rules.pushed_facts,
        )
    portal = open_portal(settings)
    plugins, _ = load_plugins(
        context_for=lambda name: Context(cache=scratch / name, working_tree=True)
    )
    migrate(portal.database)
    return replace(portal, plugins=plugins)


def _ingest(portal: Portal, pool: Pool, path: Path) -> None:
    with portal.database.write() as connection:
        location = registrations.register(
            connection, type="file", target=str(path), origin="command", now=now()
        )
    tools = tools_of(portal, pool)
    tools = replace(tools, setup=replace(tools.setup, working_tree=True))
    for repository in jobs.list_repositories(tools, location):
        jobs.ingest(tools, location, repository)
    while assessing.assess_round(tools):
        pass
