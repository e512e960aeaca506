"""The collector `repo`: everything that a repository's files say about the services in it.

What holds for the whole repository is looked up once, what holds for a folder once for each folder:
thousands of entities in one repository cost no more than their folders do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from plugins.contract import (
    Context,
    FactRecord,
    FactState,
    FailedFact,
    Known,
    Plugin,
    RepositoryView,
    Sees,
    Snapshot,
    Subject,
    Unknown,
)
from plugins.repofiles import (
    apis,
    ci,
    community,
    containers,
    dependencies,
    docs,
    ownership,
    quality,
    readme,
    workflows,
)
from plugins.repofiles.pages import RepositoryPages
from plugins.repofiles.schemas import SCHEMAS
from plugins.repofiles.states import Facts
from plugins.repofiles.tree import service_folder, tree_of

VERSION = "2"

_REPOSITORY = (ci, community, dependencies, ownership, workflows)
"""Themes that are looked for at the root only."""

_SERVICE = (apis, community, containers, dependencies, docs, quality, readme)
"""Themes that are looked for in the service's folder first."""

_NO_REPOSITORY = FailedFact(
    reason=Unknown.SOURCE_FAILED, detail="The repository could not be read."
)
_NO_FOLDER = FailedFact(
    reason=Unknown.NOT_CONFIGURED,
    detail="The location names this file alone, and what lies beside it was not looked at.",
)
_NO_COMMITS = FailedFact(reason=Unknown.NOT_CONFIGURED, detail="A plain folder has no commits.")


def plugin(_context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="repofiles",
        version=VERSION,
        summary="Collects facts from the files of repositories: README, CI, CODEOWNERS, ...; their docs.",
        collectors=(RepositoryFiles(),),
        documenters=(RepositoryPages(),),
    )


class RepositoryFiles:
    """Facts named `repo.*`, from the files of a snapshot."""

    name = "repo"
    version = VERSION
    schemas = SCHEMAS
    sees = Sees.REPOSITORY

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterable[FactRecord]:
        """One record for each subject."""
        if repository is None:
            nothing: dict[str, FactState] = {s.name: _NO_REPOSITORY for s in SCHEMAS}
            for subject in subjects:
                yield self._record(subject, nothing, url="", revision="", now=now)
            return
        url, revision = repository.snapshot.repository.url, repository.snapshot.revision
        if not repository.snapshot.whole:
            nothing = {s.name: _NO_FOLDER for s in SCHEMAS}
            for subject in subjects:
                yield self._record(subject, nothing, url=url, revision=revision, now=now)
            return
        tree = tree_of(repository)
        shared = _commit(tree.snapshot)
        for theme in _REPOSITORY:
            shared |= theme.repository_facts(tree)
        by_folder: dict[str, Facts] = {}
        for subject in subjects:
            folder = service_folder(subject.directory)
            if folder not in by_folder:
                facts = dict(shared)
                for theme in _SERVICE:
                    facts |= theme.facts(tree, folder)
                by_folder[folder] = facts
            yield self._record(subject, by_folder[folder], url=url, revision=revision, now=now)

    def _record(
        self, subject: Subject, facts: Facts, *, url: str, revision: str, now: datetime
    ) -> FactRecord:
        return FactRecord(
            ref=subject.ref,
            collector=self.name,
            version=self.version,
            url=url,
            revision=revision,
            observed_at=now,
            valid_until=None,
            facts=facts,
        )


def _commit(snapshot: Snapshot) -> Facts:
    if not snapshot.is_git:
        return {"repo.commit.id": _NO_COMMITS, "repo.commit.at": _NO_COMMITS}
    return {
        "repo.commit.id": Known(value=snapshot.revision),
        "repo.commit.at": (
            Known(value=snapshot.committed_at)
            if snapshot.committed_at
            else FailedFact(reason=Unknown.SOURCE_FAILED, detail="The commit holds no valid time.")
        ),
    }
