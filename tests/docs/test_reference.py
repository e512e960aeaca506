"""The reference names everything there is."""

import re
from pathlib import Path

from click import Option

from plugins.contract import Context
from plugins.registry import load_plugins
from portal.cli.main import COMMANDS, main
from portal.config.fields import keys_of
from portal.config.schema import Config
from scorecards.collection.packs import built_in

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def page(name: str) -> str:
    return (REFERENCE / name).read_text()


def test_every_command_and_option_is_in_the_reference() -> None:
    text = page("command-line.md")
    for name in COMMANDS:
        assert f"`portal {name}" in text
        command = main.get_command(None, name)  # type: ignore[arg-type]
        assert command is not None
        for parameter in command.params:
            if isinstance(parameter, Option):
                assert parameter.opts[0] in text, f"{name} {parameter.opts[0]}"


def test_every_fact_is_in_the_reference(tmp_path: Path) -> None:
    text = page("facts.md")
    plugins, _ = load_plugins(context_for=lambda name: Context(cache=tmp_path / name))
    for schema in (s for p in plugins for c in p.collectors for s in c.schemas):
        assert f"| `{schema.name}` | {schema.type.value} | {schema.description}" in text


def test_every_fact_of_a_pack_is_in_the_reference() -> None:
    text = page("facts.md")
    for pack in built_in().values():
        for schema in (fact.schema for fact in pack.facts):
            assert f"| `{schema.name}` | {schema.type.value} | {schema.description}" in text


def test_every_pack_is_in_its_how_to_with_its_scorecards() -> None:
    text = (ROOT / "docs" / "how-to" / "switch-on-a-pack.md").read_text()
    for pack in built_in().values():
        scorecards = ", ".join(f"`{name}`" for name in pack.contains)
        assert f"| `{pack.name}` | {scorecards} |" in text


def test_every_key_of_the_configuration_is_in_the_reference() -> None:
    text = page("configuration.md")
    for section in ("app", "backend", "catalog", "plumbline"):
        for key in keys_of(Config().fields[section].schema):
            assert f"`{section}.{key}" in text, f"{section}.{key}"


def test_every_code_of_a_descriptors_problem_is_in_the_reference() -> None:
    text = page("problems.md")
    sources = [*(ROOT / "catalog").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    codes = {
        code
        for source in sources
        for code in re.findall(r'code="([A-Z][A-Z_]+)"', source.read_text())
    }
    assert codes - {"PLUGIN_REFUSED"} - set(re.findall(r"`([A-Z][A-Z_]+)`", text)) == set()
