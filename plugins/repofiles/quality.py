"""Tests and linters, as far as the names of files show them."""

from __future__ import annotations

import re

from plugins.contract import FactState, FailedFact
from plugins.repofiles.states import Facts, count_or_missing, list_or_missing, not_looked
from plugins.repofiles.tree import Tree, name_of

_TEST = re.compile(
    r"test_.+\.(?:py|c|cc|cpp|rb|jl)|.+_test\.(?:py|go|rb|exs|dart|cc|cpp|c|js|ts|lua)"
    r"|.+[._-](?:test|spec|cy|e2e)\.(?:js|jsx|ts|tsx|mjs|cjs|mts|vue)"
    r"|.+(?:Test|Tests|IT|Spec|TestCase)\.(?:java|kt|groovy|scala|cs|fs|php|swift|m)"
    r"|.+_spec\.(?:rb|lua)|.+\.(?:bats|feature|t)"
)
"""Names that test runners collect by default."""

_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "e2e"})
_SOURCES = (
    ".py", ".go", ".rb", ".rs", ".js", ".jsx", ".ts", ".tsx", ".java", ".kt", ".groovy", ".scala",
    ".cs", ".fs", ".php", ".swift", ".c", ".cc", ".cpp", ".sh", ".ex", ".exs", ".clj", ".hs",
)  # fmt: skip

_LINTER = re.compile(
    r"\.eslintrc(?:\.\w+)?|eslint\.config\.\w+|tslint\.json|biome\.jsonc?|\.oxlintrc\.json"
    r"|\.stylelintrc(?:\.\w+)?|stylelint\.config\.\w+"
    r"|\.?ruff\.toml|\.flake8|\.?pylintrc|\.?mypy\.ini|\.pre-commit-config\.ya?ml"
    r"|\.golangci\.(?:ya?ml|toml|json)|\.?clippy\.toml|\.rubocop\.yml|\.standard\.yml|\.credo\.exs"
    r"|checkstyle\.xml|pmd\.xml|spotbugs[\w.-]*\.xml|detekt\.ya?ml|\.scalafix\.conf"
    r"|phpstan\.neon(?:\.dist)?|psalm\.xml|\.php-cs-fixer(?:\.dist)?\.php|phpcs\.xml(?:\.dist)?"
    r"|\.swiftlint\.yml|\.clang-tidy|\.hadolint\.ya?ml|\.tflint\.hcl|\.yamllint(?:\.ya?ml)?"
    r"|\.ansible-lint|\.shellcheckrc|\.markdownlint[\w.-]*|\.spectral\.(?:ya?ml|json)|buf\.yaml"
    r"|analysis_options\.yaml|\.mega-linter\.yml"
)
_INSIDE = {
    "pyproject.toml": re.compile(r"^\[tool\.(?:ruff|pylint|mypy|flake8)\b", re.MULTILINE),
    "setup.cfg": re.compile(r"^\[(?:flake8|pylint|mypy)\b", re.MULTILINE),
    "tox.ini": re.compile(r"^\[(?:flake8|pylint)\b", re.MULTILINE),
    "package.json": re.compile(r'"(?:eslintConfig|stylelint|xo|standard)"\s*:'),
}
_MOST_READ = 50


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.tests.files` and `repo.linter.configs`."""
    return {
        "repo.tests.files": count_or_missing(
            tree.matching(directory, _is_test), "files named as test runners expect, tests/, spec/"
        ),
        "repo.linter.configs": _linter_configs(tree, directory),
    }


def _linter_configs(tree: Tree, directory: str) -> FactState:
    """Configuration files of linters; files shared by many tools are looked into."""
    looked_for = "configuration of a linter: ruff.toml, eslint.config.js, .golangci.yml, ..."
    if found := tree.matching(directory, _is_linter_config):
        return list_or_missing(found, looked_for)
    configured = []
    failure: FailedFact | None = None
    candidates = tree.matching(directory, _may_configure_linter)
    if len(candidates) > _MOST_READ:
        return not_looked(f"{len(candidates)} files might configure one; {_MOST_READ} are read")
    for path in candidates:
        text = tree.text(path)
        if isinstance(text, FailedFact):
            failure = text
        elif _INSIDE[name_of(path)].search(text):
            configured.append(path)
    if not configured and failure is not None:
        return failure
    return list_or_missing(configured, looked_for)


def _is_test(path: str) -> bool:
    if _TEST.fullmatch(name_of(path)):
        return True
    return path.endswith(_SOURCES) and not _TEST_FOLDERS.isdisjoint(path.split("/")[:-1])


def _is_linter_config(path: str) -> bool:
    return _LINTER.fullmatch(name_of(path)) is not None


def _may_configure_linter(path: str) -> bool:
    return name_of(path) in _INSIDE
