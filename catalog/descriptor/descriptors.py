"""Descriptors: a file's bytes in, a verdict on each of its documents out.

This is the one way from YAML to entities. Every document is judged by itself, so a bad one harms
none beside it; nothing here reads a file, follows a link or raises for what a file holds.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from catalog.descriptor.bundling import Resolve
from catalog.descriptor.claimed import identity, owner
from catalog.descriptor.duplicates import with_duplicates_noted
from catalog.descriptor.inference import Infer, with_owner
from catalog.descriptor.normalize import normalize, serialize
from catalog.descriptor.placing import place
from catalog.descriptor.relations import relate
from catalog.descriptor.rules import AllowRule, is_allowed, not_allowed
from catalog.descriptor.substitution import substitute
from catalog.descriptor.terms import terms
from catalog.descriptor.validation import validate
from catalog.entity import Entity, Outcome, Target, Verdict
from catalog.kinds.registry import Kinds, builtin_kinds
from catalog.parsing.documents import (
    Empty,
    Malformed,
    Parsed,
    ParsedDocument,
    looks_like_html,
    parse,
)
from catalog.parsing.positions import Positions
from catalog.problems import JsonValue, Problem, Severity, quote
from catalog.refs import EntityRef

_MARKS = (b"{{", b"{%")
"""Expressions of template engines; `${{` contains the first."""
_TEMPLATE = re.compile(
    rb"""^[ \t{,]*["']?kind["']?[ \t]*:[ \t]*["']?Template(?![\w])""", re.MULTILINE
)
_PLACEHOLDER = re.compile(r"\$(?:text|json|yaml|openapi|asyncapi)\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class _File:
    """What all documents of one file share."""

    name: str
    location: str
    origin: str
    annotations: Mapping[str, str]
    resolve: Resolve | None
    infer: Infer | None
    rules: Sequence[AllowRule] | None
    kinds: Kinds
    skeleton: bool
    """Holds expressions of a template engine, and no Template."""


def read_descriptor(
    content: bytes,
    *,
    file: str,
    location: str,
    origin: str,
    extra_annotations: Mapping[str, str] = {},
    resolve: Resolve | None = None,
    infer: Infer | None = None,
    rules: Sequence[AllowRule] | None = None,
    kinds: Kinds | None = None,
) -> tuple[tuple[Outcome, ...], tuple[Problem, ...]]:
    """An outcome for each YAML document of a file, and the problems of the file as a whole.

    `location` and `origin` are the location refs that become the managed-by annotations;
    `extra_annotations` yield to the file's own. `resolve` reads what placeholders name; without it
    they stay in place. `infer` says whose an entity is that names no owner. `kinds` are those there
    are; None: the built-in ones. `rules` say which of them may come from `origin`; None: all.

    Several documents with one ref are each accepted, since each is valid; the earlier ones carry
    the warning DUPLICATE_ENTITY, because the last one counts, whole, as in Backstage (reference
    4.7): who stores outcomes in their order gets that.
    """
    parsed = parse(content, file=file)
    reading = _File(
        name=file,
        location=location,
        origin=origin,
        annotations=extra_annotations,
        resolve=resolve,
        infer=infer,
        rules=rules,
        kinds=kinds or builtin_kinds(),
        skeleton=any(mark in content for mark in _MARKS) and not _TEMPLATE.search(content),
    )
    outcomes = [_judge(document, reading) for document in parsed.documents]
    return with_duplicates_noted(outcomes, parsed.documents), parsed.problems


def _judge(document: ParsedDocument, file: _File) -> Outcome:
    state = document.state
    match state:
        case Empty():
            return Outcome(file=file.name, document=document.index, verdict=Verdict.EMPTY, ref=None)
        case Malformed():
            return _refused(document, file, None, list(state.problems))
        case Parsed():
            return _read(document, state, file)
        case _:
            assert_never(state)


def _read(document: ParsedDocument, state: Parsed, file: _File) -> Outcome:
    data = state.data
    ignored = _not_meant(data, file)
    if ignored is not None:
        return _ignored(document, file, ignored)
    if not isinstance(data, dict):
        return _refused(document, file, None, [*state.problems, _not_a_mapping(data)])
    problems = list(state.problems)
    if _PLACEHOLDER.search(document.text):
        data, more = substitute(data, file.resolve)
        problems += more
    data, more = with_owner(data, file.infer)
    problems += more
    problems += validate(data, file.kinds)
    ref = identity(data)
    if ref is None or _has_errors(problems):
        return _refused(document, file, ref, problems)
    if not _is_allowed(ref, data, file):
        problems.append(not_allowed(ref.kind, file.origin))
        return _rejected(document, file, ref, problems)
    entity, more = _entity(data, ref, file, document)
    problems += more
    if _has_errors(problems):
        return _refused(document, file, ref, problems)
    return Outcome(
        file=file.name,
        document=document.index,
        line=document.line,
        verdict=Verdict.ACCEPT,
        ref=str(ref),
        problems=place(problems, document, file=file.name),
        entity=entity,
    )


def _entity(
    data: dict[str, JsonValue], ref: EntityRef, file: _File, document: ParsedDocument
) -> tuple[Entity, list[Problem]]:
    """The entity of a valid descriptor; its references and keys may still turn out wrong."""
    normal, problems = normalize(
        data, location=file.location, origin=file.origin, extra_annotations=file.annotations
    )
    spec = normal.get("spec")
    fields = spec if isinstance(spec, dict) else {}
    # References are read as they stand in the file: normalizing sorts them, and positions count.
    written = data.get("spec")
    relations, unreadable = relate(
        ref, written if isinstance(written, dict) else {}, file.kinds.by_name[ref.kind]
    )
    found, clashes = terms(normal)
    body, digest = serialize(normal)
    entity = Entity(
        ref=ref,
        body=body,
        digest=digest,
        relations=relations,
        terms=found,
        targets=_targets(fields, document) if ref.kind == "Location" else (),
        etag=_etag(data),
    )
    return entity, [*problems, *unreadable, *clashes]


def _etag(data: Mapping[str, JsonValue]) -> str | None:
    metadata = data.get("metadata")
    etag = metadata.get("etag") if isinstance(metadata, dict) else None
    return etag if isinstance(etag, str) else None


def _is_allowed(ref: EntityRef, data: Mapping[str, JsonValue], file: _File) -> bool:
    if file.rules is None:
        return True
    spec = data.get("spec")
    spec_type = spec.get("type") if isinstance(spec, dict) else None
    return is_allowed(
        file.rules,
        kind=ref.kind,
        spec_type=spec_type if isinstance(spec_type, str) else None,
        origin=file.origin,
    )


def _targets(spec: Mapping[str, JsonValue], document: ParsedDocument) -> tuple[Target, ...]:
    several = spec.get("targets")
    named = [("/spec/target", spec.get("target"))]
    if isinstance(several, list):
        named += [(f"/spec/targets/{index}", text) for index, text in enumerate(several)]
    kind, optional = spec.get("type"), spec.get("presence") == "optional"
    places = Positions(document)
    found: dict[str, Target] = {}
    for pointer, text in named:
        if isinstance(text, str) and text not in found:
            line, column = places.of(pointer) or (document.line, 1)
            of_type = kind if isinstance(kind, str) else ""
            found[text] = Target(text, document.index, line, column, of_type, optional)
    return tuple(found.values())


def _not_meant(data: JsonValue, file: _File) -> Problem | None:
    """Why a document is another tool's, or what is wrong with one that cannot be told from that."""
    if isinstance(data, str) and looks_like_html(data):
        return None  # a sign-in page says nothing on what the file holds
    if isinstance(data, dict) and ("apiVersion" in data or "kind" in data):
        return None
    if posixpath.basename(file.name).startswith("catalog-info"):
        return None
    return Problem(
        code="NOT_A_DESCRIPTOR",
        severity=Severity.INFO,
        message="This is no descriptor: it has neither `apiVersion` nor `kind`; it is ignored.",
        found="" if isinstance(data, dict) else _quoted(data),
    )


def _quoted(data: JsonValue) -> str:
    return "a list" if isinstance(data, list) else quote(data)


def _not_a_mapping(data: JsonValue) -> Problem:
    is_html = isinstance(data, str) and looks_like_html(data)
    return Problem(
        code="NOT_A_MAPPING",
        message="A descriptor is a mapping with `apiVersion`, `kind` and `metadata`.",
        found=_quoted(data),
        expected="a mapping",
        hint="This looks like an HTML page: was a sign-in page saved in its place?"
        if is_html
        else "",
    )


def _has_errors(problems: Sequence[Problem]) -> bool:
    return any(problem.severity is Severity.ERROR for problem in problems)


def _refused(
    document: ParsedDocument, file: _File, ref: EntityRef | None, problems: list[Problem]
) -> Outcome:
    """Rejected as invalid, unless the file is a template's skeleton, which is no descriptor yet."""
    if not file.skeleton:
        return _rejected(document, file, ref, problems)
    why = Problem(
        code="TEMPLATE_SKELETON",
        severity=Severity.INFO,
        message="This is a template's skeleton: its expressions are not rendered yet.",
        hint="It is ignored.",
    )
    return _ignored(document, file, why)


def _rejected(
    document: ParsedDocument, file: _File, ref: EntityRef | None, problems: list[Problem]
) -> Outcome:
    return Outcome(
        file=file.name,
        document=document.index,
        line=document.line,
        verdict=Verdict.REJECT,
        ref=None if ref is None else str(ref),
        owner=owner(document.state, ref),
        problems=place(problems, document, file=file.name),
    )


def _ignored(document: ParsedDocument, file: _File, why: Problem) -> Outcome:
    return Outcome(
        file=file.name,
        document=document.index,
        line=document.line,
        verdict=Verdict.IGNORE,
        ref=None,
        problems=(
            replace(why, file=file.name, document=document.index, line=document.line, column=1),
        ),
    )
