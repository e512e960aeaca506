"""Wording: what Backstage would have said of a descriptor that it refuses."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.rules import AllowedKind, AllowRule
from catalog.explanations.wording import BackstageError, backstage_error
from catalog.problems import Problem, Severity

FILE = "url:https://example.com/catalog-info.yaml"
KINDS = "Processor BuiltinKindsEntityProcessor threw an error while"
POLICY = "Policy check failed for component:default/x"
LEARN = "To learn more about catalog file format, visit: https://github.com/backstage/backstage/"
GOOD = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: x
spec:
  type: service
  lifecycle: production
  owner: team
"""


def errors(text: str, **more: Any) -> list[BackstageError]:
    outcomes, problems = read_descriptor(
        text.encode(), file="catalog-info.yaml", location=FILE, origin=FILE, **more
    )
    found = [(o.ref, one) for o in outcomes for one in o.problems] + [(None, p) for p in problems]
    return [
        backstage_error(one, ref=ref, location=FILE)
        for ref, one in found
        if one.severity is Severity.ERROR
    ]


def only(text: str, **more: Any) -> BackstageError:
    [found] = errors(text, **more)
    return found


@pytest.mark.parametrize(
    ("line", "instead", "name", "message"),
    [
        ("kind: Component\n", "", "TypeError", "<root> must have required property 'kind'"),
        ("name: x", "name: 12", "TypeError", "/metadata/name must be string - type: string"),
        ("name: x", "name: ''", "TypeError", "/metadata/name must NOT have fewer than 1"),
        ("name: x", "name:", "TypeError", "/metadata/name must be string - type: string"),
        (
            "name: x",
            "name: x\n  namespace: 1",
            "TypeError",
            "/metadata/namespace must be string - type: string",
        ),
    ],
)
def test_what_makes_no_entity_at_all_is_a_fault_of_the_minimal_envelope(
    line: str, instead: str, name: str, message: str
) -> None:
    found = only(GOOD.replace(line, instead))
    assert found.name == name
    assert found.message.startswith(message)
    assert found.cause is None


@pytest.mark.parametrize(
    ("metadata", "inner"),
    [
        ("annotations: {num: 1}", "Malformed envelope, /metadata/annotations/num must be string"),
        ("title: ''", "Malformed envelope, /metadata/title must NOT have fewer than 1 characters"),
        ("links: [{}]", "Malformed envelope, /metadata/links/0 must have required property 'url'"),
        ("tags: a", "Malformed envelope, /metadata/tags must be array"),
        ("namespace: Foo", '"metadata.namespace" is not valid; expected a string that is sequ'),
        (
            "tags: [a, B]",
            '"tags.1" is not valid; expected a string that is sequences of [a-z0-9+#]',
        ),
        ("labels: {A/b: x}", '"labels.A/b" is not valid; expected a valid prefix and/or suffix'),
        ("labels: {b: x y}", '"labels.b" is not valid; expected a string that is sequences of'),
        ("annotations: {A/b: x}", '"annotations.A/b" is not valid; expected a valid prefix'),
        ("links: [{url: x}]", '"links.0.url" is not valid; expected a string that is a valid url'),
        ("links: [{url: 'a:b', icon: ' '}]", '"links.0.icon" is not valid; expected a non empty'),
    ],
)
def test_what_breaks_a_rule_of_metadata_fails_the_policy_check(metadata: str, inner: str) -> None:
    found = only(GOOD.replace("name: x", f"name: x\n  {metadata}"))
    assert found.name == "InputError"
    assert found.cause is not None
    name, message = found.cause
    assert name == "Error"
    assert message.startswith(inner)
    assert LEARN in message or message.startswith("Malformed envelope")
    policy, caused, _ = found.message.partition("; caused by ")
    assert policy in (POLICY, "Policy check failed for component:foo/x")
    assert caused
    assert found.message.endswith(f"Error: {message}")


