"""The JSON Schema of the configuration: it takes whatever is read, and finds what is mistaken."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from marshmallow import Schema, ValidationError, fields

from catalog.parsing.documents import parse
from portal.config.editing import editor_schema
from portal.config.fields import Strict, keys_of
from portal.config.schema import Config
from portal.config.unserved import READ
from tests.portal.cli.commands import run

ROOT = Path(__file__).resolve().parents[3]
SAMPLE = re.compile(r"^```yaml[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VALUES: list[Any] = [
    *(True, False, 0, 1, 5, 7007, -1, 2.5, "", " ", "x", "yes", "OFF", "5", "10%", "0"),
    *("30m", "2 Hours", "PT30M", "P1DT2H", "false", {"hours": 24}, {"hours": -1}, {}),
    *("http://a.example", "HTTPS://a.example:8443/x/", "a.example", "a.example:80", "[::1]:80"),
    *(":7007", {"host": "::1", "port": "80"}, {"kind": "API", "spec.type": "x"}, {"kind": "API"}),
    *([], ["x"], ["x", "y"], "x, y", ["read"], "read, create", {"cron": "0 * * * *"}, "^a.*$"),
    *({"trigger": "manual"}, {"a": "b"}, "security", {"name": "security"}, "c2VjcmV0", "RS256"),
    *("starttls", "keep", "reject", "name", "kind=api", {"organization": "x"}, {"x": {}}),
    *("github", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", {"type": "else"}, {"type": "static"}),
    {"type": "static", "options": {"token": "6mC0cXJTxhPYzDzqmR4cOg", "subject": "ci"}},
    {"id": "a", "githubUrl": "https://github.com"},
    [{"id": "a", "githubUrl": "https://github.com"}],
    {"host": "gitlab.example", "schedule": {"frequency": "1h", "timeout": {"minutes": 3}}},
    {"one": {"host": "gitlab.example", "schedule": {"frequency": {"cron": "0 * * * *"}}}},
    {"dn": "ou=people", "options": {"attributes": ["uid mail"]}},
]


@cache
def validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(editor_schema())


def faults(config: object) -> list[str]:
    """Where an editor marks something."""
    return [".".join(map(str, e.instance_path)) for e in validator().iter_errors(config)]


def configs() -> Iterator[Any]:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    texts = [text for page in pages for text in SAMPLE.findall(page.read_text())]
    whole = [ROOT / "examples/scale-out/app-config.yaml"]
    whole += [ROOT / "tests/portal/config/backstage-app-config.yaml"]
    for text in [t for t in texts if re.search(r"^(app|backend|plumbline):", t, re.MULTILINE)]:
        yield pytest.param(text, id=text.strip().replace("\n", " ")[-40:])
    for file in whole:
        yield pytest.param(file.read_text(), id=file.name + file.parent.name)


@pytest.mark.parametrize("text", [*configs()])
def test_every_config_that_the_documentation_shows_is_taken(text: str) -> None:
    (document,) = parse(text.encode(), file="x").documents
    assert faults(document.state.data) == []  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("config", "where"),
    [
        ({"plumbline": {"scorecard": []}}, "plumbline"),
        ({"plumbline": {"facts": {"http": [{"nam": "x"}]}}}, "plumbline.facts.http.0"),
        ({"plumbline": {"packs": ["securty"]}}, "plumbline.packs.0"),
        ({"plumbline": {"history": {"keep": "a while"}}}, "plumbline.history.keep"),
        ({"plumbline": {"answerCacheBytes": -1}}, "plumbline.answerCacheBytes"),
        ({"plumbline": {"publicBadges": "perhaps"}}, "plumbline.publicBadges"),
        ({"plumbline": {"notices": {"webhooks": [{"name": "A"}]}}}, "plumbline.notices.webhooks.0"),
        ({"catalog": {"orphanStrategy": "remove"}}, "catalog.orphanStrategy"),
        ({"catalog": {"readonly": "perhaps"}}, "catalog.readonly"),
        ({"catalog": {"locations": [{"type": "url"}]}}, "catalog.locations.0"),
        ({"catalog": {"providers": {"gitlab": {"x": {"host": "/"}}}}}, "gitlab.x.host"),
        (
            {"backend": {"auth": {"externalAccess": [{"type": "static", "subject": "x"}]}}},
            "backend.auth.externalAccess.0",
        ),
        ({"backend": {"baseUrl": "portal.example.com"}}, "backend.baseUrl"),
    ],
)
def test_a_mistake_is_marked_where_it_is(config: object, where: str) -> None:
    assert any(found.endswith(where) for found in faults(config)), faults(config)


def test_keys_of_backstage_that_nothing_reads_are_no_mistake() -> None:
    assert faults({"techdocs": {"builder": "local"}, "backend": {"cors": {"origin": "*"}}}) == []


@pytest.mark.parametrize("value", ["${X}", "${X:-y}", {"$env": "X"}, {"$file": "x"}, None])
@pytest.mark.parametrize("key", ["readonly", "orphanStrategy", "rules", "locations", "providers"])
def test_every_value_may_be_found_elsewhere(key: str, value: object) -> None:
    assert faults({"catalog": {key: value}}) == []
    assert faults({"catalog": value}) == []
    assert faults({"catalog": {"locations": [{"type": value, "target": value}]}}) == []


def test_a_file_may_leave_to_others_what_an_object_needs() -> None:
    assert faults({"plumbline": {"notices": {"mail": {"password": "${PASSWORD}"}}}}) == []


def all_fields(schema: Schema) -> Iterator[fields.Field[Any]]:
    for field in schema.fields.values():
        yield from within(field)


def within(field: Any) -> Iterator[fields.Field[Any]]:
    """The field, and all that may stand in it."""
    match field:
        case Schema():
            yield from all_fields(field)
        case dict():
            for part in field.values():
                yield from within(part)
        case list():
            for part in field:
                yield from within(part)
        case fields.Field():
            yield field
            if isinstance(field, fields.List):
                yield from within(field.inner)
            elif isinstance(field, fields.Nested):
                yield from all_fields(field.schema)
            elif hasattr(field, "form"):
                yield from within(field.form())


def is_whole(value: object) -> bool:
    """Numbers are cut off where a whole one is meant; an editor may well mark that."""
    return not isinstance(value, float)


def test_whatever_is_read_is_taken() -> None:
    """An editor that marks what is right is one that nobody believes."""
    taken, seen = 0, set[str]()
    for field in all_fields(Config()):
        schema = editor_schema(Strict.from_dict({"at": field})())
        if (text := json.dumps(schema["properties"])) in seen:
            continue
        seen.add(text)
        validates = jsonschema_rs.Draft202012Validator(schema).is_valid
        for value in VALUES:
            try:
                field.deserialize(value)
            except ValidationError:
                continue
            taken += 1
            if is_whole(value) or not isinstance(field, fields.Integer):
                assert validates({"at": value}), (field, value)
    assert len(seen) > 100
    assert taken > 1_000


def test_what_is_not_heeded_says_so() -> None:
    text = json.dumps(editor_schema())
    for why in READ.values():
        assert json.dumps(f"Not heeded. {why}")[1:-1] in text, why


def test_the_command_prints_it() -> None:
    printed = json.loads(run("config", "schema"))
    assert printed == editor_schema()
    offered = printed["properties"]["plumbline"]["else"]["properties"]
    assert list(offered) == keys_of(Config().fields["plumbline"].schema)
