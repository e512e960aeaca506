"""The facts `api.*`: the APIs that an entity provides, and what an API's own definition holds."""

from __future__ import annotations

from plugins.contract import FactState, FailedFact, Known, Missing, Subject, Unknown
from plugins.descriptor.definitions import (
    Broken,
    Definition,
    Reading,
    Unread,
    format_of,
    read_definition,
)
from plugins.descriptor.fields import Body, kind_of, refs_of

Facts = dict[str, FactState]

_PATH = "spec.definition"
_OWN = (
    "api.definition_parses",
    "api.definition_format",
    "api.version",
    "api.operations",
    "api.operations_described",
)


class Definitions:
    """Definitions by the ref of their API, each read once in one collection."""

    def __init__(self) -> None:
        self._read: dict[str, Reading] = {}

    def of(self, ref: str, api: Body) -> Reading:
        """What can be said of the API's definition."""
        if ref not in self._read:
            self._read[ref] = read_definition(api)
        return self._read[ref]


def facts(subject: Subject, definitions: Definitions) -> Facts:
    """Every fact `api.*` of one entity."""
    return {**_provided(subject, definitions), **_own(subject, definitions)}


def _provided(subject: Subject, definitions: Definitions) -> Facts:
    refs = refs_of(subject.entity, "providesApis")
    if not refs:
        missing = Missing(looked_for="spec.providesApis")
        names = ("provided", "provided_existing", "provided_parsing")
        return {f"api.{name}": missing for name in names}
    apis = {ref: subject.neighbors[ref] for ref in refs if ref in subject.neighbors}
    readings = {ref: definitions.of(ref, api) for ref, api in apis.items()}
    path = "spec.providesApis"
    unread = next((f"{ref}: {r.why}" for ref, r in readings.items() if isinstance(r, Unread)), "")
    parsing = sum(isinstance(reading, Definition) for reading in readings.values())
    return {
        "api.provided": Known(value=len(refs), path=path),
        "api.provided_existing": Known(value=len(apis), path=path),
        "api.provided_parsing": (_not_read(unread) if unread else Known(value=parsing, path=path)),
    }


def _own(subject: Subject, definitions: Definitions) -> Facts:
    if kind_of(subject.entity) != "API":
        return dict.fromkeys(_OWN, Missing(looked_for="an entity of kind API"))
    stated = format_of(subject.entity)
    known_format: FactState = (
        Known(value=stated, path="spec.type") if stated else Missing(looked_for="spec.type")
    )
    states: Facts
    match definitions.of(subject.ref, subject.entity):
        case Unread(why=why):
            states = dict.fromkeys(_OWN, _not_read(why))
        case Broken(why=why):
            states = dict.fromkeys(_OWN, Missing(looked_for=f"a definition that parses: {why}"))
            states["api.definition_parses"] = Known(value=False, path=_PATH)
        case Definition() as found:
            states = {
                "api.definition_parses": Known(value=True, path=_PATH),
                "api.version": (
                    Known(value=found.version, path=f"{_PATH}: info.version")
                    if found.version
                    else Missing(looked_for=f"{_PATH}: info.version")
                ),
                "api.operations": Known(value=found.operations, path=_PATH),
                "api.operations_described": Known(value=found.described, path=_PATH),
            }
    return {**states, "api.definition_format": known_format}


def _not_read(why: str) -> FailedFact:
    return FailedFact(reason=Unknown.NOT_COLLECTED, detail=why)
