"""Bundling: several files of a definition become one document that says the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.descriptor import bundling
from catalog.descriptor.bundling import bundle, references, target_from
from catalog.parsing.documents import Parsed, parse
from catalog.problems import Problem, Severity

Files = Mapping[str, str]


def bundled(files: Files, *, base: str = "openapi.yaml") -> Any:
    """The bundled definition as a value, or the problem."""
    result = bundle(files[base].encode(), base=base, resolve=reader(files))
    return result if isinstance(result, Problem) else value_of(result)


def reader(files: Files) -> bundling.Resolve:
    def resolve(target: str) -> bytes | Problem:
        if target in files:
            return files[target].encode()
        return Problem(code="PLACEHOLDER_UNREADABLE", message="No such file.")

    return resolve


def value_of(text: str) -> Any:
    (document,) = parse(text.encode(), file="x").documents
    assert isinstance(document.state, Parsed)
    return document.state.data


def test_reference_to_another_file_is_replaced_by_what_it_names() -> None:
    files = {
        "openapi.yaml": "paths:\n  /pets:\n    $ref: paths/pets.yaml#/list\n",
        "paths/pets.yaml": "list:\n  get:\n    schema: {$ref: ../schemas/pet.json}\n",
        "schemas/pet.json": '{"type": "object", "maximum": 1.0}',
    }
    assert bundled(files) == {
        "paths": {"/pets": {"get": {"schema": {"type": "object", "maximum": 1}}}}
    }


def test_second_reference_to_a_place_points_to_the_first() -> None:
    files = {
        "openapi.yaml": "b: {deep: {$ref: 's.yaml#/Pet'}}\na: {$ref: 's.yaml#/Pet'}\n",
        "s.yaml": "Pet: {tag: {$ref: '#/Tag'}}\nTag: {type: string}\n",
    }
    assert bundled(files) == {
        "a": {"tag": {"type": "string"}},
        "b": {"deep": {"$ref": "#/a"}},
    }


def test_reference_into_what_was_taken_in_points_into_it() -> None:
    files = {
        "openapi.yaml": "all: {$ref: s.yaml}\none: {two: {$ref: 's.yaml#/a~1b/c d'}}\n",
        "s.yaml": "a/b: {c d: {type: string}}\n",
    }
    assert bundled(files)["one"] == {"two": {"$ref": "#/all/a~1b/c%20d"}}


def test_cycle_ends_in_a_local_reference() -> None:
    files = {
        "openapi.yaml": "root: {$ref: a.yaml}\n",
        "a.yaml": "b: {$ref: b.yaml}\nself: {$ref: '#'}\n",
        "b.yaml": "a: {$ref: a.yaml}\nroot: {$ref: 'openapi.yaml#/root'}\n",
    }
    assert bundled(files) == {
        "root": {
            "b": {"a": {"$ref": "#/root"}, "root": {"$ref": "#/root"}},
            "self": {"$ref": "#/root"},
        }
    }


def test_files_that_only_refer_to_each_other_lead_nowhere_and_end() -> None:
    files = {
        "openapi.yaml": "x: {$ref: a.yaml}",
        "a.yaml": "$ref: b.yaml",
        "b.yaml": "$ref: a.yaml",
    }
    assert bundled(files) == {"x": {"$ref": "#/x"}}
    assert isinstance(bundled(files | {"openapi.yaml": "x: {$ref: 'a.yaml#/x'}"}), Problem)


def test_what_a_reference_says_besides_stays_with_it() -> None:
    files = {
        "openapi.yaml": "a: {$ref: s.yaml, description: A}\nb: {c: {$ref: s.yaml}}\n",
        "s.yaml": "type: string\ndescription: S\n",
    }
    assert bundled(files) == {
        "a": {"$ref": "#/b/c", "description": "A"},
        "b": {"c": {"type": "string", "description": "S"}},
    }
    alone = files | {"openapi.yaml": "a: {$ref: s.yaml, description: A}\n"}
    assert bundled(alone) == {"a": {"type": "string", "description": "A"}}


def test_schema_that_names_itself_with_a_description_ends() -> None:
    files = {
        "openapi.yaml": "a: {$ref: s.yaml, description: A}\n",
        "s.yaml": "child: {$ref: s.yaml, description: Child}\n",
    }
    assert bundled(files) == {
        "a": {"child": {"$ref": "#/a", "description": "Child"}, "description": "A"}
    }


def test_local_references_stay_as_they_are() -> None:
    files = {"openapi.yaml": "a: {$ref: '#/b/c%20d'}\nb: {c d: 1}\n"}
    assert bundled(files) == {"a": {"$ref": "#/b/c%20d"}, "b": {"c d": 1}}


def test_reference_may_lead_through_another() -> None:
    files = {
        "openapi.yaml": "x: {$ref: 'a.yaml#/b/c'}",
        "a.yaml": "b: {$ref: b.yaml}",
        "b.yaml": "c: {type: string}",
    }
    assert bundled(files) == {"x": {"type": "string"}}


def test_asyncapi_3_keeps_the_references_that_it_asks_for() -> None:
    definition = (
        "asyncapi: 3.0.0\n"
        "operations:\n  send:\n    channel: {$ref: 'channels.yaml#/users'}\n"
        "    messages: [{$ref: 'channels.yaml#/users/messages/Added'}]\n"
        "    reply: {channel: {$ref: other.yaml}}\n"
        "channels:\n  users: {$ref: 'channels.yaml#/users'}\n"
    )
    channels = "users: {address: u, messages: {Added: {payload: {$ref: added.yaml}}}}\n"
    files = {"openapi.yaml": definition, "channels.yaml": channels, "added.yaml": "type: object"}
    found = bundled(files | {"other.yaml": "a: 1"})
    assert found["channels"]["users"]["messages"]["Added"]["payload"] == {"type": "object"}
    assert found["operations"]["send"] == {
        "channel": {"$ref": "#/channels/users"},
        "messages": [{"$ref": "#/channels/users/messages/Added"}],
        "reply": {"channel": {"$ref": "other.yaml"}},
    }
    older = {**files, "openapi.yaml": definition.replace("3.0.0", "2.6.0"), "other.yaml": "a: 1"}
    assert bundled(older)["operations"]["send"]["reply"] == {"channel": {"a": 1}}


def test_urls_are_followed_from_files_and_from_urls() -> None:
    files = {
        "openapi.yaml": "a: {$ref: 'https://example.com/x/a.yaml'}\n",
        "https://example.com/x/a.yaml": "b: {$ref: b.yaml}\nc: {$ref: /c.yaml}\n",
        "https://example.com/x/b.yaml": "1",
        "https://example.com/c.yaml": "2",
    }
    assert bundled(files) == {"a": {"b": 1, "c": 2}}


@pytest.mark.parametrize(
    ("base", "target", "expected"),
    [
        ("./api/main.yaml", "x.yaml", "api/x.yaml"),
        ("../main.yaml", "./x.yaml", "../x.yaml"),
        ("/api/main.yaml", "../x.yaml", "/x.yaml"),
        ("api/main.yaml", "/x.yaml", "/x.yaml"),
        (
            "https://github.com/o/r/blob/main/a/b.yaml",
            "../x.yaml",
            "https://github.com/o/r/blob/main/x.yaml",
        ),
        ("a.yaml", "https://example.com/x.yaml", "https://example.com/x.yaml"),
    ],
)
def test_targets_are_relative_to_the_descriptor(base: str, target: str, expected: str) -> None:
    assert target_from(base, target) == expected


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"openapi.yaml": "a: {$ref: missing.yaml}"}, "`missing.yaml`, which it needs"),
        (
            {"openapi.yaml": "a: {$ref: b.yaml}", "b.yaml": "x: [1"},
            "`b.yaml` is not one sound YAML",
        ),
        (
            {"openapi.yaml": "a: {$ref: 'b.yaml#/x/0/y'}", "b.yaml": "x: [1]"},
            "nothing at `b.yaml#/x/0/y`",
        ),
        ({"openapi.yaml": "a: {$ref: 'b.yaml#x'}", "b.yaml": "1"}, "is no path"),
        ({"openapi.yaml": "- a"}, "no mapping"),
        ({"openapi.yaml": "a: 1\n---\nb: 2\n"}, "not one sound YAML"),
        ({"openapi.yaml": '{"a":' * 300 + "1" + "}" * 300}, "nested more than 150"),
        (
            {
                "openapi.yaml": "a: {$ref: 0.yaml}",
                **{f"{n}.yaml": f"$ref: {n + 1}.yaml" for n in range(300)},
            },
            "more than 200 files",
        ),
    ],
)
def test_definition_that_cannot_be_bundled_is_a_warning_that_says_why(
    files: Files, why: str
) -> None:
    problem = bundled(files)
    assert isinstance(problem, Problem)
    assert (problem.code, problem.severity) == ("DEFINITION_NOT_BUNDLED", Severity.WARNING)
    assert why in problem.message
    assert len(problem.message) <= 300


def test_no_definition_becomes_larger_than_the_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # Each level names ten different places of the next: 10 ** 5 values from six small files.
    files = {"openapi.yaml": "a: {$ref: 'f0.yaml#/v0'}"}
    for level in range(12):
        items = ", ".join(f"{{$ref: 'f{level + 1}.yaml#/v{n}'}}" for n in range(10))
        files[f"f{level}.yaml"] = "\n".join(f"v{n}: [{n}, {items}]" for n in range(10))
    files["f12.yaml"] = "\n".join(f"v{n}: [{n}]" for n in range(10))
    assert not isinstance(bundled(files), Problem)  # every place is taken in once only
    monkeypatch.setattr(bundling, "MOST_NODES", 1_000)
    assert "over 1,000 values" in bundled(files).message
    monkeypatch.setattr(bundling, "MOST_BYTES", 1024 * 1024)
    large = {"openapi.yaml": "a: {$ref: b.yaml}", "b.yaml": "x" * 1024 * 1024}
    assert "over 1 MiB" in bundled(large).message


SCRAPS = (
    *("$ref: ", "'", "{", "}", "[", "]", "a: ", "\n", "  ", "- ", "b.yaml", "#", "/", "0", "~"),
    *(
        "http://[",
        "https://x.example/",
        "//[",
        "%",
        "..",
        "é",
        "\x00",
        "9" * 5_000,
        "asyncapi: 3.0",
    ),
)


@given(st.lists(st.sampled_from(SCRAPS), max_size=12).map("".join))
def test_no_content_raises(text: str) -> None:
    content = text.encode()
    files: dict[str, bytes] = {
        "b.yaml": content,
        "http://[": content,
        "https://x.example/": content,
    }
    found = bundle(content, base="b.yaml", resolve=lambda target: files.get(target, b"a: [0]"))
    assert isinstance(found, str | Problem)
    assert references(content) == list(dict.fromkeys(references(content)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a:\n  $ref: ./x.yaml#/A\n", ["./x.yaml"]),
        (b"{'$ref': 'x.yaml', a: {$ref: y.yaml}}", ["x.yaml", "y.yaml"]),
        (rb'{"$ref":"dir\/x.json#\/A","b":{"$ref" : "#\/local"}}', ["dir/x.json"]),
        (b"$ref: >-\n  long/name.yaml#/A\n", ["long/name.yaml"]),
        (b"$ref: My%20Pet.yaml\nb: {$ref: My%20Pet.yaml}", ["My Pet.yaml"]),
        (b"$ref: https://example.com/a%20b.yaml", ["https://example.com/a%20b.yaml"]),
        (b"$ref: '#/a'\nb: \xff", []),
    ],
)
def test_references_are_found_without_parsing(content: bytes, expected: list[str]) -> None:
    assert references(content) == expected


NAMES = ("a", "b", "c")
FILES = ("openapi.yaml", "d/one.json", "d/two.json")
PLACES = [f"{file}#/{name}" for file in FILES for name in NAMES] + [f"{f}#" for f in FILES[1:]]


def written_from(file: str, place: str) -> str:
    """`place` as a reference in `file`, both named from the root."""
    named, _, fragment = place.partition("#")
    prefix = "" if not file.startswith("d/") else ("../" if named == FILES[0] else "")
    target = prefix + (named if not file.startswith("d/") else named.removeprefix("d/"))
    return f"#{fragment}" if named == file else f"{target}#{fragment}"


def values(file: str) -> st.SearchStrategy[Any]:
    """Small values of a file, with references."""
    leaf = st.sampled_from([1, *({"$ref": written_from(file, place)} for place in PLACES)])
    inner = st.dictionaries(st.sampled_from("xy"), leaf, max_size=2)
    return leaf | st.dictionaries(st.sampled_from("xy"), leaf | inner, max_size=2)


SYSTEMS = st.fixed_dictionaries(
    {file: st.fixed_dictionaries(dict.fromkeys(NAMES, values(file))) for file in FILES}
)
"""Files whose values refer to each other at random, cycles included."""


def unfolded(files: Mapping[str, Any], file: str, value: Any, depth: int) -> Any:
    """The value with its references followed, down to some depth; '…' below, or for ever."""
    hops = 0
    while isinstance(value, dict) and "$ref" in value:
        hops += 1
        if hops > 30:
            return "…"
        target, _, fragment = value["$ref"].partition("#")
        if target:
            file = target_from(file, target)
        value = files[file]
        for step in fragment.split("/")[1:]:
            value = value[step]
    if isinstance(value, dict):
        if depth == 0:
            return "…"
        return {key: unfolded(files, file, item, depth - 1) for key, item in value.items()}
    return value


@given(SYSTEMS)
def test_bundle_unfolds_to_what_its_files_unfold_to(system: dict[str, dict[str, Any]]) -> None:
    texts = {file: orjson.dumps(data).decode() for file, data in system.items()}
    found = bundled(texts)
    assert not isinstance(found, Problem)
    assert "yaml#" not in str(found)
    assert "json#" not in str(found)
    expected = unfolded(system, FILES[0], system[FILES[0]], 6)
    assert unfolded({FILES[0]: found}, FILES[0], found, 6) == expected
