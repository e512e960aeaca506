"""Numbers: printed as JavaScript prints them, in bodies and in terms."""

from __future__ import annotations

import random
import shutil
import struct
import subprocess

import pytest

from catalog.descriptor.normalize import serialize
from catalog.descriptor.terms import terms
from catalog.numbers import as_javascript

TABLE = [
    (0, "0"),
    (-0.0, "0"),
    (1.0, "1"),
    (-1.5, "-1.5"),
    (1e3, "1000"),
    (2**53, "9007199254740992"),
    (2**53 + 1, "9007199254740992"),
    (12345678901234567890, "12345678901234567000"),
    (-(2**63), "-9223372036854776000"),
    (1e16, "10000000000000000"),
    (123456789012345680000, "123456789012345680000"),
    (1e21, "1e+21"),
    (1.5e300, "1.5e+300"),
    (1e-6, "0.000001"),
    (1.5e-7, "1.5e-7"),
    (5e-324, "5e-324"),
    (0.1 + 0.2, "0.30000000000000004"),
    (float("inf"), None),
    (float("-inf"), None),
    (float("nan"), None),
    (10**400, None),
]


@pytest.mark.parametrize(("number", "text"), TABLE)
def test_number_prints_as_in_javascript(number: int | float, text: str | None) -> None:
    assert as_javascript(number) == text


@pytest.mark.parametrize(("number", "text"), TABLE)
def test_body_and_terms_agree_on_it(number: int | float, text: str | None) -> None:
    body, _ = serialize({"spec": {"a": [True, {"b": number}], "c": "1.0"}})
    shown = "null" if text is None else text
    assert body.decode() == f'{{"spec":{{"a":[true,{{"b":{shown}}}],"c":"1.0"}}}}'
    assert dict(terms({"spec": {"b": number}})[0]) == {"spec.b": text}


def numbers() -> list[float]:
    """Doubles of every size, and those near which the form changes."""
    chosen = random.Random(20)
    bits = [struct.unpack("d", chosen.randbytes(8))[0] for _ in range(2_000)]
    tens = [digit * 10.0**power for digit in (1, 12, 9.99) for power in range(-12, 25)]
    whole = [float(chosen.randint(-(2**70), 2**70)) for _ in range(1_000)]
    return [number for number in [*bits, *tens, *whole] if number - number == 0]


def test_node_prints_the_same() -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    script = (
        "const lines = require('fs').readFileSync(0, 'utf8').trim().split('\\n');"
        "console.log(lines.map(line => JSON.stringify(Number(line))).join('\\n'))"
    )
    tried = numbers()
    printed = subprocess.run(
        [node, "-e", script],
        input="\n".join(map(repr, tried)),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert [as_javascript(number) for number in tried] == printed
