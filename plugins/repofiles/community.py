"""The files that a repository addresses to people: license, changelog, contributing, security."""

from __future__ import annotations

import re

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.repofiles.states import Facts, path_or_missing
from plugins.repofiles.tree import Tree, folders

_SUFFIX = r"(?:\.(?:md|markdown|rst|adoc|txt|org))?"


def _named(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{words}){_SUFFIX}", re.IGNORECASE)


_CHANGELOG = _named(r"changelog|change[-_]log|changes|history|news|release[-_]?notes|releases")
_CONTRIBUTING = _named(r"contributing")
_SECURITY = _named(r"security")
_LICENSE = _named(
    r"(?:licen[cs]e|copying|unlicense)"
    r"(?:[-_.](?:mit|apache|asl|bsd|a?gpl|lgpl|lesser|mpl|isc|cc0|epl)[\d.v-]*)?"
)
_FORGE = (".github", ".gitlab", ".gitea", "docs")
"""Where forges look for these files besides the root."""

_TAGGED = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+-]+)")

_TITLE_LENGTH = 1500
"""Characters in which a license says its name; further down it may speak of other licenses."""

_TEXTS = (
    # Words that must all occur, spaces and case aside; the first ones are the title. What is said
    # first in the text wins, then what comes first here. The ids are those of the SPDX list.
    ("AGPL-3.0", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0", ("gnu lesser general public license", "version 3")),
    ("LGPL-2.1", ("gnu lesser general public license", "version 2.1")),
    ("GPL-3.0", ("gnu general public license", "version 3")),
    ("GPL-2.0", ("gnu general public license", "version 2")),
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MPL-2.0", ("mozilla public license", "version 2.0")),
    ("EPL-2.0", ("eclipse public license", "v 2.0")),
    ("EUPL-1.2", ("european union public licence", "1.2")),
    ("BSL-1.0", ("boost software license", "version 1.0")),
    ("CC0-1.0", ("cc0 1.0 universal",)),
    ("Unlicense", ("this is free and unencumbered software",)),
    ("MIT", ("permission is hereby granted, free of charge", "the above copyright notice")),
    ("MIT-0", ("permission is hereby granted, free of charge",)),
    ("ISC", ("permission to use, copy, modify, and", "provided that the above copyright notice")),
    ("0BSD", ("permission to use, copy, modify, and", "for any purpose with or without fee")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
)


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.changelog.path` and `repo.contributing.path`, the service's own first."""
    return {
        "repo.changelog.path": path_or_missing(
            tree.first(folders(directory, "docs"), _CHANGELOG), "CHANGELOG, CHANGES, HISTORY, NEWS"
        ),
        "repo.contributing.path": path_or_missing(
            tree.first(folders(directory, *_FORGE), _CONTRIBUTING), "CONTRIBUTING.md"
        ),
    }


def repository_facts(tree: Tree) -> Facts:
    """`repo.license.*` and `repo.security_policy.path`."""
    license_path = tree.first(("", "LICENSES"), _LICENSE) or tree.first(
        ("LICENSES",), re.compile(r".+\.txt")
    )
    return {
        "repo.license.path": path_or_missing(license_path, "LICENSE, COPYING, LICENSES/"),
        "repo.license.spdx": _spdx(tree, license_path),
        "repo.security_policy.path": path_or_missing(
            tree.first(("", *_FORGE), _SECURITY), "SECURITY.md at the root, in .github or docs"
        ),
    }


def _spdx(tree: Tree, path: str | None) -> FactState:
    if path is None:
        return Missing(looked_for="a license file")
    text = tree.text(path)
    if isinstance(text, FailedFact):
        return text
    found = license_of(text)
    if not found and path.startswith("LICENSES/"):  # the REUSE layout: the name is the id
        found = path.removeprefix("LICENSES/").removesuffix(".txt")
    return Known(value=found, path=path) if found else Missing(looked_for="a license we know")


def license_of(text: str) -> str:
    """The SPDX id of a license text, '' if it is none of those we know."""
    if tagged := _TAGGED.search(text[:_TITLE_LENGTH]):
        return tagged[1]
    words = " ".join(text[: 3 * _TITLE_LENGTH].lower().split())
    title = words[:_TITLE_LENGTH]
    found = [
        (title.index(needed[0]), number, spdx)
        for number, (spdx, needed) in enumerate(_TEXTS)
        if needed[0] in title and all(word in words for word in needed)
    ]
    return min(found)[2] if found else ""
