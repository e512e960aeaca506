"""Wording: our problems as Backstage's errors, whose names and texts its clients and people know.

Names and texts are those of Backstage catalog 4.0.0 (reference 2.3, 2.6, 2.8 and 4.8, observed).
Where it has none, as for what it never notices, the problem speaks for itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.descriptor.formats import is_api_version
from catalog.descriptor.placeholders import RESOLVERS
from catalog.descriptor.schema_faults import OUTPUT_FIELDS, TYPES
from catalog.pointers import steps_of
from catalog.problems import JsonValue, Problem, Severity
from catalog.urls import is_url

_PROCESSORS = {"template": "ScaffolderEntitiesProcessor"}
"""What looks at a kind, where that is not the `BuiltinKindsEntityProcessor`."""
_PLACEHOLDERS = "Processor PlaceholderProcessor threw an error while preprocessing"
_REF_FORM = "was not on the form [<kind>:][<namespace>/]<name>"
_MORE = (
    "To learn more about catalog file format, visit: https://github.com/backstage/backstage/"
    "blob/master/docs/architecture-decisions/adr002-default-catalog-file-format.md"
)
_NAME = (
    "a string that is sequences of [a-zA-Z0-9] separated by any of [-_.], "
    "at most 63 characters in total"
)
_PREFIXED = "a valid prefix and/or suffix"
_FORMATS = {
    "NAME_FORMAT": _NAME,
    "LABEL_VALUE": _NAME,
    "NAMESPACE_FORMAT": (
        "a string that is sequences of [a-z0-9] separated by [-], at most 63 characters in total"
    ),
    "TAG_FORMAT": (
        "a string that is sequences of [a-z0-9+#] separated by [-], at most 63 characters in total"
    ),
    "KIND_FORMAT": (
        "a string that is a sequence of [a-zA-Z][a-z0-9A-Z], at most 63 characters in total"
    ),
    "API_VERSION": _PREFIXED,
    "LABEL_KEY": _PREFIXED,
    "ANNOTATION_KEY": _PREFIXED,
    "LINK_URL": "a string that is a valid url",
    "FIELD_EMPTY": "a non empty string",
}
_NOT_FOUND = ("NOT_FOUND", "SOURCE_NOT_FOUND", "FILE_NOT_FOUND", "NOTHING_FOUND", "GIT_NOT_FOUND")
_MINIMAL = ("", "/apiVersion", "/kind", "/metadata", "/metadata/name", "/metadata/namespace")
"""What Backstage looks at before anything else, and without telling of which entity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BackstageError:
    """An error as Backstage serializes it."""

    name: str
    message: str
    cause: tuple[str, str] | None = None
    """Name and message of the error behind it."""

    def __str__(self) -> str:
        """`<name>: <message>`, as JavaScript prints it."""
        return f"{self.name}: {self.message}"

    def as_dict(self) -> dict[str, JsonValue]:
        """As JSON; without `cause` where there is none."""
        error: dict[str, JsonValue] = {"name": self.name, "message": self.message}
        if self.cause is not None:
            error["cause"] = {"name": self.cause[0], "message": self.cause[1]}
        return error


