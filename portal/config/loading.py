"""How settings are made: command line over environment over the files named by `--config`.

Every problem is found before anything is said, and a portal that would be open to the network
without anyone having asked for that does not start (reference reliability 8.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from catalog.descriptor.rules import AllowedKind, AllowRule
from catalog.problems import Problem, Severity, quote
from plugins.contract import PeopleProvider
from portal.config.access import Issuer, StaticToken
from portal.config.checking import check, unread
from portal.config.files import read_config
from portal.config.forges import people_of, providers_of, schedules_of
from portal.config.hooking import Hook, hooks_of_apps, together
from portal.config.merging import Merged, merge
from portal.config.places import default_data_dir
from portal.config.policies import allow_rules, configured_locations
from portal.config.repositories import ScorecardRepository
from portal.config.settings import Auth, ConfiguredSource, Settings
from portal.config.variables import Variables, backstage_variables
from scorecards.people.exemptions import Policy

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
    files += backstage_variables(environ, configs)
    merged = merge(files)
    values, found = check(merged)
    problems = [*unread(files, found), *found]
    variables = Variables(environ, problems)
    plumbline = values.get("plumbline", {})
    backend = values.get("backend", {})
    sample = not configs and not sources
    listen_host, listen_port = backend.get("listen", ("", None))
    directory = data_dir or _path(variables.text("DATA_DIR")) or _data_dir(merged, plumbline)
    directory = (directory or default_data_dir(environ, sample=sample)).expanduser().absolute()
    url = database or variables.text("DATABASE") or plumbline.get("database")
    base_url = backend.get("base_url") or values.get("app", {}).get("base_url", "")
    tokens, issuers = _access(values)
    commanded = _command_sources(sources, problems)
    read = _what_is_read(merged, values, commanded, problems)
    settings = Settings(
        database=_database(url, directory, problems),
        data_dir=directory,
        host=(host or variables.text("HOST") or listen_host or "127.0.0.1").strip("[]"),
        port=port or variables.port() or listen_port or 7007,
        sample=sample,
        base_url=base_url,
        base_path=urlsplit(base_url).path,
        allowed_hosts=_hosts(values),
        auth=_auth(configs, backend),
        tokens=tokens,
        access=issuers,
        rules=_rules(merged, values, commanded, read["people"]) if configs else None,
        exemptions=_exemptions(_auth(configs, backend), plumbline),
        warnings=tuple(p for p in problems if p.severity is Severity.WARNING),
        **read,
        **_optional(merged, values),
    )
    problems += _refusals(settings)
    if any(problem.severity is Severity.ERROR for problem in problems):
        return tuple(problems)
    return settings


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
    return (writer.path.parent / path).absolute() if writer else path


def _what_is_read(
    merged: Merged,
    values: dict[str, Any],
    commanded: Sequence[ConfiguredSource],
    problems: list[Problem],
) -> dict[str, Any]:
    """Fields of `Settings` that say what is read, and when; `commanded` comes first."""
    catalog = values.get("catalog", {})
    locations, found = configured_locations(merged, catalog.get("locations", []))
    problems += found
    configured = catalog.get("providers", {})
    providers, people = providers_of(configured), people_of(configured)
    found_by = [ConfiguredSource("url", one.target, "config") for one in (*providers, *people)]
    return {
        "sources": (*commanded, *locations, *found_by),
        "providers": providers,
        "people": people,
        "schedules": schedules_of(configured),
    }


def _optional(merged: Merged, values: dict[str, Any]) -> dict[str, Any]:
    """Fields of `Settings` that are left to their defaults where the config is silent."""
    plumbline, catalog = values.get("plumbline", {}), values.get("catalog", {})
    given = {
        "orphan_strategy": catalog.get("orphan_strategy"),
        "readonly": catalog.get("readonly"),
        "default_conflict": catalog.get("conflict"),
        "integrations": values.get("integrations"),
        "removal_grace": plumbline.get("removal", {}).get("grace"),
        "tombstones_keep": plumbline.get("removal", {}).get("keep"),
        "history_keep": plumbline.get("history", {}).get("keep"),
        "tech_insights_unknown": plumbline.get("compat", {})
        .get("tech_insights", {})
        .get("not_known"),
        "pushed_facts": tuple(plumbline.get("facts", {}).get("pushed", ())),
        "recipes": tuple(plumbline.get("facts", {}).get("http", ())),
        "forge_facts": plumbline.get("facts", {}).get("forges"),
        "link_facts": plumbline.get("facts", {}).get("links"),
        "packs": tuple(plumbline.get("packs", ())),
        "codeowners": plumbline.get("catalog", {}).get("codeowners"),
        "views": tuple(plumbline.get("catalog", {}).get("views", ())),
        "same_repository_placeholders": plumbline.get("placeholders", {}).get("same_repository"),
        "public_badges": plumbline.get("public_badges"),
        "answer_cache_bytes": plumbline.get("answer_cache_bytes"),
        "plugins_disabled": tuple(plumbline.get("plugins", {}).get("disabled", ())),
        "sharing": values.get("backend", {}).get("cors"),
        "reading": tuple(values.get("backend", {}).get("reading", {}).get("allow", ())),
        "scorecards": _files(merged, plumbline, "scorecards"),
        "scorecard_repositories": _repositories(merged, plumbline),
        "kinds": _files(merged, plumbline, "kinds"),
        "notices": plumbline.get("notices", {}).get("notices"),
        "hooks": _hooks(values),
        "channels": plumbline.get("notices", {}).get("channels"),
    }
    interval = catalog.get("processing_interval", plumbline.get("facts", {}).get("refresh"))
    is_said = interval is not None or "processing_interval" in catalog
    swept = {"processing_interval": interval} if is_said else {}
    return swept | {name: value for name, value in given.items() if value is not None}


def _hooks(values: dict[str, Any]) -> tuple[Hook, ...]:
    """Ours, and of Backstage's those whose names are free."""
    # What is wrong with one is told, and it is then no `Hook`.
    ours = [h for h in values.get("plumbline", {}).get("webhooks", ()) if isinstance(h, Hook)]
    names = {hook.name for hook in ours}
    theirs = [h for h in values.get("events") or () if isinstance(h, Hook)]
    theirs = together([*theirs, *hooks_of_apps(values.get("integrations") or ())])
    return (*ours, *(hook for hook in theirs if hook.name not in names))


