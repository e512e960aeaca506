"""The files of `examples/scale-out` say what the product understands."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from portal.app import create_app
from portal.cli.main import main
from portal.config import Settings, load_settings
from portal.overseer import GRACE
from portal.wiring import open_portal

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "scale-out"
SECRETS = {
    "PORTAL_TOKEN": "a-token-that-is-long-enough",
    "GITHUB_TOKEN": "secret",
    "PLUMBLINE_DATABASE": "postgresql://portal@database/portal",
}


def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text())
    return found


def manifests() -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((EXAMPLES / "kubernetes.yaml").read_text()))


def pods() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The pods of the manifests, by the name of what runs them."""
    for one in manifests():
        if "template" in one.get("spec", {}):
            yield one["metadata"]["name"], one["spec"]["template"]["spec"]


def commands() -> dict[str, list[str]]:
    """Each command line of the examples, by where it is."""
    services = compose()["services"].items()
    found = {f"compose {name}": one["command"] for name, one in services if "command" in one}
    for name, pod in pods():
        found |= {f"kubernetes {name}": container["args"] for container in pod["containers"]}
    return found


@pytest.mark.parametrize("where", commands())
def test_the_command_exists_and_takes_its_arguments(where: str) -> None:
    name, *arguments = commands()[where]
    with click.Context(main) as context:
        command = main.get_command(context, name)
        assert command is not None
        command.make_context(name, arguments, parent=context)


def test_there_are_web_processes_and_workers_in_both() -> None:
    kinds = {(where.split()[0], line[0]) for where, line in commands().items()}
    assert kinds == set(
        itertools.product(("compose", "kubernetes"), ("migrate", "serve", "worker"))
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """What a process reads from the configuration and the environment that the examples name."""
    loaded = load_settings(
        environ=SECRETS, configs=(EXAMPLES / "app-config.yaml",), data_dir=tmp_path
    )
    assert isinstance(loaded, Settings), loaded
    return loaded


def test_the_configuration_is_read_without_a_warning(settings: Settings) -> None:
    assert list(settings.warnings) == []
    assert settings.database == SECRETS["PLUMBLINE_DATABASE"]
    assert settings.host == "0.0.0.0"
    assert [one.organization for one in settings.providers if hasattr(one, "organization")] == [
        "acme"
    ]


def test_what_the_configuration_needs_is_given_to_every_process() -> None:
    given = set(compose()["x-portal"]["environment"])
    assert given == set(SECRETS)
    for _, pod in pods():
        assert all(
            one["envFrom"] == [{"secretRef": {"name": "portal"}}] for one in pod["containers"]
        )


def test_the_probes_are_answered(tmp_path: Path) -> None:
    loaded = load_settings(environ={}, data_dir=tmp_path, database="sqlite://")
    assert isinstance(loaded, Settings)
    routes = {rule.rule for rule in create_app(open_portal(loaded)).url_map.iter_rules()}
    asked = {
        container[probe]["httpGet"]["path"]
        for _, pod in pods()
        for container in pod["containers"]
        for probe in ("readinessProbe", "livenessProbe")
        if probe in container
    }
    assert asked == {"/readyz", "/livez"}
    assert asked <= routes


def test_there_is_time_to_end_what_is_at_hand() -> None:
    seconds = [
        pod.get("terminationGracePeriodSeconds") for name, pod in pods() if "migrate" not in name
    ]
    seconds.append(int(compose()["x-portal"]["stop_grace_period"].removesuffix("s")))
    assert seconds
    assert all(one is not None and one > GRACE for one in seconds)


def test_every_volume_that_is_mounted_is_there() -> None:
    for one in manifests():
        spec = one.get("spec", {})
        if "template" not in spec:
            continue
        there = {volume["name"] for volume in spec["template"]["spec"]["volumes"]}
        there |= {claim["metadata"]["name"] for claim in spec.get("volumeClaimTemplates", [])}
        mounted = {
            mount["name"]
            for container in spec["template"]["spec"]["containers"]
            for mount in container["volumeMounts"]
        }
        assert mounted == there
