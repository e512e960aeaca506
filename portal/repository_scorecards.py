"""Scorecards of repositories: what the configuration lets them say, from what was last read of them.

Who may write to a repository may change its scorecards, so each repository is named by the operator,
together with the group that answers for them. What was read is in the database: every process takes
it from there when it starts, and starts anew when it is another one (`portal.renewal`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from catalog.errors import RefError
from catalog.problems import Problem, quote
from catalog.refs import parse_ref
from portal.config.repositories import ScorecardRepository
from portal.db.engine import Database
from portal.db.evaluation import scorecard_repositories
from portal.db.evaluation.scorecard_repositories import ScorecardFile
from portal.worker.publishing import shown
from scorecards.definitions.loading import Loaded
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a file with scorecards comes from."""

    target: str
    """The repository, as it is configured, without credentials."""
    owner: str
    """Canonical ref of who answers for them."""
    author: str
    """Of the last change; '' where nobody knows."""


@dataclass(frozen=True, kw_only=True)
class InRepositories:
    """The files with scorecards that the configured repositories have."""

    texts: tuple[tuple[str, str], ...]
    """File and text, in the order of the configuration."""
    origins: Mapping[str, Origin]
    """By file."""
    problems: tuple[Problem, ...]
    """Repositories that could not be read the last time."""
    edition: str
    """Another one whenever a file is, see `portal.db.evaluation.scorecard_repositories`."""


NOTHING = InRepositories(texts=(), origins={}, problems=(), edition="")


def in_repositories(
    database: Database, configured: Sequence[ScorecardRepository]
) -> InRepositories:
    """What was last read of the configured repositories."""
    if not configured:
        return NOTHING
    with database.read() as connection:
        kept = scorecard_repositories.all_kept(connection)
        edition = scorecard_repositories.edition(connection)
    files: list[tuple[ScorecardFile, Origin]] = []
    problems = []
    for one in configured:
        target = shown(one.target)
        if (found := kept.get(target)) is None:
            continue
        if found.problem is not None:
            problems.append(replace(found.problem, file=found.problem.file or target))
        for file in found.files:
            files.append((file, Origin(target=target, owner=one.owner, author=file.author)))
    return InRepositories(
        texts=tuple((file.file, file.text) for file, _ in files),
        origins={file.file: origin for file, origin in files},
        problems=tuple(problems),
        edition=edition,
    )


def owned(loaded: Loaded, origins: Mapping[str, Origin]) -> Loaded:
    """What was loaded, without scorecards of repositories that somebody else is to answer for.

    A scorecard that names no owner is its repository's.
    """
    kept: list[Scorecard] = []
    refused: list[Problem] = []
    for card in loaded.scorecards:
        origin = origins.get(card.file)
        if origin is None or _owner(card) == origin.owner:
            kept.append(card)
        elif not card.owner:
            kept.append(replace(card, owner=origin.owner))
        else:
            refused.append(_not_theirs(card, origin))
    return replace(loaded, scorecards=tuple(kept), problems=(*loaded.problems, *refused))


def _owner(card: Scorecard) -> str:
    try:
        return str(parse_ref(card.owner, default_kind="group", default_namespace="default"))
    except RefError:
        return ""


def _not_theirs(card: Scorecard, origin: Origin) -> Problem:
    return Problem(
        code="SCORECARD_OWNER",
        message=f"the scorecard `{quote(card.name)}` names an owner that its repository is not of",
        file=card.file,
        pointer="/metadata/owner",
        found=quote(card.owner),
        expected=origin.owner,
        hint="Leave `owner` out, or ask whoever runs the portal to name this owner for the repository.",
    )
