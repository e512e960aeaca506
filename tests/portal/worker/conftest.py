"""What jobs work with: children that all tests of a process share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.pool import Pool


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    pool = Pool(1)
    yield pool
    pool.close()
