"""Reports of test runs, JUnit and coverage: what CI writes, read into the facts that checks ask for."""

from plugins.reports.facts import Measured, measure

__all__ = ["Measured", "measure"]
