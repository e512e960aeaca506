"""What the facts about a repository are called, and what each of them means."""

from __future__ import annotations

from datetime import UTC, datetime

from plugins.contract import FactSchema, FactType, FactValue

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_ABSENT: dict[FactType, FactValue] = {
    FactType.BOOL: False,
    FactType.INT: 0,
    FactType.STRING: "",
    FactType.STRINGS: (),
    FactType.TIMESTAMP: _EPOCH,
}

_B, _I, _S, _L, _T = (
    FactType.BOOL,
    FactType.INT,
    FactType.STRING,
    FactType.STRINGS,
    FactType.TIMESTAMP,
)

_TABLE = (
    ("readme.path", _S, "Path of the README: the service's own, or else the repository's."),
    ("readme.bytes", _I, "Size of the README, in bytes."),
    ("readme.headings", _I, "Number of headings in the README, code blocks left out."),
    ("codeowners.path", _S, "Path of the CODEOWNERS file that the forge uses."),
    ("codeowners.valid", _B, "Every line of CODEOWNERS is one that forges accept."),
    ("codeowners.catch_all", _B, "CODEOWNERS has a rule for everything, with an owner."),
    ("codeowners.owners", _L, "Everyone whom CODEOWNERS names: users, teams and addresses."),
    ("license.path", _S, "Path of the license file."),
    ("license.spdx", _S, "SPDX id of the license, where its text is one that is known."),
    ("ci.systems", _L, "Systems of continuous integration that are configured."),
    ("ci.paths", _L, "Paths of their configuration."),
    ("ci.runs_tests", _B, "The configuration runs a command that runs tests."),
    ("ci.runs_linter", _B, "The configuration runs a command that runs a linter."),
    ("tests.files", _I, "Number of files that are named or placed as tests are."),
    ("linter.configs", _L, "Paths of configuration files of linters."),
    ("docs.mkdocs_valid", _B, "mkdocs.yml parses, has a site_name, and there are pages."),
    ("docs.files", _I, "Number of pages in the documentation's folder."),
    ("docs.adrs", _I, "Number of architecture decision records."),
    ("docs.runbook", _S, "Path of a runbook or playbook."),
    ("changelog.path", _S, "Path of the changelog."),
    ("contributing.path", _S, "Path of the guide for contributors."),
    ("updates.tools", _L, "Tools that update dependencies: dependabot, renovate."),
    ("lockfiles", _L, "Paths of lockfiles."),
    ("manifests_unlocked", _L, "Manifests that name dependencies and have no lockfile."),
    ("security_policy.path", _S, "Path of the security policy."),
    ("dockerfile.path", _S, "Path of the Dockerfile."),
    ("dockerfile.non_root", _B, "The image's last stage runs as a user that is not root."),
    ("dockerfile.pinned_base", _B, "Every image that it starts from is pinned by digest."),
    ("api_definitions", _L, "Paths of files that describe an API."),
    ("commit.id", _S, "Id of the commit that was looked at."),
    ("commit.at", _T, "When that commit was made."),
    ("actions.unpinned", _L, "Third-party actions not pinned to a commit: 'path: action@ref'."),
    ("actions.used", _I, "Number of uses of actions in workflows, local ones left out."),
    ("workflows.unrestricted", _L, "Workflows whose token is not read-only at the top level."),
)

SCHEMAS = tuple(
    FactSchema(name=f"repo.{name}", type=kind, description=text, when_absent=_ABSENT[kind])
    for name, kind, text in _TABLE
)
"""In the order in which people read them."""