def _files(merged: Merged, plumbline: dict[str, Any], key: str) -> tuple[Path, ...]:
    return tuple(_beside(merged, f"/plumbline/{key}", text) for text in plumbline.get(key, ()))


def _repositories(merged: Merged, plumbline: dict[str, Any]) -> tuple[ScorecardRepository, ...]:
    """Paths are beside the file that names them, as everywhere."""
    found = []
    for index, one in enumerate(plumbline.get("scorecard_repositories", ())):
        if not isinstance(one, ScorecardRepository):
            continue  # what is wrong with it is told
        where = f"/plumbline/scorecardRepositories/{index}/target"
        if not _REMOTE.match(one.target):
            one = replace(one, target=str(_beside(merged, where, one.target)))
        found.append(one)
    return tuple(found)


def _access(values: dict[str, Any]) -> tuple[tuple[StaticToken, ...], tuple[Issuer, ...]]:
    """Tokens to compare with, and those who sign others."""
    auth = values.get("backend", {}).get("auth", {})
    entries = [entry for entry in (*auth.get("access", ()), *auth.get("keys", ())) if entry]
    backstage = values.get("plumbline", {}).get("auth", {}).get("backstage", ())
    tokens = tuple(entry for entry in entries if isinstance(entry, StaticToken))
    return tokens, (*(e for e in entries if not isinstance(e, StaticToken)), *backstage)


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


def _exemptions(auth: Auth, plumbline: dict[str, Any]) -> Policy:
    said = {"self_approval": auth is Auth.OPEN} | plumbline.get("exemptions", {})
    # Of a section with a problem there is what is good of it, in the form of the config.
    return Policy(**{f.name: said[f.name] for f in fields(Policy) if f.name in said})


def _rules(
    merged: Merged,
    values: dict[str, Any],
    commanded: Sequence[ConfiguredSource],
    people: Sequence[PeopleProvider],
) -> tuple[AllowRule, ...]:
    """Which kinds may come from where. Who asks for people wants them, whatever `catalog.rules` say
    of descriptors, as in Backstage."""
    rules = allow_rules(merged, values.get("catalog", {}), commanded)
    if not people:
        return rules
    places = tuple(("url", "exact", one.target) for one in people)
    kinds = (AllowedKind(kind="User"), AllowedKind(kind="Group"))
    return (*rules, AllowRule(kinds=kinds, locations=places))


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
