"""How settings are made: command line over environment over the files named by `--config`.

Every problem is found before anything is said, and a portal that would be open to the network
without anyone having asked for that does not start (reference reliability 8.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalog.problems import Problem, Severity, quote
from portal.config.checking import check
from portal.config.files import read_config
from portal.config.merging import Merged, merge
from portal.config.places import default_data_dir
from portal.config.policies import allow_rules, configured_locations, static_tokens
from portal.config.schema import parse_port
from portal.config.settings import Auth, ConfiguredSource, Settings

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[\w.-]+@[\w.-]+:")


def load_settings(
    *,
    configs: Sequence[Path] = (),
    sources: Sequence[str] = (),
    host: str | None = None,
    port: int | None = None,
    database: str | None = None,
    data_dir: Path | None = None,
    environ: Mapping[str, str],
) -> Settings | tuple[Problem, ...]:
    """The settings; or, where at least one problem is an error, all problems.

    A text given as None was not given on the command line.
    """
    files = [read_config(path.absolute(), environ) for path in configs]
    merged = merge(files)
    problems = [problem for file in files for problem in file.problems]
    values, found = check(merged)
    problems += found
    variables = _Variables(environ, problems)
    plumbline = values.get("plumbline", {})
    backend = values.get("backend", {})
    sample = not configs and not sources
    listen_host, listen_port = backend.get("listen", ("", None))
    directory = data_dir or _path(variables.text("DATA_DIR")) or _data_dir(merged, plumbline)
    directory = (directory or default_data_dir(environ, sample=sample)).expanduser().absolute()
    url = database or variables.text("DATABASE") or plumbline.get("database")
    base_url = backend.get("base_url") or values.get("app", {}).get("base_url", "")
    tokens, found = static_tokens(merged, backend.get("auth", {}).get("access", []))
    problems += found
    locations, found = configured_locations(merged, values.get("catalog", {}).get("locations", []))
    problems += found
    commanded = _command_sources(sources, problems)
    settings = Settings(
        database=_database(url, directory, problems),
        data_dir=directory,
        host=(host or variables.text("HOST") or listen_host or "127.0.0.1").strip("[]"),
        port=port or variables.port() or listen_port or 7007,
        sources=(*commanded, *locations),
        sample=sample,
        base_url=base_url,
        base_path=urlsplit(base_url).path,
        allowed_hosts=_hosts(values),
        auth=_auth(configs, backend),
        tokens=tokens,
        rules=allow_rules(merged, values.get("catalog", {}), commanded) if configs else None,
        warnings=tuple(p for p in problems if p.severity is Severity.WARNING),
        **_optional(merged, values),
    )
    problems += _refusals(settings)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return tuple(problems)
    return settings


class _Variables:
    """Plumbline's own environment variables; `NAME_FILE` names a file that holds the value."""

    def __init__(self, environ: Mapping[str, str], problems: list[Problem]) -> None:
        self._environ = environ
        self._problems = problems

    def text(self, name: str) -> str:
        value = self._environ.get(f"PLUMBLINE_{name}", "")
        file = self._environ.get(f"PLUMBLINE_{name}_FILE", "")
        if value or not file:
            return value
        try:
            return Path(file).read_text().strip()
        except (OSError, UnicodeDecodeError):
            self._problems.append(
                Problem(
                    code="CONFIG_UNREADABLE",
                    message=f"The file that PLUMBLINE_{name}_FILE names cannot be read",
                    found=quote(file),
                )
            )
            return ""

    def port(self) -> int | None:
        text = self.text("PORT")
        number = parse_port(text)
        if text and number is None:
            self._problems.append(
                Problem(
                    code="CONFIG_VALUE",
                    message="PLUMBLINE_PORT is not a port",
                    found=quote(text),
                    expected="a number from 1 to 65535",
                )
            )
        return number


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _data_dir(merged: Merged, plumbline: dict[str, Any]) -> Path | None:
    if "data_dir" not in plumbline:
        return None
    return _beside(merged, "/plumbline/dataDir", plumbline["data_dir"])


def _beside(merged: Merged, pointer: str, text: str) -> Path:
    """The path `text`, relative to the folder of the config file that wrote it."""
    writer = merged.writer(pointer)
    path = Path(text).expanduser()
    return (writer.path.parent / path) if writer else path


def _optional(merged: Merged, values: dict[str, Any]) -> dict[str, Any]:
    """Fields of `Settings` that are left to their defaults where the config is silent."""
    plumbline = values.get("plumbline", {})
    given = {
        "orphan_strategy": values.get("catalog", {}).get("orphan_strategy"),
        "removal_grace": plumbline.get("removal", {}).get("grace"),
        "facts_refresh": plumbline.get("facts", {}).get("refresh"),
        "plugins_disabled": tuple(plumbline.get("plugins", {}).get("disabled", ())),
        "scorecards": tuple(
            _beside(merged, "/plumbline/scorecards", text)
            for text in plumbline.get("scorecards", ())
        ),
    }
    return {name: value for name, value in given.items() if value is not None}


def _database(url: str | None, data_dir: Path, problems: list[Problem]) -> str:
    if not url:
        return f"sqlite:///{data_dir / 'portal.db'}"
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme not in ("sqlite", "postgresql", "postgres"):
        problems.append(
            Problem(
                code="CONFIG_VALUE",
                message="The database must be PostgreSQL or SQLite",
                found=quote(url.partition(":")[0]),
                expected="postgresql://user@host/name or sqlite:////path/portal.db",
            )
        )
    return re.sub(r"^postgres:", "postgresql:", url)


def _command_sources(targets: Iterable[str], problems: list[Problem]) -> list[ConfiguredSource]:
    sources = []
    for target in targets:
        if _REMOTE.match(target):
            sources.append(ConfiguredSource("url", target, "command"))
            continue
        path = Path(target).expanduser().absolute()
        if not path.exists():
            problems.append(
                Problem(
                    code="SOURCE_NOT_FOUND",
                    message=f"There is no file or folder {path}",
                    hint="Name a descriptor, a repository, a folder of repositories, or a git URL.",
                    found=quote(target),
                )
            )
        sources.append(ConfiguredSource("file", str(path), "command"))
    return sources


def _auth(configs: Sequence[Path], backend: dict[str, Any]) -> Auth:
    """Without a config everyone on this host may ask; a config has Backstage's default policy."""
    is_off = backend.get("auth", {}).get("is_off", False)
    return Auth.OPEN if is_off or not configs else Auth.REQUIRED


def _hosts(values: dict[str, Any]) -> tuple[str, ...]:
    urls = (values.get(section, {}).get("base_url", "") for section in ("backend", "app"))
    return tuple(sorted({name for url in urls if (name := urlsplit(url).hostname)}))


def _refusals(settings: Settings) -> list[Problem]:
    if settings.is_loopback or settings.auth is Auth.REQUIRED:
        return []
    return [
        Problem(
            code="OPEN_TO_THE_NETWORK",
            message=(
                f"The portal would listen on {settings.host}, where others can reach it, "
                "and let everyone in"
            ),
            hint=(
                "Listen with --host 127.0.0.1, or turn authentication on: name a config with "
                "--config, with a token under backend.auth.externalAccess and without "
                "dangerouslyDisableDefaultAuthPolicy."
            ),
            found=quote(settings.host),
            expected="127.0.0.1, or a config with authentication",
        )
    ]
