import io
import logging
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal import logs


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def untouched_root() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level


def test_a_record_is_one_json_object_with_request_and_job() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    token, job = logs.request_id.set("r-1"), logs.job.set("ingest:x")
    logging.getLogger("portal.x").warning("read %d files", 3)
    logs.request_id.reset(token)
    logs.job.reset(job)
    line = orjson.loads(stream.getvalue())
    assert line.pop("time").endswith("+00:00")
    assert line == {
        "level": "warning",
        "logger": "portal.x",
        "message": "read 3 files",
        "request_id": "r-1",
        "job": "ingest:x",
    }


def test_a_terminal_is_told_in_words() -> None:
    stream = Terminal()
    logs.configure(stream)
    logging.getLogger("portal").info("ready")
    assert stream.getvalue().endswith(" info ready\n")


def test_an_exception_is_part_of_its_record() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    try:
        raise ValueError("first\nsecond")
    except ValueError:
        logging.getLogger("portal").exception("failed")
    [line] = stream.getvalue().splitlines()
    assert "ValueError: first" in orjson.loads(line)["exception"]


@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=3000))
def test_a_text_never_leaves_its_line_nor_its_kilobyte(text: str) -> None:
    cleaned = logs.clean(text)
    assert cleaned.isprintable()
    assert len(cleaned.encode()) <= logs.LONGEST_FIELD


def test_a_user_agent_cannot_forge_a_line_or_color_the_terminal() -> None:
    stream = Terminal()
    logs.configure(stream)
    logging.getLogger("portal").info("agent %s", "x\r\n2026 ERROR fake\x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()
