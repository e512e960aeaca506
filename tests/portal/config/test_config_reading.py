"""`backend.reading.allow`: the hosts that plain URLs may be read from."""

from pathlib import Path

import pytest

from plugins.contract import ReadingRule
from tests.portal.configs import faults, load


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "localhost",
        "127.0.0.1",
        "*.examples.org",
        "example.net:8080",
        "example.net:8080-8090",
        "'*.example.net:443'",
        "'[::1]:8080'",
    ],
)
def test_hosts_may_be_read_from(tmp_path: Path, host: str) -> None:
    quoted = host if host.startswith("'") else f"'{host}'"
    settings = load(tmp_path, f"backend: {{reading: {{allow: [{{host: {quoted}}}]}}}}")
    assert settings.reading == (ReadingRule(host=host.strip("'")),)


def test_only_some_paths_may_be_read_and_case_does_not_matter(tmp_path: Path) -> None:
    text = "backend: {reading: {allow: [{host: Example.COM, paths: [/api/, /v2]}]}}"
    assert load(tmp_path, text).reading == (
        ReadingRule(host="example.com", paths=("/api/", "/v2")),
    )


@pytest.mark.parametrize(
    "host",
    [
        "*",
        "*example.com",
        "a.*.com",
        "*.*.com",
        "https://example.com",
        "example.com/path",
        "user@example.com",
        "example.com:",
        "example.com:0",
        "example.com:x",
        "example.com:90-80",
        "example.com:80-",
        "example.com:70000",
        "*.[::1]",
        "a..b",
        "",
        " ",
    ],
)
def test_a_pattern_that_is_none_is_said_with_its_place(tmp_path: Path, host: str) -> None:
    text = f"backend:\n  reading:\n    allow:\n      - host: good.example\n      - host: '{host}'\n"
    [problem] = faults(tmp_path, text)
    assert problem.pointer == "/backend/reading/allow/1/host"
    assert (problem.line, problem.column) == (5, 15)


@pytest.mark.parametrize("path", ["api", "", "/a?b", "/a#b", "https://x/"])
def test_a_path_that_is_none_is_said(tmp_path: Path, path: str) -> None:
    text = f"backend: {{reading: {{allow: [{{host: a.b, paths: ['/x', '{path}']}}]}}}}"
    [problem] = faults(tmp_path, text)
    assert problem.pointer == "/backend/reading/allow/0/paths/1"


def test_a_host_is_needed(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, "backend: {reading: {allow: [{paths: [/x]}]}}")
    assert problem.code == "CONFIG_KEY_MISSING"
