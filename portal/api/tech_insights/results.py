"""Results: what is stored about an entity, for clients that know true and false alone.

What is unknown, and the error of a rule, are `false` with the truth in the description and in
`metadata.status`: the level that the browser computes is then the proven one. Left out instead
(`plumbline.compat.techInsights.unknown: omit`) they would raise it. What does not apply and what is
exempt is left out always.

An entity that could not be assessed keeps its last results, as everywhere, and each of them says that it
is from before, and why. One that never could be has none, which the pages would show as if everything
passed: each check is not known then, as where it cannot be told whether a scorecard applies.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from portal.api.tech_insights.definitions import (
    ENTITY_RETRIEVER,
    TYPE,
    Definition,
    Definitions,
    described,
    links_of,
    metadata_of,
)
from portal.db.catalog.entities import EntityRow
from portal.db.collection import facts
from portal.db.evaluation import results, unanswerable
from portal.db.evaluation.unanswerable import Unanswered
from portal.db.state import Connection
from scorecards.evaluation.texts import fact_values, render_fix
from scorecards.facts import FactRecord
from scorecards.knowledge import rfc3339
from scorecards.results import CheckResult, Outcome

Json = dict[str, Any]

_SHOWN = frozenset({Outcome.PASS, Outcome.FAIL})
_NEVER = "whether it applies is not known"
_NOT_KNOWN = {Outcome.UNKNOWN: "UNKNOWN", Outcome.ERROR: "ERROR OF THE RULE"}


def results_of(
    connection: Connection,
    definitions: Definitions,
    rows: Sequence[EntityRow],
    *,
    wanted: Iterable[str] | None,
    omits_unknown: bool,
) -> Iterator[list[Json]]:
    """For each of the entities the results of the checks `wanted` (None: all).

    What passes comes first, then what fails. An entity that was not assessed yet has none.
    """
    ids = [row.id for row in rows]
    unanswered = unanswerable.about_all(connection, ids)
    stored = results.for_entities(connection, ids)
    records = facts.for_entities(connection, ids)
    asked = definitions.checks if wanted is None else frozenset(wanted)
    for row in rows:
        why = unanswered.get(row.id)
        entity = _Entity(definitions, row, records.get(row.id, ()), why)
        told = [
            (f.result.scorecard, said) for f in stored.get(row.id, ()) for said in f.result.results
        ]
        if not told and why is not None:
            told = [(d.scorecard.name, _never(d)) for d in definitions.checks.values()]
        shown = [
            entity.result(definition, said)
            for scorecard, said in told
            if (definition := _asked(definitions, scorecard, said, asked))
            and (said.outcome in _SHOWN or (said.outcome in _NOT_KNOWN and not omits_unknown))
        ]
        yield sorted(shown, key=lambda result: not result["result"])


def _asked(
    definitions: Definitions, scorecard: str, said: CheckResult, asked: Any
) -> Definition | None:
    """The check of a result; None where it is not asked for, or is no more."""
    name = f"{scorecard}.{said.check}"
    return definitions.checks.get(name) if name in asked else None


def _never(definition: Definition) -> CheckResult:
    """What a check says of an entity that never could be assessed."""
    return CheckResult(
        check=definition.check.id,
        outcome=Outcome.UNKNOWN,
        reason=_NEVER,
        observed={},
        unknown={},
        leaves=(),
    )


class _Entity:
    """What the results of one entity have in common."""

    def __init__(
        self,
        definitions: Definitions,
        row: EntityRow,
        records: Sequence[FactRecord],
        unanswered: Unanswered | None,
    ) -> None:
        self._unanswered = unanswered
        self._schemas = definitions.schemas
        self._body = orjson.loads(row.body)
        self._values = fact_values(records)
        self._observed_by = {record.collector for record in records}

    def result(self, definition: Definition, said: CheckResult) -> Json:
        schemas, check, names = self._schemas, definition.check, definition.names
        # Most fixes name nothing of the entity, and most of the time would go into filling them in.
        fix = render_fix(check, self._body, self._values) if "{" in check.fix else check.fix
        metadata = metadata_of(definition, fix)
        metadata["status"] = said.outcome.value
        if said.reason:
            metadata["reason"] = said.reason
        if self._unanswered is not None:
            since = rfc3339(self._unanswered.since)
            metadata["notAssessed"] = {"reason": self._unanswered.reason, "since": since}
        return {
            "facts": {
                names[name]: {"value": said.observed[name], **described(schemas[name])}
                for name in definition.facts
                if name in said.observed
            },
            "result": said.outcome is Outcome.PASS,
            "check": {
                "id": definition.id,
                "type": TYPE,
                "name": check.title,
                "description": _description(check.why, said, self._unanswered),
                "factIds": self._retrievers(definition),
                "metadata": metadata,
                "rule": {"conditions": definition.conditions.decided(check.rule, said)},
                **links_of(check),
            },
        }

    def _retrievers(self, definition: Definition) -> list[str]:
        """Those with a record first: the page asks the first one for its time."""
        named = sorted(definition.retrievers, key=lambda name: name not in self._observed_by)
        if named[0] in self._observed_by or ENTITY_RETRIEVER in named:
            return named
        return [ENTITY_RETRIEVER, *named]


def _description(why: str, said: CheckResult, unanswered: Unanswered | None) -> str:
    if said.outcome in _NOT_KNOWN:
        why = f"{_NOT_KNOWN[said.outcome]} - {said.reason or 'no reason was given'}. {why}"
    if unanswered is None:
        return why
    text = f"COULD NOT BE ASSESSED - {unanswered.reason} (first at {rfc3339(unanswered.since)})"
    return f"{text}. {why}" if said.reason == _NEVER else f"{text}, this is from before. {why}"