def backstage_error(
    problem: Problem, *, ref: str | None, location: str, origin: str = ""
) -> BackstageError:
    """The error that Backstage would have given for a problem.

    `ref` is the entity that has it or would have it, `location` the location ref of its file, and
    `origin` that of the registered location, if it is another one.
    """
    match problem.code:
        case code if code.startswith("PLACEHOLDER_") or _placeholder_key(problem) in RESOLVERS:
            return _caused(_PLACEHOLDERS, "Error", _placeholder(problem))
        case "YAML_SYNTAX" | "YAML_DUPLICATE_KEY":
            return _error("Error", f"YAML error at {location}, {_yaml(problem)}")
        case "NOT_A_MAPPING":
            return _error("Error", f"Expected object at root, got {_typeof(problem.found)}")
        case "NOT_A_DESCRIPTOR" if problem.severity is Severity.INFO and problem.found:
            return _error("Error", f"Expected object at root, got {_typeof(problem.found)}")
        case "NOT_A_DESCRIPTOR":
            return _error("TypeError", _required("<root>", "apiVersion"))
        case "KIND_NOT_ALLOWED":
            place = f"{ref} at {location}, originated at {origin or location},"
            text = f"Entity {place} is not of an allowed kind for that location"
            return _error("NotAllowedError", text)
        case "KEYS_DIFFER_IN_CASE":
            key = f"{problem.pointer[1:]}.{problem.found}".lower()
            text = f"Entity has duplicate keys that vary only in casing, '{key}'"
            return _error("InputError", text)
        case "REF_FORMAT":
            # The class that Backstage throws for what cannot be taken apart is another one.
            name = "TypeError" if problem.message.endswith(_REF_FORM) else "Error"
            return _caused(f"{_processor(ref)} postprocessing", name, problem.message)
        case code if code in _FORMATS or code.startswith(("FIELD_", "KIND_")):
            return _of_field(problem, ref or location)
        case _:
            return _of_place(problem, location)


def _of_field(problem: Problem, subject: str) -> BackstageError:
    """What is wrong with a field: the phase that would have found it depends on the field."""
    is_foreign = problem.code == "API_VERSION" and is_api_version(problem.found)
    if is_foreign or problem.code == "KIND_UNKNOWN":
        text = f"No processor recognized the entity {subject} as valid"
        return _error("InputError", f"{text}, possibly caused by a foreign kind or apiVersion")
    place, text, detail = _schema_fault(problem)
    policy = f"Policy check failed for {subject}"
    if not text:
        return _caused(policy, "Error", _malformed(problem))
    if problem.code == "FIELD_UNKNOWN_ROOT" and problem.found in OUTPUT_FIELDS:
        return _caused(policy, "Error", f"Unknown field {problem.found}")
    if problem.pointer in _MINIMAL and detail:
        return _error("TypeError", f"{place} {text} - {detail}")
    is_absent = (problem.code, problem.pointer) == ("FIELD_REQUIRED", "/spec")
    if is_absent or problem.pointer.startswith("/spec/"):
        cause = f"{place} {text} - {detail}" if detail else text
        return _caused(f"{_processor(subject)} validating the entity {subject}", "TypeError", cause)
    return _caused(policy, "Error", f"Malformed envelope, {place} {text}" if detail else text)


def _processor(subject: str | None) -> str:
    kind = (subject or "").partition(":")[0]
    name = _PROCESSORS.get(kind, "BuiltinKindsEntityProcessor")
    return f"Processor {name} threw an error while"


def _schema_fault(problem: Problem) -> tuple[str, str, str]:
    """Place, text and details of what a JSON Schema finds; no text where it is a format's affair.

    The details are empty where the words are our own, which name the place themselves.
    """
    place, found, wanted = problem.pointer or "<root>", problem.found, problem.expected
    if problem.code == "FIELD_TYPE" or (problem.code == "FIELD_EMPTY" and found == "nothing"):
        names = ",".join(name for name, words in TYPES.items() if words in wanted)
        return place, f"must be {names}", f"type: {names}"
    match problem.code:
        case "FIELD_REQUIRED":
            around = problem.pointer.rpartition("/")[0] or "<root>"
            return around, f"must have required property '{wanted}'", f"missingProperty: {wanted}"
        case "FIELD_UNKNOWN_ROOT":
            return "<root>", "must NOT have additional properties", f"additionalProperty: {found}"
        case "FIELD_EMPTY" if wanted == "text":
            return place, "must NOT have fewer than 1 characters", "limit: 1"
        case "FIELD_EMPTY" if found == "a list":
            return place, "must NOT have fewer than 1 items", "limit: 1"
        case "FIELD_VALUE" if options := re.findall("`([^`]*)`", wanted):
            text = "must be equal to one of the allowed values"
            return place, text, f"allowedValues: {','.join(options)}"
        case code if code in _FORMATS:
            return place, "", ""
        case _:
            return place, problem.message, ""


