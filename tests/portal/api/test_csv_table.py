"""Tables as CSV: no text becomes a formula, whatever it holds, and every other text stays."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.api.csv_table import safe, table


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        "\ufeff=1",
        "＝1",
        "＋1",
        "－1",
        "＠x",
    ],
)
def test_a_text_that_a_spreadsheet_would_calculate_is_quoted(text: str) -> None:
    assert safe(text) == f"'{text}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")))
def test_what_is_written_is_read_again(text: str) -> None:
    answer = table(["a", "n"], [[text, 1]], name="x", tag="t")
    header, row = csv.reader(io.StringIO(answer.get_data(as_text=True), newline=""))
    assert header == ["a", "n"]
    assert row[0].removeprefix("'") == text.removeprefix("'")
    assert row[1] == "1"
    assert row[0].lstrip(" \u00a0\ufeff")[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


def test_numbers_stay_numbers() -> None:
    assert safe(-5) == -5
