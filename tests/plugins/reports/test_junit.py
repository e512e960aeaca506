"""Tests are counted as what writes the reports means them, whatever the suites state."""

from __future__ import annotations

from contextlib import suppress
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.reports.junit import Counted, read_junit
from plugins.reports.markup import NotRead

PYTEST = b"""<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest" errors="0" failures="1" skipped="1" tests="3"
 time="0.041" timestamp="2026-08-01T10:00:00.000000+00:00" hostname="runner">
<testcase classname="tests.test_shop" name="test_total[1 &lt; 2]" time="0.001" />
<testcase classname="tests.test_shop" name="test_tax" time="0.002"><failure message="assert 1 == 2"
>def test_tax():
&gt;   assert 1 == 2</failure></testcase>
<testcase classname="tests.test_shop" name="test_later" time="0.000"><skipped type="pytest.skip"
 message="not yet">tests/test_shop.py:9: not yet</skipped></testcase>
</testsuite></testsuites>"""

SUREFIRE = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuite xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report-3.0.xsd"
 version="3.0" name="com.acme.ShopTest" time="0.05" tests="4" errors="1" skipped="1" failures="0">
  <properties><property name="java.version" value="21"/></properties>
  <testcase name="adds" classname="com.acme.ShopTest" time="0.01">
    <system-out><![CDATA[<testcase/>]]></system-out>
  </testcase>
  <testcase name="flaky" classname="com.acme.ShopTest" time="0.01">
    <flakyFailure message="once" type="AssertionError"><stackTrace>at ...</stackTrace></flakyFailure>
  </testcase>
  <testcase name="breaks" classname="com.acme.ShopTest" time="0.01"><error>at</error></testcase>
  <testcase name="not now" classname="com.acme.ShopTest" time="0"><skipped message="no"/></testcase>
</testsuite>"""

JEST = b"""<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="jest tests" tests="2" failures="0" errors="0" time="1.7">
  <testsuite name="cart" errors="0" failures="0" skipped="0" time="1" tests="1">
    <testcase classname="cart adds" name="cart adds" time="0.004"></testcase>
  </testsuite>
  <testsuite name="price" errors="0" failures="0" skipped="0" time="1" tests="1">
    <testcase classname="price rounds" name="price rounds" time="0.003"></testcase>
  </testsuite>
</testsuites>"""

GOOGLETEST = b"""<testsuites tests="2" failures="0" disabled="1" errors="0" name="AllTests">
  <testsuite name="Shop" tests="2" failures="0" disabled="1" errors="0">
    <testcase name="Adds" status="run" result="completed" classname="Shop" />
    <testcase name="Later" status="notrun" result="suppressed" classname="Shop" />
  </testsuite>
</testsuites>"""


@pytest.mark.parametrize(
    ("report", "tests"),
    [
        pytest.param(PYTEST, Counted(run=2, skipped=1, failed=1), id="pytest"),
        pytest.param(SUREFIRE, Counted(run=3, skipped=1, failed=1), id="surefire"),
        pytest.param(JEST, Counted(run=2), id="jest"),
        pytest.param(GOOGLETEST, Counted(run=1, skipped=1), id="googletest"),
        pytest.param(b"<testsuites/>", Counted(), id="no tests"),
        pytest.param(
            b"<testsuite><testcase/><error>of the suite</error></testsuite>",
            Counted(run=1),
            id="an error of a suite",
        ),
        pytest.param(
            JEST.decode().replace("UTF-8", "UTF-16").encode("utf-16"), Counted(run=2), id="utf-16"
        ),
    ],
)
def test_the_tests_of_a_report_are_counted(report: bytes, tests: Counted) -> None:
    assert read_junit(report) == tests


BOMB = b"""<!DOCTYPE testsuites [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<testsuites name="&b;"/>"""
FILE = b"""<!DOCTYPE testsuites [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuites>&f;</testsuites>"""
PARAMETER = (
    b"""<!DOCTYPE testsuites [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x.dtd"> %p;]><testsuites/>"""
)


@pytest.mark.parametrize(
    ("report", "why", "line"),
    [
        pytest.param(BOMB, "declares an entity", 1, id="entities that multiply"),
        pytest.param(FILE, "declares an entity", 1, id="an entity that is a file"),
        pytest.param(PARAMETER, "declares an entity", 1, id="an entity that is fetched"),
        pytest.param(b"<testsuite>" * 1_000, "nested too deeply", 1, id="depth"),
        pytest.param(b"<testsuites>\n<testsuite>", "is no XML: no element found", 2, id="cut off"),
        pytest.param(b"", "is no XML", 1, id="empty"),
        pytest.param(b"{}", "is no XML", 1, id="JSON"),
        pytest.param(b"<html/>", "begins with <html>", 1, id="a page"),
        pytest.param(
            b'<?xml version="1.0" encoding="x-y"?><testsuites/>', "is no XML", 1, id="encoding"
        ),
        pytest.param(b"<testsuites>\x00</testsuites>", "is no XML", 1, id="a NUL byte"),
    ],
)
def test_what_is_no_report_is_refused_with_its_place(report: bytes, why: str, line: int) -> None:
    with pytest.raises(NotRead, match=why) as raised:
        read_junit(report)
    assert raised.value.line == line


@given(
    st.lists(
        st.lists(
            st.tuples(st.text(st.characters(categories=["L", "P", "N"])), st.sampled_from("psf"))
        ),
        max_size=5,
    )
)
def test_what_ran_and_what_was_skipped_add_up_over_suites(
    suites: list[list[tuple[str, str]]],
) -> None:
    inside = {"p": "", "s": "<skipped/>", "f": "<failure>x</failure>"}
    parts = [
        "<testsuite>"
        + "".join(
            f"<testcase name={quoteattr(name)}>{inside[how]}</testcase>" for name, how in tests
        )
        + "</testsuite>"
        for tests in suites
    ]
    together = read_junit(f"<testsuites>{''.join(parts)}</testsuites>".encode())
    assert together == sum((read_junit(part.encode()) for part in parts), start=Counted())
    assert together.run + together.skipped == sum(map(len, suites))
    assert together.failed == sum(how == "f" for tests in suites for _, how in tests)


@given(st.binary(max_size=200) | st.text(st.sampled_from('<>/&;!?[]= "abc')).map(str.encode))
def test_no_content_is_another_exception(content: bytes) -> None:
    for report in (content, b"<testsuites>" + content, b"<!DOCTYPE a [" + content):
        # Any other exception than this one ends the test.
        with suppress(NotRead):
            assert read_junit(report).run >= 0
