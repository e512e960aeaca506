"""Agreement with Backstage: the verdict on every document of the recorded descriptors."""

from __future__ import annotations

from pathlib import Path

import orjson

from catalog.descriptor.descriptors import read_descriptor


def test_every_recorded_document_gets_its_verdict(shared: Path) -> None:
    corpus = shared / "corpus"
    differences = []
    for line in (corpus / "index.jsonl").read_bytes().splitlines():
        row = orjson.loads(line)
        if row["role"] != "descriptor":
            continue
        outcomes, problems = read_descriptor(
            (corpus / row["file"]).read_bytes(),
            file=row["file"],
            location="file:/",
            origin="file:/",
        )
        found = [(o.document, o.verdict, o.ref if o.entity else None) for o in outcomes]
        expected = [
            (d["index"], d["verdict"], d["ref"] if d["verdict"] == "accept" else None)
            for d in row["documents"]
        ]
        if problems or found != expected:
            differences.append((row["file"], found, expected))
    assert differences == []
