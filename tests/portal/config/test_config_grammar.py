from pathlib import Path

import pytest

from portal.config.files import read_config
from portal.config.merging import merge

ENVIRON = {"NAME": "portal", "EMPTY": ""}


def read(tmp_path: Path, text: str, name: str = "app.yaml") -> object:
    path = tmp_path / name
    path.write_text(text)
    file = read_config(path, ENVIRON)
    assert file.problems == []
    return file.data


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${NAME}", "portal"),
        ("http://${NAME}:${NAME}/", "http://portal:portal/"),
        ("${OTHER:-seven}", "seven"),
        ("${OTHER:-}", ""),
        ("${EMPTY:-seven}", "seven"),
        ("$${NAME}", "${NAME}"),
        ("$NAME and {NAME}", "$NAME and {NAME}"),
    ],
)
def test_variables_are_filled_in(tmp_path: Path, written: str, value: str) -> None:
    assert read(tmp_path, f"a: '{written}'") == {"a": value}


def test_a_value_whose_variable_is_not_set_is_absent(tmp_path: Path) -> None:
    assert read(tmp_path, "a: 'x${OTHER}'\nb: [1, '${OTHER}', 2, null]") == {"b": [1, 2]}


def test_a_null_removes_what_files_before_it_say_and_an_unset_variable_does_not(
    tmp_path: Path,
) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("a: 1\nb: {c: 1, d: 2}\ne: {f: 1}\ng: 1\n")
    second.write_text(
        "a: null\nb: {c: null}\ne: null\ng: '${OTHER}'\nh: [{i: null, j: 1}]\nk: null\n"
    )
    merged = merge([read_config(first, ENVIRON), read_config(second, ENVIRON)])
    assert merged.data == {"b": {"d": 2}, "g": 1, "h": [{"j": 1}]}


def test_env_file_and_include_are_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("  hidden\n")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/more.yaml").write_text("list: {first: {$file: ../secret.txt}}\n")
    text = """\
env: {$env: NAME}
file: {$file: secret.txt}
include: {$include: 'sub/more.yaml#list.first'}
whole: {$include: sub/more.yaml}
"""
    assert read(tmp_path, text) == {
        "env": "portal",
        "file": "hidden",
        "include": "hidden",
        "whole": {"list": {"first": "hidden"}},
    }


@pytest.mark.parametrize(
    "written",
    [
        "{$file: nowhere.txt}",
        "{$include: nowhere.yaml}",
        "{$include: 'app.yaml#no.such'}",
        "{$include: app.yaml}",
        "{$exec: rm}",
        "{$env: [NAME]}",
    ],
)
def test_what_cannot_be_replaced_is_a_problem_at_its_place(tmp_path: Path, written: str) -> None:
    path = tmp_path / "app.yaml"
    path.write_text(f"ok: 1\na: {written}\n")
    file = read_config(path, ENVIRON)
    assert file.problems
    assert all(problem.file == str(path) for problem in file.problems)
    assert file.problems[0].line == 2


def test_objects_are_merged_deeply_and_everything_else_is_replaced(tmp_path: Path) -> None:
    first, second = tmp_path / "1.yaml", tmp_path / "2.yaml"
    first.write_text("a: {b: 1, c: [1, 2], d: {e: 1}}\nf: {g: 1}\n")
    second.write_text("a: {c: [3], d: {h: 2}}\nf: 5\n")
    merged = merge([read_config(first, ENVIRON), read_config(second, ENVIRON)])
    assert merged.data == {"a": {"b": 1, "c": [3], "d": {"e": 1, "h": 2}}, "f": 5}
    writers = {p: merged.writer(p) for p in ("/a/b", "/a/c/0", "/a/d/e", "/a/d/h", "/f")}
    names = {pointer: writer.path.name for pointer, writer in writers.items() if writer}
    assert names == {
        "/a/b": "1.yaml",
        "/a/c/0": "2.yaml",
        "/a/d/e": "1.yaml",
        "/a/d/h": "2.yaml",
        "/f": "2.yaml",
    }


def test_a_huge_config_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "app.yaml"
    path.write_bytes(b"# " + b"x" * (1024 * 1024))
    assert read_config(path, ENVIRON).problems[0].code == "CONFIG_TOO_LARGE"