def test_a_text_of_the_wrong_form_is_quoted_as_backstage_does() -> None:
    found = only(GOOD.replace("name: x", "name: b d"))
    assert found.message == (
        "Policy check failed for component:default/b d; caused by Error: "
        '"metadata.name" is not valid; expected a string that is sequences of [a-zA-Z0-9] '
        "separated by any of [-_.], at most 63 characters in total but found "
        '"b d". To learn more about catalog file format, visit: https://github.com/backstage/'
        "backstage/blob/master/docs/architecture-decisions/"
        "adr002-default-catalog-file-format.md"
    )


@pytest.mark.parametrize(
    ("root", "inner"),
    [
        ("zzz: 1", "Malformed envelope, <root> must NOT have additional properties"),
        ("status: {}", "Unknown field status"),
        ("relations: []", "Unknown field relations"),
    ],
)
def test_keys_beside_the_envelope_fail_the_policy_check(root: str, inner: str) -> None:
    assert only(f"{GOOD}{root}\n").message == f"{POLICY}; caused by Error: {inner}"


@pytest.mark.parametrize(
    ("line", "instead", "inner"),
    [
        (
            "  owner: team\n",
            "",
            "/spec must have required property 'owner' - missingProperty: owner",
        ),
        ("owner: team", "owner: 1", "/spec/owner must be string - type: string"),
        (
            "owner: team",
            "owner: ''",
            "/spec/owner must NOT have fewer than 1 characters - limit: 1",
        ),
        ("owner: team", "owner:", "/spec/owner must be string - type: string"),
        ("type: service", "type: service\n  dependsOn: a", "/spec/dependsOn must be array"),
    ],
)
def test_what_breaks_the_schema_of_its_kind_is_told_by_the_kinds_processor(
    line: str, instead: str, inner: str
) -> None:
    found = only(GOOD.replace(line, instead))
    assert found.name == "InputError"
    assert found.cause is not None
    assert found.cause[0] == "TypeError"
    assert found.cause[1].startswith(inner)
    text = f"{KINDS} validating the entity component:default/x; caused by TypeError: "
    assert found.message == text + found.cause[1]


def test_a_value_that_is_not_allowed_is_told_with_those_that_are() -> None:
    text = GOOD.split("spec:")[0].replace("Component", "Location") + "spec: {presence: maybe}\n"
    expected = "must be equal to one of the allowed values - allowedValues: required,optional"
    assert only(text).cause == ("TypeError", f"/spec/presence {expected}")


def test_a_missing_spec_is_a_fault_for_the_kind_and_one_of_another_type_for_the_envelope() -> None:
    without = GOOD.split("spec:")[0]
    assert only(without).message.endswith(
        "<root> must have required property 'spec' - missingProperty: spec"
    )
    assert only(f"{without}spec: 1\n").message == (
        f"{POLICY}; caused by Error: Malformed envelope, /spec must be object"
    )


@pytest.mark.parametrize(
    ("line", "instead", "ref"),
    [
        ("kind: Component", "kind: Pipeline", "pipeline:default/x"),
        ("backstage.io/v1alpha1", "backstage.io/v7", "component:default/x"),
    ],
)
def test_a_foreign_kind_or_version_is_recognized_by_nobody(
    line: str, instead: str, ref: str
) -> None:
    found = only(GOOD.replace(line, instead))
    assert str(found) == (
        f"InputError: No processor recognized the entity {ref} as valid, "
        "possibly caused by a foreign kind or apiVersion"
    )


def test_an_api_version_of_the_wrong_form_fails_the_policy_check() -> None:
    found = only(GOOD.replace("backstage.io/v1alpha1", "a/b/c"))
    start = f'{POLICY}; caused by Error: "apiVersion" is not valid; expected a valid prefix and/or'
    assert found.message.startswith(start)