def _malformed(problem: Problem) -> str:
    """What Backstage says of a text that has not the form it needs."""
    steps = steps_of(problem.pointer)
    if steps[1:2] and steps[1] in ("labels", "annotations", "tags", "links"):
        steps = steps[1:]
    expected = f'expected {_FORMATS[problem.code]} but found "{problem.found}"'
    return f'"{".".join(steps)}" is not valid; {expected}. {_MORE}'


def _placeholder_key(problem: Problem) -> str:
    return problem.pointer.rpartition("/")[2]


def _placeholder(problem: Problem) -> str:
    key = _placeholder_key(problem)
    if problem.code in ("PLACEHOLDER_TARGET", "PLACEHOLDER_INLINE"):
        form = "in the form of an absolute URL or a relative path"
        return f"Placeholder {key} expected a string value parameter, {form}"
    why = problem.message
    if problem.code == "HOST_NOT_ALLOWED":
        why = f"NotAllowedError: {_not_allowed_text(problem.found)}"
    elif not problem.code.startswith("PLACEHOLDER_"):
        why = f"{'NotFoundError' if problem.code in _NOT_FOUND else 'Error'}: {why}"
    return f"Placeholder {key} could not read location {problem.found}, {why}"


def _of_place(problem: Problem, location: str) -> BackstageError:
    """What is wrong with a place that was to be read."""
    kind, _, target = location.partition(":")
    match problem.code:
        case "LOCATION_TARGET_MISSING":
            text = f"Unable to read {kind or 'url'}, no matching files found for {problem.found}"
            return _error("NotFoundError", text)
        case "NO_SOURCE" if kind == "url":
            return _no_url(problem.found or target)
        case "NO_SOURCE":
            asked = f"{kind}:{problem.found or target}"
            return _error("InputError", f"No processor was able to handle reading of {asked}")
        case "HOST_NOT_ALLOWED":
            return _not_allowed(problem.found or target)
        case "URL_PATTERN":
            return _error("Error", "Unable to read url, Unsupported search pattern URL")
        case code:
            return _error("NotFoundError" if code in _NOT_FOUND else "Error", problem.message)


def _no_url(text: str) -> BackstageError:
    """What is told of the target of a `url` that no reader takes."""
    if not text.strip():
        form = "expected '<type>:<target>', e.g. 'url:https://host/path'"
        return _error("TypeError", f"Unable to parse location ref 'url:{text}', {form}")
    if not is_url(text):
        return _error("Error", "Unable to read url, Invalid URL")
    return _not_allowed(text)


def _not_allowed(url: str) -> BackstageError:
    return _error("Error", f"Unable to read url, {_not_allowed_text(url)}")


def _not_allowed_text(url: str) -> str:
    return (
        f"Reading from '{url}' is not allowed. "
        "You may need to configure an integration for the target host, or add it to the "
        "configured list of allowed hosts at 'backend.reading.allow'"
    )


def _yaml(problem: Problem) -> str:
    text = problem.message.rstrip(".")
    if problem.code == "YAML_DUPLICATE_KEY":
        text = "Map keys must be unique"
    return f"YAMLParseError: {text} at line {problem.line}, column {problem.column}"


def _required(place: str, name: str) -> str:
    return f"{place} must have required property '{name}' - missingProperty: {name}"


def _typeof(found: str) -> str:
    """What JavaScript calls a root that is no mapping, as far as its quotation tells."""
    if found == "a list":
        return "object"
    if found in ("True", "False"):
        return "boolean"
    return "number" if re.fullmatch(r"[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", found) else "string"


def _error(name: str, message: str) -> BackstageError:
    return BackstageError(name=name, message=message)


def _caused(message: str, name: str, cause: str) -> BackstageError:
    return BackstageError(
        name="InputError", message=f"{message}; caused by {name}: {cause}", cause=(name, cause)
    )
