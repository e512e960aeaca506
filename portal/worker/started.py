"""Started: the workflow that goes with each claim, and what the engine has noted of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from dbos import DBOS, WorkflowStatus

from portal.db.engine import Database
from portal.db.work import claims
from portal.db.work.claims import Claim

TOGETHER = "together"
"""Name of the workflow that reads several locations."""

UNFINISHED = ("PENDING", "ENQUEUED")
"""States of a workflow that is under way, or was when its process died."""


def workflow_id(claim: Claim) -> str:
    """The id of the workflow that works on a claim."""
    return f"{TOGETHER}/{claim.batch}" if claim.batch else f"{claim.key}/{claim.id}"


def by_workflow(claimed: Iterable[Claim]) -> list[list[Claim]]:
    """The claims of each workflow."""
    found: dict[str, list[Claim]] = {}
    for one in claimed:
        found.setdefault(workflow_id(one), []).append(one)
    return [*found.values()]


def not_resumed(left: Sequence[Claim], version: str) -> list[Claim]:
    """Those of these claims that no workflow of this version goes on with."""
    found = unfinished({workflow_id(one) for one in left})
    resumed = {one.workflow_id for one in found if one.app_version == version}
    return [one for one in left if workflow_id(one) not in resumed]


def unfinished(ids: Collection[str]) -> list[WorkflowStatus]:
    """Those of these workflows that have not ended, as far as it is noted."""
    if not ids:
        return []
    return DBOS.list_workflows(
        workflow_ids=[*ids], status=list(UNFINISHED), load_input=False, load_output=False
    )


def forget(database: Database, *, before: datetime) -> None:
    """Forget workflows that ended before then, and those of workers that never came back."""
    with database.read() as connection:
        held = {workflow_id(claim) for claim in claims.every(connection)}
    old = DBOS.list_workflows(
        end_time=before.isoformat(), load_input=False, load_output=False, limit=10_000
    )
    if gone := [one.workflow_id for one in old if one.workflow_id not in held]:
        DBOS.delete_workflows(gone)
