from datetime import timedelta
from pathlib import Path

import pytest

from catalog.descriptor.rules import AllowedKind, is_allowed
from catalog.problems import Severity
from portal.config import Auth, ConfiguredSource, Settings, load_settings
from tests.portal.configs import faults, load


def test_without_anything_the_sample_is_shown_to_everyone_on_this_host(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert settings.sample
    assert settings.auth is Auth.OPEN
    assert settings.url == "http://127.0.0.1:7007"
    assert settings.data_dir.parts[-2:] == ("plumbline", "sample")
    assert settings.database == f"sqlite:///{settings.data_dir}/portal.db"


def test_a_source_of_ones_own_never_meets_the_sample(tmp_path: Path) -> None:
    settings = load(tmp_path, sources=[str(tmp_path), "https://forge.example/org/repo"])
    assert not settings.sample
    assert settings.data_dir.name == "portal"
    assert settings.sources == (
        ConfiguredSource("file", str(tmp_path), "command"),
        ConfiguredSource("url", "https://forge.example/org/repo", "command"),
    )
    assert settings.rules is None


def test_a_git_address_without_scheme_is_a_url(tmp_path: Path) -> None:
    settings = load(tmp_path, sources=["git@forge.example:org/repo.git"])
    assert settings.sources[0].type == "url"


def test_a_source_that_is_not_there_stops_the_start(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, sources=[str(tmp_path / "nowhere")])
    assert problem.code == "SOURCE_NOT_FOUND"


def test_the_data_home_is_the_xdg_one_when_it_is_absolute(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"XDG_DATA_HOME": "/var/data"})
    assert settings.data_dir == Path("/var/data/plumbline/sample")
    assert load(tmp_path, environ={"XDG_DATA_HOME": "data"}).data_dir != settings.data_dir


def test_the_command_line_wins_over_the_environment_and_that_over_files(tmp_path: Path) -> None:
    text = "backend: {listen: '127.0.0.3:7003'}\nplumbline: {database: 'postgresql:///three'}\n"
    environ = {"PLUMBLINE_HOST": "127.0.0.2", "PLUMBLINE_PORT": "7002"}
    environ["PLUMBLINE_DATABASE"] = "postgresql:///two"
    file = load(tmp_path, text)
    assert (file.host, file.port, file.database) == ("127.0.0.3", 7003, "postgresql:///three")
    env = load(tmp_path, text, environ=environ)
    assert (env.host, env.port, env.database) == ("127.0.0.2", 7002, "postgresql:///two")
    line = load(
        tmp_path, text, environ=environ, host="127.0.0.1", port=7001, database="postgresql:///one"
    )
    assert (line.host, line.port, line.database) == ("127.0.0.1", 7001, "postgresql:///one")


def test_a_variable_may_name_a_file_that_holds_the_secret(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("postgresql://user:hidden@host/name\n")
    settings = load(tmp_path, environ={"PLUMBLINE_DATABASE_FILE": str(secret)})
    assert settings.database == "postgresql://user:hidden@host/name"
    assert "hidden" not in repr(settings)
    [problem] = faults(tmp_path, environ={"PLUMBLINE_DATABASE_FILE": "/nowhere"})
    assert problem.code == "CONFIG_UNREADABLE"


@pytest.mark.parametrize("port", ["0", "65536", "seven", "-1", "7007.0", "٣"])
def test_a_port_that_is_none_is_said(tmp_path: Path, port: str) -> None:
    [problem] = faults(tmp_path, environ={"PLUMBLINE_PORT": port})
    assert (problem.code, problem.found) == ("CONFIG_VALUE", port)


def test_only_postgresql_and_sqlite_are_databases(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, database="mysql://user:hidden@host/name")
    assert problem.found == "mysql"
    assert load(tmp_path, database="postgres://host/name").database == "postgresql://host/name"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "portal.example"])
def test_an_address_that_others_reach_needs_authentication(tmp_path: Path, host: str) -> None:
    [problem] = faults(tmp_path, host=host)
    assert problem.code == "OPEN_TO_THE_NETWORK"
    assert "--host 127.0.0.1" in problem.hint
    assert load(tmp_path, "app: {}", host=host).auth is Auth.REQUIRED


def test_switching_the_policy_off_does_not_open_the_network(tmp_path: Path) -> None:
    text = "backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}"
    assert load(tmp_path, text).auth is Auth.OPEN
    assert faults(tmp_path, text, host="0.0.0.0")[0].code == "OPEN_TO_THE_NETWORK"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "::1", "[::1]"])
