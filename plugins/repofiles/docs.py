"""Documentation: the MkDocs site, pages, decision records, runbooks. Nothing is ever built.

MkDocs' configuration can name code to run (hostile-input row G09), which is why 'valid' means only
that the file parses, has a `site_name`, and that there are pages where it says.
"""

from __future__ import annotations

import posixpath
import re

from catalog.parsing.documents import Malformed, parse
from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.repofiles.states import Facts, count_or_missing, not_looked, path_or_missing
from plugins.repofiles.tree import Tree, folders, name_of

MKDOCS = re.compile(r"mkdocs\.ya?ml")
_PAGES = (".md", ".mdx", ".rst", ".adoc", ".asciidoc")
FOLDERS = ("docs", "doc", "documentation", "wiki")
"""Folders of documentation, as they are called."""
DECISIONS = ("adr", "adrs", "decisions", "decision-records", "architecture-decisions",
             "architecture_decisions", "architecture-decision-records")  # fmt: skip
"""Folders of decision records, as they are called."""
_DOCS, _DECISIONS = frozenset(FOLDERS), frozenset(DECISIONS)
_NO_DECISION = re.compile(r"(?:readme|index|.*template).*", re.IGNORECASE)
_RUNBOOK = re.compile(r"(?:run|play)[-_]?books?", re.IGNORECASE)


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.docs.*`."""
    runbooks = tree.matching(directory, _is_runbook)
    return {
        "repo.docs.mkdocs_valid": _mkdocs(tree, tree.first(folders(directory), MKDOCS)),
        "repo.docs.files": count_or_missing(
            tree.matching(directory, _is_page), "pages in docs/, doc/ or documentation/"
        ),
        "repo.docs.adrs": count_or_missing(
            tree.matching(directory, _is_decision), "records in adr/, adrs/ or decisions/"
        ),
        "repo.docs.runbook": path_or_missing(
            min(runbooks, key=lambda path: (path.count("/"), path), default=None),
            "a file or folder named runbook or playbook",
        ),
    }


def _mkdocs(tree: Tree, path: str | None) -> FactState:
    if path is None:
        return Missing(looked_for="mkdocs.yml")
    content = tree.read(path)
    if isinstance(content, FailedFact):
        return content
    parsed = parse(content, file=path)
    states = [document.state for document in parsed.documents]
    problems = [
        *parsed.problems,
        *(
            problem
            for state in states
            if isinstance(state, Malformed)
            for problem in state.problems
        ),
    ]
    if any("TAG" in problem.code for problem in problems):
        # `!!python/name:` and `!ENV` are MkDocs' own; we do not read them, which is not a fault.
        return not_looked(f"{path} uses YAML tags, which are not read")
    if problems or len(states) != 1:
        return Known(value=False, path=path, line=problems[0].line if problems else None)
    data = getattr(states[0], "data", None)
    if not isinstance(data, dict) or not isinstance(data.get("site_name"), str):
        return Known(value=False, path=path)
    docs_dir = data.get("docs_dir", "docs")
    folder = posixpath.normpath(posixpath.join(posixpath.dirname(path), str(docs_dir)))
    has_pages = any(page.endswith(".md") for page in tree.below(folder))
    return Known(value=has_pages, path=path)


def _is_page(path: str) -> bool:
    lower = path.lower()
    return lower.endswith(_PAGES) and not _DOCS.isdisjoint(lower.split("/")[:-1])


def _is_decision(path: str) -> bool:
    lower = path.lower()
    return (
        lower.endswith(_PAGES)
        and not _DECISIONS.isdisjoint(lower.split("/")[:-1])
        and not _NO_DECISION.fullmatch(name_of(path))
    )


def _is_runbook(path: str) -> bool:
    if not path.lower().endswith((*_PAGES, ".txt", ".html")):
        return False
    folder, _, name = path.rpartition("/")
    return _RUNBOOK.search(name) is not None or _RUNBOOK.fullmatch(name_of(folder)) is not None
