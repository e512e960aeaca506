"""Facts that may be pushed are declared in the configuration."""

from datetime import timedelta
from pathlib import Path

import pytest

from scorecards.collection.pushed import Declared
from scorecards.facts import FactSchema, FactType
from tests.portal.configs import faults, load


def declare(entries: str) -> str:
    return f"plumbline:\n  facts:\n    pushed: {entries}\n"


def test_a_fact_is_declared_with_its_type_and_how_long_it_is_believed(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        declare(
            "[{name: coverage.line_pct, type: double, description: Lines., ttl: 30d},"
            " {name: deploy.at, type: timestamp, description: When., "
            "whenAbsent: '2020-01-01T00:00:00Z'}]"
        ),
    )
    coverage, deploy = settings.pushed_facts
    assert coverage == Declared(
        schema=FactSchema(
            name="coverage.line_pct", type=FactType.DOUBLE, description="Lines.", when_absent=0.0
        ),
        ttl=timedelta(days=30),
    )
    assert str(deploy.schema.when_absent) == "2020-01-01 00:00:00+00:00"
    assert deploy.ttl is None


@pytest.mark.parametrize(
    ("entry", "pointer"),
    [
        ("[{type: int, description: x}]", "/0"),
        ("[{name: coverage, type: int, description: x}]", "/0/name"),
        ("[{name: Coverage.x, type: int, description: x}]", "/0/name"),
        ("[{name: a.b, type: number, description: x}]", "/0/type"),
        ("[{name: a.b, type: int, description: ''}]", "/0/description"),
        ("[{name: a.b, type: int, description: x, whenAbsent: none}]", "/0/whenAbsent"),
        ("[{name: a.b, type: int, description: x, ttl: long}]", "/0/ttl"),
        ("[{name: a.b, type: int, description: x, age: 1}]", "/0/age"),
        (
            "[{name: a.b, type: int, description: x}, {name: a.b, type: int, description: x}]",
            "",
        ),
    ],
)
def test_what_cannot_be_declared_is_an_error(tmp_path: Path, entry: str, pointer: str) -> None:
    [problem] = faults(tmp_path, declare(entry))
    assert problem.pointer == f"/plumbline/facts/pushed{pointer}"