def test_loopback_addresses_are_open(tmp_path: Path, host: str) -> None:
    assert load(tmp_path, host=host).auth is Auth.OPEN


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("7001", ("127.0.0.1", 7001)),
        ("':7001'", ("127.0.0.1", 7001)),
        ("'[::1]:7001'", ("::1", 7001)),
        ("{port: 7001}", ("127.0.0.1", 7001)),
        ("{host: 127.0.0.2, port: '7001'}", ("127.0.0.2", 7001)),
        ("{host: 127.0.0.2}", ("127.0.0.2", 7007)),
    ],
)
def test_listen_has_backstages_forms(
    tmp_path: Path, written: str, expected: tuple[str, int]
) -> None:
    settings = load(tmp_path, f"backend: {{listen: {written}}}")
    assert (settings.host, settings.port) == expected


def test_the_base_url_gives_path_scheme_and_host_names(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "app: {baseUrl: https://ui.example}\nbackend: {baseUrl: 'https://portal.example:8443/base/'}",
    )
    assert settings.base_url == settings.url == "https://portal.example:8443/base"
    assert settings.base_path == "/base"
    assert settings.is_https
    assert settings.allowed_hosts == ("portal.example", "ui.example")


@pytest.mark.parametrize(
    "url", ["portal.example", "ftp://x", "http://", "http://x/?q", "http://u@x"]
)
def test_a_base_url_that_is_none_is_refused(tmp_path: Path, url: str) -> None:
    [problem] = faults(tmp_path, f"backend:\n  baseUrl: '{url}'\n")
    assert problem.pointer == "/backend/baseUrl"


def test_locations_are_relative_to_the_file_that_lists_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    text = """\
catalog:
  locations:
    - {type: file, target: ./sub/../org.yaml}
    - {type: url, target: "https://forge.example/a/blob/main/catalog-info.yaml"}
    - {type: github-org, target: "https://forge.example/org"}
"""
    settings = load(tmp_path, text, "app: {title: over it}")
    assert settings.sources == (
        ConfiguredSource("file", str(tmp_path / "org.yaml"), "config"),
        ConfiguredSource("url", "https://forge.example/a/blob/main/catalog-info.yaml", "config"),
    )
    assert [w.message for w in settings.warnings if "github-org" in w.message]


def test_rules_default_to_backstages_and_locations_add_to_them(tmp_path: Path) -> None:
    text = """\
catalog:
  locations:
    - type: url
      target: https://forge.example/org.yaml
      rules: [{allow: [User]}]
"""
    settings = load(tmp_path, text)
    assert settings.rules is not None
    general, added = settings.rules
    assert [kind.kind for kind in general.kinds] == ["Component", "API", "Location"]
    assert added.kinds == (AllowedKind(kind="User"),)
    assert added.locations == (("url", "exact", "https://forge.example/org.yaml"),)


def test_a_glob_of_files_is_kept_and_made_absolute(tmp_path: Path) -> None:
    text = """\
catalog:
  locations:
    - {type: file, target: "./teams/*/catalog-info.yaml", rules: [{allow: [Group]}]}
"""
    settings = load(tmp_path, text)
    target = str(tmp_path / "teams/*/catalog-info.yaml")
    assert settings.sources == (ConfiguredSource("file", target, "config"),)
    assert settings.rules is not None
    assert settings.rules[1].locations == (("file", "exact", target),)


def test_paths_of_a_backstage_app_are_relative_to_its_backend(tmp_path: Path) -> None:
    app = tmp_path / "app"
    (app / "packages/backend").mkdir(parents=True)
    (app / "examples").mkdir()
    (app / "examples/org.yaml").write_text("")
    text = """\
catalog:
  locations:
    - {type: file, target: ../../examples/org.yaml}
    - {type: file, target: ../../examples/*.yaml}
    - {type: file, target: ./examples/org.yaml}
    - {type: file, target: ../../nowhere.yaml}
"""
    (app / "app-config.yaml").write_text(text)
    settings = load_settings(configs=[app / "app-config.yaml"], environ={"HOME": str(tmp_path)})
    assert isinstance(settings, Settings)
    assert [source.target for source in settings.sources] == [
        str(app / "examples/org.yaml"),
        str(app / "examples/*.yaml"),
        str(tmp_path.parent / "nowhere.yaml"),
    ]


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ("[{type: url}]", (("url", "pattern", "**"),)),
        ("[{type: file, exact: a.yaml}]", (("file", "exact", "{here}/a.yaml"),)),
        ("[{type: file, pattern: 'a/**'}]", (("file", "pattern", "{here}/a/**"),)),
    ],
)
def test_a_rule_holds_at_its_places(
    tmp_path: Path, places: str, expected: tuple[tuple[str, str, str], ...]
) -> None:
    settings = load(tmp_path, f"catalog: {{rules: [{{allow: [API], locations: {places}}}]}}")
    assert settings.rules is not None
    [rule] = settings.rules
    assert rule.locations == tuple((t, f, p.format(here=tmp_path)) for t, f, p in expected)


