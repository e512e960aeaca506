"""Three forms of coverage that say the same lines come to the same numbers."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.reports import lines as lines_of
from plugins.reports.coverage import read_coverage
from plugins.reports.lines import Lines
from plugins.reports.markup import NotRead

COBERTURA = b"""<?xml version="1.0" ?>
<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">
<coverage version="7.6" timestamp="1" lines-valid="4" lines-covered="3" line-rate="0.75" branch-rate="0">
  <sources><source>/builds/shop/src</source></sources>
  <packages><package name="shop" line-rate="0.75">
    <classes><class name="cart.py" filename="shop/cart.py" line-rate="0.75">
      <methods><method name="add" signature="()"><lines><line number="1" hits="1"/></lines></method></methods>
      <lines>
        <line number="1" hits="1"/><line number="2" hits="7" branch="true" condition-coverage="50% (1/2)"/>
        <line number="4" hits="0"/>
      </lines>
    </class>
    <class name="cart.Inner" filename="shop/cart.py"><lines><line number="9" hits="2"/></lines></class>
    </classes>
  </package></packages>
</coverage>"""

JACOCO = b"""<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<!DOCTYPE report PUBLIC "-//JACOCO//DTD Report 1.1//EN" "report.dtd">
<report name="shop"><sessioninfo id="x" start="1" dump="2"/>
  <group name="core"><package name="shop">
    <class name="shop/Cart" sourcefilename="cart.py">
      <method name="add" desc="()V" line="1"><counter type="LINE" missed="1" covered="3"/></method>
    </class>
    <sourcefile name="cart.py">
      <line nr="1" mi="0" ci="3" mb="0" cb="0"/><line nr="2" mi="1" ci="2" mb="1" cb="1"/>
      <line nr="4" mi="3" ci="0" mb="0" cb="0"/><line nr="9" mi="0" ci="1" mb="0" cb="0"/>
      <counter type="LINE" missed="1" covered="3"/>
    </sourcefile>
  </package></group>
</report>"""

LCOV = b"""TN:
SF:shop/cart.py
FN:1,add
FNDA:3,add
DA:1,1
DA:2,7,Zm9v
DA:4,0
DA:9,2
LF:4
LH:3
end_of_record
"""


@pytest.mark.parametrize("report", [COBERTURA, JACOCO, LCOV], ids=["cobertura", "jacoco", "lcov"])
def test_the_three_forms_say_the_same(report: bytes) -> None:
    lines = read_coverage(report)
    assert lines.by_file == {"shop/cart.py": {1: True, 2: True, 4: False, 9: True}}
    assert lines.percent() == 75.0
    assert lines.lowest(10) == ["shop/cart.py"]


@pytest.mark.parametrize(
    ("report", "why", "line"),
    [
        (b"SF:a.py\nDA:one,1\n", "has `DA:one,1`", 2),
        (b"SF:a.py\nend_of_record\nDA:1,1\n", "has `DA:1,1`", 3),
        ("SF:a.py\nDA:1,\u00b2\n".encode(), "has `DA:1,", 2),
        (b"SF:a.py\nDA:12345678901,1\n", "has `DA:12345678901,1`", 2),
        (b"TN:\n", "measures no line", None),
        (b"<coverage><packages/></coverage>", "measures no line", None),
        (b"<testsuites/>", "begins with <testsuites>", 1),
        (
            b'<coverage><class filename="a"><line number="1" hits="x"/></class></coverage>',
            'hits="x"',
            None,
        ),
        (b'<coverage><class filename="a"><line hits="1"/></class></coverage>', "no number", None),
        (b'{"totals": {"percent_covered": 80}}', "is no coverage report", None),
        (b'<!DOCTYPE report [<!ENTITY a "b">]><report/>', "declares an entity", 1),
        (b"", "is no coverage report", None),
    ],
)
def test_what_is_no_report_is_refused(report: bytes, why: str, line: int | None) -> None:
    with pytest.raises(NotRead, match=why) as raised:
        read_coverage(report)
    assert raised.value.line == line


def test_numbers_below_nothing_are_of_lines_that_were_not_run() -> None:
    report = b"SF:a.py\r\nDA:1,-3\r\nDA:2,18446744073709551615\r\nDA:3,00\r\nend_of_record\r\n"
    assert read_coverage(report).by_file == {"a.py": {1: False, 2: True, 3: False}}


@given(
    st.binary(max_size=100)
    | st.lists(
        st.sampled_from(["SF:", "DA:", "a", "1", ",", "-", "\n", "\u00b2", "end_of_record"])
    ).map(lambda parts: "".join(parts).encode())
)
def test_no_content_is_another_exception(content: bytes) -> None:
    for report in (content, b"SF:a\n" + content, b"<coverage>" + content):
        # Any other exception than this one ends the test.
        with suppress(NotRead):
            assert 0 <= read_coverage(report).percent() <= 100


def test_more_lines_than_any_code_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines_of, "MOST_LINES", 4)
    assert read_coverage(LCOV).count() == (3, 4)
    with pytest.raises(NotRead, match="more than 4 lines"):
        read_coverage(LCOV.replace(b"DA:9,2", b"DA:9,2\nDA:10,1"))


def test_a_share_that_is_not_reached_is_not_shown_as_reached() -> None:
    lines = Lines()
    for number in range(30_000):
        lines.note("a.py", number, is_run=number < 23_999)
    assert lines.percent() == 79.99


HITS = st.dictionaries(
    st.sampled_from(["a.py", "b/c.py", "d.ts"]),
    st.dictionaries(st.integers(1, 30), st.integers(0, 3), min_size=1),
    min_size=1,
)


def lcov(hits: dict[str, dict[int, int]]) -> bytes:
    records = [
        f"SF:{file}\n"
        + "".join(f"DA:{n},{times}\n" for n, times in lines.items())
        + "end_of_record\n"
        for file, lines in hits.items()
    ]
    return "".join(records).encode()


def cobertura(hits: dict[str, dict[int, int]]) -> bytes:
    classes = [
        f'<class filename="{file}"><lines>'
        + "".join(f'<line number="{n}" hits="{times}"/>' for n, times in lines.items())
        + "</lines></class>"
        for file, lines in hits.items()
    ]
    return f"<coverage>{''.join(classes)}</coverage>".encode()


@given(HITS, HITS)
def test_shards_of_a_run_add_up_in_any_order(
    first: dict[str, dict[int, int]], second: dict[str, dict[int, int]]
) -> None:
    there, back = read_coverage(lcov(first)), read_coverage(cobertura(second))
    there.add(read_coverage(cobertura(second)))
    back.add(read_coverage(lcov(first)))
    assert there.by_file == back.by_file
    run, every = there.count()
    said = {
        (f, n): t for hits in (first, second) for f, lines in hits.items() for n, t in lines.items()
    }
    ran = {(f, n) for hits in (first, second) for f, ls in hits.items() for n, t in ls.items() if t}
    assert (run, every) == (len(ran), len(said))
    assert 0 <= there.percent() <= 100
    lowest = there.lowest(10)
    assert set(lowest) == {f for f, n in said.keys() - ran}
