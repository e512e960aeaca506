"""Parsing real descriptors: the verdicts of the reference parser, and both ways in agreement."""

import json
from pathlib import Path
from typing import Any

from catalog.parsing import fastpath
from catalog.parsing.characters import decode
from catalog.parsing.documents import Empty, Malformed, Parsed, compose_state, parse
from catalog.parsing.limits import DEFAULT_LIMITS
from catalog.parsing.splitting import split


def rows(shared: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shared / "corpus/index.jsonl").read_text().splitlines()]


def test_exactly_what_the_reference_parser_refuses_is_malformed(shared: Path) -> None:
    wrong = []
    for row in rows(shared):
        if row["role"] != "descriptor":
            continue
        documents = parse(
            (shared / "corpus" / row["file"]).read_bytes(), file=row["file"]
        ).documents
        assert len(documents) == len(row["documents"]), row["file"]
        for document, expected in zip(documents, row["documents"], strict=True):
            refused = (
                expected.get("reason") == "yaml-error" or expected.get("backstage") == "yaml-error"
            )
            if isinstance(document.state, Malformed) != refused:
                wrong.append((row["file"], document.index, document.state))
            if isinstance(document.state, Empty) != (expected["verdict"] == "empty"):
                wrong.append((row["file"], document.index, document.state))
            if expected.get("starts") and document.line != expected["starts"]:
                wrong.append((row["file"], document.index, document.line))
    assert wrong == []


def test_both_ways_agree_on_real_descriptors(shared: Path) -> None:
    compared = 0
    for row in rows(shared):
        text = decode((shared / "corpus" / row["file"]).read_bytes(), file=row["file"])
        assert isinstance(text, str)
        for section in split(text):
            if not fastpath.is_usual(section.text):
                continue
            data = fastpath.load(section.text, DEFAULT_LIMITS)
            if data is fastpath.UNREAD:
                continue
            compared += 1
            assert compose_state(section) == (Empty() if data is None else Parsed(data=data))
    assert compared > 300