def test_a_rule_with_no_place_at_all_allows_nothing(tmp_path: Path) -> None:
    settings = load(tmp_path, "catalog: {rules: [{allow: [API], locations: []}]}")
    assert settings.rules is not None
    assert not is_allowed(settings.rules, kind="API", spec_type=None, origin="url:https://x/y")


def test_a_place_is_exact_or_a_pattern_and_not_both(tmp_path: Path) -> None:
    text = """\
catalog:
  rules:
    - allow: [API]
      locations:
        - {type: url, exact: "https://a/b", pattern: "https://a/**"}
"""
    [problem] = faults(tmp_path, text)
    assert problem.pointer == "/catalog/rules/0/locations/0"
    assert problem.line == 5
    assert "both exact and pattern" in problem.message


def test_rules_may_ask_for_a_type_and_a_place(tmp_path: Path) -> None:
    text = """\
catalog:
  rules:
    - allow: [Component, {kind: Resource, spec.type: database}]
      locations: [{type: url, pattern: "https://forge.example/**"}]
"""
    settings = load(tmp_path, text)
    assert settings.rules is not None
    [rule] = settings.rules
    assert rule.kinds[1] == AllowedKind(kind="Resource", spec_type="database")
    assert rule.locations == (("url", "pattern", "https://forge.example/**"),)
    empty = load(tmp_path, "catalog: {rules: []}")
    assert empty.rules == ()


def test_what_the_command_line_names_may_hold_every_kind(tmp_path: Path) -> None:
    settings = load(tmp_path, "catalog: {rules: []}", sources=["https://forge.example/a"])
    assert settings.rules is not None
    [rule] = settings.rules
    assert {"Group", "User", "Template"} <= {kind.kind for kind in rule.kinds}
    assert rule.locations == (("url", "exact", "https://forge.example/a"),)


def test_our_own_section_is_read(tmp_path: Path) -> None:
    text = """\
plumbline:
  scorecards: [cards/ours.yaml]
  kinds: [kinds/robot.json]
  removal: {grace: 7d, keep: 90d}
  history: {keep: {years: 2}}
  facts: {refresh: {hours: 2}}
  placeholders: {sameRepository: false}
  plugins: {disabled: [git]}
  dataDir: data
"""
    settings = load(tmp_path, text)
    assert settings.kinds == (tmp_path / "kinds/robot.json",)
    assert settings.tombstones_keep == timedelta(days=90)
    assert settings.history_keep > timedelta(days=730)
    assert not settings.same_repository_placeholders
    assert settings.scorecards == (tmp_path / "cards/ours.yaml",)
    assert settings.removal_grace == timedelta(days=7)
    assert settings.processing_interval == timedelta(hours=2)
    assert settings.plugins_disabled == ("git",)
    assert settings.data_dir == tmp_path / "data"


def test_an_unknown_key_of_ours_is_an_error_that_guesses(tmp_path: Path) -> None:
    [problem] = faults(tmp_path, "plumbline:\n  scorecard: [x]\n")
    assert problem.code == "CONFIG_KEY_UNKNOWN"
    assert problem.hint == "Did you mean scorecards?"
    assert problem.line == 2


def test_an_unknown_key_elsewhere_is_one_warning_that_guesses(tmp_path: Path) -> None:
    settings = load(
        tmp_path, "techdocs: {a: 1}\ncatalog:\n  orphanStategy: keep\n", "techdocs: {b: 2}"
    )
    second, first = settings.warnings
    assert (first.pointer, first.line, first.hint) == (
        "/catalog/orphanStategy",
        3,
        "Did you mean orphanStrategy?",
    )
    assert second.pointer == "/techdocs"
    assert all(w.severity is Severity.WARNING for w in settings.warnings)


