"""JUnit XML, as Surefire, Gradle, pytest, Jest, Go and many others write it.

There is no standard. All have `testcase`, once for each test, and inside of it `skipped`, `failure`
or `error`; the numbers that suites state differ in what they count, so tests are counted here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plugins.reports.markup import walk

ROOTS = ("testsuites", "testsuite")

_SKIPPED = ("skipped", "ignored", "disabled")
_FAILED = ("failure", "error")


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """How many tests there were."""

    run: int = 0
    """Those that ran, whatever came of it."""
    skipped: int = 0
    failed: int = 0
    """Of those that ran."""

    def __add__(self, other: Counted) -> Counted:
        return Counted(
            run=self.run + other.run,
            skipped=self.skipped + other.skipped,
            failed=self.failed + other.failed,
        )


def read_junit(content: bytes) -> Counted:
    """The tests of a report. Raises `NotRead`."""
    states: list[set[str]] = []
    is_inside = False

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal is_inside
        if name == "testcase":
            # GoogleTest says it of the test itself.
            states.append({"skipped"} if attributes.get("status") == "notrun" else set())
            is_inside = True
        elif is_inside and name in _SKIPPED:
            states[-1].add("skipped")
        elif is_inside and name in _FAILED:
            states[-1].add("failed")

    def end(name: str) -> None:
        nonlocal is_inside
        is_inside = is_inside and name != "testcase"

    walk(content, roots=ROOTS, begin=begin, end=end)
    skipped = sum("skipped" in said for said in states)
    failed = sum("failed" in said and "skipped" not in said for said in states)
    return Counted(run=len(states) - skipped, skipped=skipped, failed=failed)
