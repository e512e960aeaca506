"""What the facts of forges are called. Those of packs have the types and meanings of the packs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime

from plugins.contract import FactSchema, FactType, FactValue

_B, _I, _D, _S, _T, _L = (
    FactType.BOOL,
    FactType.INT,
    FactType.DOUBLE,
    FactType.STRING,
    FactType.TIMESTAMP,
    FactType.STRINGS,
)

_ABSENT: dict[FactType, FactValue] = {
    _B: False,
    _I: 0,
    _D: 0.0,
    _S: "",
    _T: datetime(1970, 1, 1, tzinfo=UTC),
    _L: (),
}

_MOST = 1_000_000.0
"""Of hours, days and minutes: longer than any check allows."""

_ABSENT_OF: dict[str, FactValue] = {
    "ci.duration_p50_minutes": _MOST,
    "ci.rerun_success_pct": 100.0,
    "protection.force_push": True,
    "deploy.lead_time_median_h": _MOST,
    "deploy.failed_upper_pct": 100.0,
    "reviews.open_age_p50_d": _MOST,
    "reviews.first_median_h": _MOST,
    "secrets.open": -1,
    "vuln.critical_overdue": -1,
    "vuln.high_overdue": -1,
}

_TABLE = (
    ("forge.archived", _B, "The forge takes no more changes of the repository."),
    ("forge.default_branch", _S, "Name of the default branch."),
    ("forge.license", _S, "SPDX id of the license, where the forge knows it."),
    ("forge.topics", _L, "Topics of the repository on its forge."),
    ("forge.visibility", _S, "Who sees the repository: public, internal or private."),
    ("ci.default_branch_green", _B, "The last finished run on the default branch succeeded."),
    (
        "ci.default_branch_red_since",
        _T,
        "Since when the default branch is red; null while it is green.",
    ),
    ("ci.failed_job", _S, "URL of the job that keeps the default branch red."),
    (
        "ci.duration_p50_minutes",
        _D,
        "Median duration of the runs of 30 days, in minutes; left out below 20 runs.",
    ),
    (
        "ci.rerun_success_pct",
        _D,
        "Share of the runs of 30 days that failed and then succeeded without a change, in percent; "
        "left out below 50 runs.",
    ),
    ("protection.enabled", _B, "A rule or ruleset of the forge protects the default branch."),
    (
        "protection.approvals",
        _I,
        "Number of approvals that a change of the default branch needs.",
    ),
    ("protection.force_push", _B, "Somebody may push to the default branch by force."),
    ("protection.required_checks", _L, "Status checks that a change of the default branch needs."),
    (
        "protection.idle_checks",
        _L,
        "Those of the required status checks that did not run within 30 days.",
    ),
    (
        "reviews.open_age_p50_d",
        _D,
        "Median age of the open changes (pull requests), those of bots left out, in days; 0 where "
        "none is open.",
    ),
    (
        "reviews.first_median_h",
        _D,
        "Median time from a change to its first review over 30 days, those of bots left out, in "
        "hours; left out below 10 changes.",
    ),
    (
        "updates.last_change_at",
        _T,
        "When a bot that updates dependencies last proposed a change.",
    ),
    ("deploy.count_90d", _I, "Number of deployments to production within 90 days."),
    (
        "deploy.per_week_median_12w",
        _D,
        "Median number of deployments to production a week, over 12 weeks.",
    ),
    (
        "deploy.lead_time_median_h",
        _D,
        "Median time from commit to production over 90 days, in hours; left out below 10 "
        "deployments.",
    ),
    (
        "deploy.failed_pct",
        _D,
        "Share of the deployments of 90 days that failed or had to be mended, in percent; left out "
        "below 20 deployments.",
    ),
    (
        "deploy.failed_upper_pct",
        _D,
        "Upper end of the 80 % interval of that share, in percent; left out below 20 deployments.",
    ),
    (
        "secrets.open",
        _I,
        "Number of secrets that a scanner found in the repository and that are not dealt with.",
    ),
    (
        "vuln.critical_overdue",
        _I,
        "Number of critical vulnerabilities that have a fix and have been open for more than 7 days.",
    ),
    (
        "vuln.high_overdue",
        _I,
        "Number of vulnerabilities of high severity that have a fix and have been open for more than "
        "30 days.",
    ),
    (
        "vuln.overdue",
        _L,
        "Those of both numbers, each with its fix: 'openssl 3.0.2: fixed in 3.0.14'.",
    ),
    (
        "sast.last_run_at",
        _T,
        "When a static analysis for security last ran on the default branch.",
    ),
    (
        "release.sbom",
        _B,
        "The last release comes with a list of what is in it (SPDX or CycloneDX).",
    ),
    ("release.signed", _B, "The last release is signed."),
    (
        "release.provenance",
        _B,
        "The last release comes with a statement of how it was built (SLSA provenance).",
    ),
)

SCHEMAS = tuple(
    FactSchema(
        name=name, type=kind, description=said, when_absent=_ABSENT_OF.get(name, _ABSENT[kind])
    )
    for name, kind, said in _TABLE
)

NAMESPACES = tuple(dict.fromkeys(schema.name.partition(".")[0] for schema in SCHEMAS))


def schemas_of(namespaces: Collection[str]) -> tuple[FactSchema, ...]:
    """Those of some namespaces."""
    return tuple(s for s in SCHEMAS if s.name.partition(".")[0] in namespaces)
