"""Importing: checks of Tech Insights in an `app-config.yaml`, made a scorecard.

A check is translated whole or not at all, and what could not be translated is told with its place
and why. What comes out always loads: it is given to the loader before it is handed over.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from catalog.descriptor.suggestions import nearest
from catalog.parsing.documents import Malformed, Parsed, ParsedDocument, parse
from catalog.parsing.positions import Positions
from catalog.pointers import Step, pointer
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.yaml_text import as_yaml
from scorecards.collection.pushed import is_name
from scorecards.definitions.loading import load_scorecards
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FactSchema
from scorecards.foreign.foreign_checks import Translator, check_id
from scorecards.foreign.foreign_facts import ForeignFacts
from scorecards.foreign.json_rules import Untranslatable

CHECKS: tuple[Step, ...] = ("techInsights", "factChecker", "checks")
"""Where they are in the configuration."""

MOST_CHECKS = 200
"""In one scorecard."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """What came of a configuration."""

    text: str
    """A scorecard in YAML; '' where nothing could be translated."""
    checks: Mapping[str, str]
    """By id of each check that was translated, the id it has now."""
    to_declare: tuple[FactSchema, ...]
    """Facts that no collector observes: to be declared and pushed."""
    problems: tuple[Problem, ...]
    """Errors: what was not translated. Warnings and notes: what to look at."""


def import_checks(
    text: str,
    *,
    file: str,
    name: str,
    facts: Mapping[str, str],
    schemas: Mapping[str, FactSchema],
) -> Imported:
    """The checks of an app-config as the scorecard `name`. Never raises, whatever the text.

    `facts` says what facts are here: by `retriever.fact` or `fact`, a CEL expression over `schemas`
    or the name that the fact will be pushed under.
    """
    report = _Report(file)
    usable = dict(_usable(facts, schemas, report))
    known = ForeignFacts(
        mapped=usable,
        language=Language(schemas),
        taken={schema.partition(".")[0] for schema in schemas},
    )
    found = list(_checks(text, report))
    for _, check in found:
        Translator(known).note(check)
    made: dict[str, dict[str, JsonValue]] = {}
    for key, check in found:
        _translate(key, check, Translator(known), made, report)
    declared = known.to_declare(known.used.keys())
    loaded = {**schemas, **{schema.name: schema for schema in declared}}
    document = _loadable(name, made, loaded, report)
    written = as_yaml(document) if made else ""
    return Imported(
        text=written,
        checks={key: str(check["id"]) for key, check in made.items()},
        to_declare=tuple(schema for schema in declared if schema.name in written),
        problems=tuple(report.problems),
    )


class _Report:
    """Collects problems, with their places in the configuration."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._positions: Positions | None = None
        self.problems: list[Problem] = []

    def read(self, document: ParsedDocument) -> None:
        self._positions = Positions(document)

    def say(self, problem: Problem, path: Sequence[Step]) -> None:
        where = pointer(path)
        place = self._positions.of(where) if self._positions else None
        line, column = place or (None, None)
        self.problems.append(
            replace(problem, file=self._file, line=line, column=column, pointer=where)
        )


def _checks(text: str, report: _Report) -> Iterator[tuple[str, Any]]:
    """Each check of the configuration with its id."""
    parsed = parse(text.encode("utf-8", "surrogatepass"), file=report._file)
    report.problems.extend(parsed.problems)
    anything = False
    for document in parsed.documents:
        if isinstance(document.state, Malformed):
            report.problems.extend(document.state.problems)
        if not isinstance(document.state, Parsed):
            continue
        data: Any = document.state.data
        for step in CHECKS:
            data = data.get(step) if isinstance(data, dict) else None
        if isinstance(data, dict):
            report.read(document)
            anything = True
            yield from data.items()
            return
    if not anything and not report.problems:
        dotted = ".".join(map(str, CHECKS))
        text = f"there are no checks: nothing stands at {dotted}"
        report.say(Problem(code="IMPORT_NOTHING", message=text), ())


def _translate(
    key: str,
    check: Any,
    translator: Translator,
    made: dict[str, dict[str, JsonValue]],
    report: _Report,
) -> None:
    path = [*CHECKS, key]
    if len(made) >= MOST_CHECKS:
        message = f"check `{quote(key)}` is not translated: a scorecard has {MOST_CHECKS} at most"
        report.say(Problem(code="IMPORT_UNTRANSLATABLE", message=message), path)
        return
    taken = {str(other["id"]) for other in made.values()}
    try:
        made[key] = translator.check(key, check, check_id(key, taken))
    except Untranslatable as why:
        message = f"check `{quote(key)}` is not translated: {why}"
        report.say(
            Problem(code="IMPORT_UNTRANSLATABLE", message=message[:300]),
            [*path, *translator.place, *([why.key] if why.key else [])],
        )
        return
    for note, place in translator.notes:
        said = Problem(code="IMPORT_NOTE", message=note, severity=Severity.INFO)
        report.say(said, [*path, *place])


def _loadable(
    name: str,
    made: dict[str, dict[str, JsonValue]],
    schemas: Mapping[str, FactSchema],
    report: _Report,
) -> dict[str, JsonValue]:
    """The document, without the checks that the loader refuses: these are taken out of `made`."""
    while True:
        document = _document(name, made)
        if not made:
            return document
        _, problems = load_scorecards(as_yaml(document), file=name, schemas=schemas)
        keys = list(made)
        refused = {
            keys[int(steps[3])]: problem
            for problem in reversed(problems)
            if problem.severity is Severity.ERROR
            and (steps := problem.pointer.split("/"))[1:3] == ["spec", "checks"]
            and len(steps) > 3
        }
        if not refused:
            if any(problem.severity is Severity.ERROR for problem in problems):
                report.problems.extend(problems)
                made.clear()
            return document
        for key, problem in refused.items():
            del made[key]
            message = f"check `{quote(key)}` is not translated: {problem.message}"
            told = Problem(code="IMPORT_UNTRANSLATABLE", message=message[:300], hint=problem.hint)
            report.say(told, [*CHECKS, key])


def _document(name: str, made: Mapping[str, Mapping[str, JsonValue]]) -> dict[str, JsonValue]:
    return {
        "apiVersion": "plumbline.dev/v1",
        "kind": "Scorecard",
        "metadata": {"name": name, "title": "Imported from Tech Insights"},
        "spec": {"checks": [dict(check) for check in made.values()]},
    }


def _usable(
    facts: Mapping[str, str], schemas: Mapping[str, FactSchema], report: _Report
) -> Iterator[tuple[str, str]]:
    """The entries of a map that lead to something; each other one is an error."""
    language = Language(schemas)
    spaces: Collection[str] = {schema.partition(".")[0] for schema in schemas}
    for key, value in facts.items():
        found = language.compile(value)
        is_new = is_name(value) and value.partition(".")[0] not in spaces
        if isinstance(found, Program) or is_new:
            yield key, value
        else:
            near = nearest(value, list(schemas))
            hint = f"Did you mean `{near}`?" if near else found[0].hint
            text = f"`{quote(key)}` is mapped to what there is not: {found[0].message}"
            problem = Problem(code="IMPORT_MAP", message=text[:300], hint=hint, found=quote(value))
            report.problems.append(problem)