@pytest.mark.parametrize(
    ("ref", "name", "inner"),
    [
        (
            "a",
            "Error",
            'Entity reference "a" had missing or empty kind '
            '(e.g. did not start with "component:" or similar)',
        ),
        (
            "'a:'",
            "TypeError",
            'Entity reference "a:" was not on the form [<kind>:][<namespace>/]<name>',
        ),
    ],
)
def test_a_reference_that_cannot_be_read_fails_postprocessing(
    ref: str, name: str, inner: str
) -> None:
    found = only(f"{GOOD}  dependsOn: [{ref}]\n")
    assert found.message == f"{KINDS} postprocessing; caused by {name}: {inner}"
    assert found.cause == (name, inner)


@pytest.mark.parametrize(
    ("spec", "doing", "inner"),
    [
        (
            "type: service",
            "validating the entity template:default/x",
            "TypeError: /spec must have required property 'steps' - missingProperty: steps",
        ),
        (
            "{type: service, steps: [], owner: 'a:'}",
            "postprocessing",
            'TypeError: Entity reference "a:" was not on the form [<kind>:][<namespace>/]<name>',
        ),
    ],
)
def test_a_template_is_looked_at_by_the_scaffolders_processor(
    spec: str, doing: str, inner: str
) -> None:
    head = "apiVersion: scaffolder.backstage.io/v1beta3\nkind: Template\nmetadata: {name: x}\n"
    start = "Processor ScaffolderEntitiesProcessor threw an error while"
    assert only(f"{head}spec:\n  {spec}\n").message == f"{start} {doing}; caused by {inner}"


def test_a_placeholder_without_a_path_fails_preprocessing() -> None:
    found = only(GOOD.replace("owner: team", "owner: {$text: 1}"))
    assert found.cause == (
        "Error",
        "Placeholder $text expected a string value parameter, "
        "in the form of an absolute URL or a relative path",
    )


def test_keys_that_differ_in_case_are_told_in_lower_case() -> None:
    found = only(f"{GOOD}  Foo: 1\n  foo: 2\n")
    text = "Entity has duplicate keys that vary only in casing, 'spec.foo'"
    assert found == BackstageError(name="InputError", message=text)


def test_a_kind_that_is_not_allowed_is_told_with_file_and_origin() -> None:
    rules = (AllowRule(kinds=(AllowedKind(kind="API"),)),)
    place = f"component:default/x at {FILE}, originated at {FILE},"
    expected = f"NotAllowedError: Entity {place} is not of an allowed kind for that location"
    assert str(only(GOOD, rules=rules)) == expected
    problem = Problem(code="KIND_NOT_ALLOWED", message="No.")
    told = backstage_error(problem, ref="user:default/x", location="url:a", origin="url:b")
    assert "at url:a, originated at url:b," in told.message


def test_broken_yaml_is_told_with_its_place() -> None:
    found = only("apiVersion: [broken\n")
    assert found.name == "Error"
    assert re.match(
        rf"YAML error at {FILE}, YAMLParseError: .+ at line \d+, column \d+$", found.message
    )
    twice = only(GOOD + "kind: API\n")
    place = "Map keys must be unique at line 9, column 1"
    assert twice.message == f"YAML error at {FILE}, YAMLParseError: {place}"