def test_a_warning_does_not_stand_in_the_way_of_what_is_beside_it(tmp_path: Path) -> None:
    text = """\
integrations:
  github: [{host: github.com, color: blue}]
backend:
  reading:
    allow: [{host: example.com, why: docs}]
catalog:
  readonly: true
  speed: high
"""
    settings = load(tmp_path, text)
    assert [one.host for one in settings.reading] == ["example.com"]
    assert len(settings.integrations) == 1
    assert settings.readonly
    assert [w.pointer for w in settings.warnings] == [
        "/integrations/github/0/color",
        "/backend/reading/allow/0/why",
        "/catalog/speed",
    ]


@pytest.mark.parametrize(
    ("written", "interval"),
    [
        ("30m", timedelta(minutes=30)),
        ("2 hours", timedelta(hours=2)),
        ("1.5h", timedelta(minutes=90)),
        ("PT30M", timedelta(minutes=30)),
        ("P1DT12H", timedelta(hours=36)),
        ("{hours: 1, minutes: 15}", timedelta(minutes=75)),
        ("{milliseconds: 1500}", timedelta(seconds=1.5)),
        ("false", None),
    ],
)
def test_the_processing_interval_is_the_time_between_sweeps(
    tmp_path: Path, written: str, interval: timedelta | None
) -> None:
    text = f"catalog: {{processingInterval: {written}}}\nplumbline: {{facts: {{refresh: 3h}}}}"
    assert load(tmp_path, text).processing_interval == interval
    assert load(tmp_path, "plumbline: {facts: {refresh: 3h}}").processing_interval == timedelta(
        hours=3
    )
    assert load(tmp_path).processing_interval == timedelta(hours=1)


@pytest.mark.parametrize(
    "written",
    ["0s", "soon", "30", "PT", "P", "{hours: -1}", "{hour: 1}", "true", "{}", "900 years"],
)
def test_an_interval_that_is_none_is_said_with_its_place(tmp_path: Path, written: str) -> None:
    [problem] = faults(tmp_path, f"catalog:\n  processingInterval: {written}\n")
    assert (problem.code, problem.pointer) == ("CONFIG_VALUE", "/catalog/processingInterval")
    assert problem.line == 2


@pytest.mark.parametrize(
    ("written", "value"), [("true", True), ("'yes'", True), ("'off'", False), ("'0'", False)]
)
def test_a_switch_may_be_a_word(tmp_path: Path, written: str, value: bool) -> None:
    assert load(tmp_path, f"catalog: {{readonly: {written}}}").readonly is value
    assert faults(tmp_path, "catalog: {readonly: maybe}")[0].pointer == "/catalog/readonly"


def test_a_conflict_of_locations_is_rejected_unless_they_are_to_be_refreshed(
    tmp_path: Path,
) -> None:
    assert load(tmp_path, "app: {}").default_conflict == "reject"
    text = "catalog: {defaultLocationConflictStrategy: %s}"
    assert load(tmp_path, text % "refresh").default_conflict == "refresh"
    assert faults(tmp_path, text % "overwrite")[0].found == "overwrite"


def test_all_problems_are_told_at_once_with_their_places(tmp_path: Path) -> None:
    found = faults(
        tmp_path,
        "plumbline:\n  removal: {grace: soon}\n  nope: 1\n",
        "catalog:\n  orphanStrategy: burn\n",
        environ={"PLUMBLINE_PORT": "x"},
        sources=["/nowhere/at/all"],
    )
    assert {p.pointer for p in found if p.pointer} == {
        "/plumbline/removal/grace",
        "/plumbline/nope",
        "/catalog/orphanStrategy",
    }
    assert len(found) == 5
    places = {p.pointer: (Path(p.file).name, p.line) for p in found if p.pointer}
    assert places["/plumbline/nope"] == ("0.yaml", 3)
    assert places["/catalog/orphanStrategy"] == ("1.yaml", 2)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("a: [", "YAML"),
        ("- a\n- b\n", "CONFIG_NOT_AN_OBJECT"),
        ("a: 1\n---\nb: 2\n", "CONFIG_SEVERAL_DOCUMENTS"),
    ],
)
def test_a_file_that_is_no_config_is_said(tmp_path: Path, options: str, code: str) -> None:
    assert faults(tmp_path, options)[0].code.startswith(code)


def test_a_config_that_is_not_there_is_said(tmp_path: Path) -> None:
    found = load_settings(configs=[tmp_path / "none.yaml"], environ={"HOME": str(tmp_path)})
    assert not isinstance(found, Settings)
    assert found[0].code == "CONFIG_UNREADABLE"


def test_an_empty_config_is_one(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing yet\n").auth is Auth.REQUIRED
