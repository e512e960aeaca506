"""Releases: whether the files of the last one show what it consists of, who made it, and how.

The endings are those that OpenSSF Scorecard's check "Signed-Releases" goes by, and those that SPDX and
CycloneDX recommend. What is released as an image alone is not seen.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from plugins.contract import FactState, Known
from plugins.forges.facts.states import alike, not_told

_SHOWN_BY = {
    "release.sbom": re.compile(
        r"(\.spdx(\.(json|ya?ml|rdf|xml))?|\.cdx\.(json|xml)|(^|[-_.])s?bom\.(json|xml))$",
        re.IGNORECASE,
    ),
    "release.signed": re.compile(
        r"\.(asc|sig|sign|minisig|sigstore|sigstore\.json|intoto\.jsonl)$", re.IGNORECASE
    ),
    "release.provenance": re.compile(
        r"(\.intoto\.jsonl|provenance[^/]*\.(json|jsonl|sigstore|att))$", re.IGNORECASE
    ),
}


NAMES = tuple(_SHOWN_BY)


def states(files: Sequence[str] | None) -> dict[str, FactState]:
    """From the names of the files of the last release; None: there is none."""
    if files is None:
        return alike(_SHOWN_BY, not_told("The forge has no release."))
    if not files:
        return alike(_SHOWN_BY, not_told("The last release has no files: it is kept elsewhere."))
    return {
        name: Known(value=any(form.search(file) for file in files))
        for name, form in _SHOWN_BY.items()
    }