@pytest.mark.parametrize(
    ("text", "type_"),
    [("- a\n", "object"), ("hello\n", "string"), ("12\n", "number"), ("true\n", "boolean")],
)
def test_a_document_that_is_no_mapping_is_told_by_its_javascript_type(
    text: str, type_: str
) -> None:
    assert str(only(text)) == f"Error: Expected object at root, got {type_}"


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            Problem(code="LOCATION_TARGET_MISSING", message="", found="./a.yaml"),
            "NotFoundError: Unable to read url, no matching files found for ./a.yaml",
        ),
        (
            Problem(code="NO_SOURCE", message="", found="gopher://a"),
            "Error: Unable to read url, Reading from 'gopher://a' is not allowed. You may need to "
            "configure an integration for the target host, or add it to the configured list of "
            "allowed hosts at 'backend.reading.allow'",
        ),
        (
            Problem(code="NO_SOURCE", message="", found="not a url"),
            "Error: Unable to read url, Invalid URL",
        ),
        (
            Problem(code="NO_SOURCE", message="", found=" "),
            "TypeError: Unable to parse location ref 'url: ', expected '<type>:<target>', "
            "e.g. 'url:https://host/path'",
        ),
        (
            Problem(code="URL_PATTERN", message=""),
            "Error: Unable to read url, Unsupported search pattern URL",
        ),
        (
            Problem(code="HOST_NOT_ALLOWED", message=""),
            "Error: Unable to read url, Reading from 'https://example.com/catalog-info.yaml' is "
            "not allowed. You may need to configure an integration for the target host, or add it "
            "to the configured list of allowed hosts at 'backend.reading.allow'",
        ),
        (Problem(code="NOT_FOUND", message="It is not there."), "NotFoundError: It is not there."),
        (Problem(code="NOT_UTF8", message="It is no text."), "Error: It is no text."),
        (
            Problem(
                code="PLACEHOLDER_UNREADABLE",
                message="`a` is not JSON.",
                found="a",
                pointer="/spec/x/$json",
            ),
            "InputError: Processor PlaceholderProcessor threw an error while preprocessing; "
            "caused by Error: Placeholder $json could not read location a, `a` is not JSON.",
        ),
        (
            Problem(code="NOT_FOUND", message="Not there.", found="./a", pointer="/spec/x/$text"),
            "InputError: Processor PlaceholderProcessor threw an error while preprocessing; "
            "caused by Error: Placeholder $text could not read location ./a, "
            "NotFoundError: Not there.",
        ),
        (
            Problem(code="HOST_NOT_ALLOWED", message="", found="http://a/b", pointer="/spec/$yaml"),
            "InputError: Processor PlaceholderProcessor threw an error while preprocessing; "
            "caused by Error: Placeholder $yaml could not read location http://a/b, "
            "NotAllowedError: Reading from 'http://a/b' is not allowed. You may need to configure "
            "an integration for the target host, or add it to the configured list of allowed hosts "
            "at 'backend.reading.allow'",
        ),
    ],
)
def test_a_place_that_cannot_be_read_is_told(problem: Problem, expected: str) -> None:
    assert str(backstage_error(problem, ref=None, location=FILE)) == expected


def test_a_place_of_another_type_is_told_with_its_type() -> None:
    problem = Problem(code="NO_SOURCE", message="", found="x")
    expected = "InputError: No processor was able to handle reading of s3:x"
    assert str(backstage_error(problem, ref=None, location="s3:a")) == expected


def test_an_error_has_a_cause_in_json_only_where_there_is_one() -> None:
    plain = BackstageError(name="Error", message="a")
    assert plain.as_dict() == {"name": "Error", "message": "a"}
    caused = BackstageError(name="Error", message="a", cause=("TypeError", "b"))
    assert caused.as_dict()["cause"] == {"name": "TypeError", "message": "b"}


def test_every_code_that_is_documented_has_words() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "problems.md"
    codes = set(re.findall(r"`([A-Z0-9_]{5,})`", page.read_text()))
    assert len(codes) > 50
    for code in codes:
        problem = Problem(code=code, message="Something is wrong.", pointer="/spec/a", found="b")
        told = backstage_error(problem, ref="component:default/x", location=FILE)
        assert told.name.endswith("Error")
        assert told.message


def test_what_backstage_was_recorded_to_say_is_said(shared: Path) -> None:
    folder = shared / "conformance" / "captures"
    compared = 0
    for path in sorted(folder.glob("*-validate-*.json")):
        capture = orjson.loads(path.read_bytes())
        said = capture["response"].get("json", {}).get("errors")
        body = capture["request"].get("body", {})
        if said and body["location"].startswith("url:"):
            told = errors(orjson.dumps(body["entity"]).decode())
            assert [one.as_dict() for one in told] == said, path.name
            compared += 1
    assert compared >= 6
