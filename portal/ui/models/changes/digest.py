"""The page of a week's digest: what it shows, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from portal.db.evaluation.definitions import GONE
from portal.ui.models.changes.timeline import WHY
from portal.ui.models.links import EntityLink, link_to
from portal.use_cases.digest import CardWeek, Digest, Due
from scorecards.insights.digest import LevelChange, Week, week_at
from scorecards.people.exemptions import OneEntity
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangeRow:
    """An entity whose level is another one."""

    link: EntityLink
    before: str
    after: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CardSection:
    """What happened on a scorecard."""

    scorecard: Scorecard
    gained: tuple[ChangeRow, ...]
    gained_total: int
    lost: tuple[ChangeRow, ...]
    lost_total: int
    by_rules: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NeedRow:
    """A team with checks that came to fail."""

    link: EntityLink
    checks: int
    entities: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExemptionRow:
    """An exemption that ends."""

    id: int
    link: EntityLink | None
    """None: it is of a filter."""
    check: str
    scorecard: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class DueRow:
    """A campaign that is due."""

    name: str
    title: str
    target: datetime
    """The beginning of its day."""
    open: int
    counted: int
    seen_on: datetime | None
    """The beginning of the day on which it stood so; None: it does at present."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleRow:
    """A scorecard that came, changed or went."""

    name: str
    title: str
    what: str
    """What became of it, in words."""
    at: datetime
    author: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DigestPage:
    """Everything that the page shows of a week that has begun."""

    found: Digest
    cards: tuple[CardSection, ...]
    needs: tuple[NeedRow, ...]
    exemptions: tuple[ExemptionRow, ...]
    campaigns: tuple[DueRow, ...]
    rules: tuple[RuleRow, ...]


def neighbors(week: Week) -> tuple[str, str]:
    """The names of the week before and of the one after."""
    return week_at(week.start - timedelta(days=1)).name, week_at(week.end).name


def digest_page(
    found: Digest, scorecards: Mapping[str, Scorecard], links: Mapping[str, EntityLink]
) -> DigestPage:
    """The page; `links` are of the refs that exist."""

    def link(ref: str) -> EntityLink:
        return links.get(ref) or link_to(ref, exists=False)

    return DigestPage(
        found=found,
        cards=tuple(_section(found, card, links) for card in found.cards),
        needs=tuple(
            NeedRow(link=link(one.team), checks=one.checks, entities=one.entities)
            for one in found.needs
        ),
        exemptions=tuple(
            ExemptionRow(
                id=one.id,
                link=link(one.scope.whom.ref) if isinstance(one.scope.whom, OneEntity) else None,
                check=_check(scorecards.get(one.scope.scorecard), one.scope.check),
                scorecard=_title(scorecards, one.scope.scorecard),
                expires_at=one.expires_at,
            )
            for one in found.exemptions
        ),
        campaigns=tuple(map(_due, found.campaigns)),
        rules=tuple(
            RuleRow(
                name=one.name,
                title=_title(scorecards, one.name),
                what="was taken away"
                if one.version == GONE
                else "is new"
                if one.number in found.first
                else "has another definition",
                at=one.seen_at,
                author=one.author,
            )
            for one in found.rules
        ),
    )


def shown_refs(found: Digest) -> set[str]:
    """What the page names."""
    exempt = {getattr(one.scope.whom, "ref", "") for one in found.exemptions} - {""}
    return {*found.refs.values(), *(one.team for one in found.needs), *exempt}


def _section(found: Digest, card: CardWeek, links: Mapping[str, EntityLink]) -> CardSection:
    levels = [level.name for level in card.scorecard.levels]

    def row(one: LevelChange) -> ChangeRow:
        ref = found.refs[one.entity]
        return ChangeRow(
            link=links.get(ref) or link_to(ref, exists=False),
            before=_level(levels, one.before),
            after=_level(levels, one.after),
            why=WHY[one.reason],
        )

    return CardSection(
        scorecard=card.scorecard,
        gained=tuple(map(row, card.gained)),
        gained_total=card.gained_total,
        lost=tuple(map(row, card.lost)),
        lost_total=card.lost_total,
        by_rules=card.by_rules,
    )


def _due(one: Due) -> DueRow:
    return DueRow(
        name=one.campaign.name,
        title=one.campaign.plan.title,
        target=datetime.combine(one.campaign.plan.target_on, time(), UTC),
        open=one.open,
        counted=one.counted,
        seen_on=datetime.combine(one.seen_on, time(), UTC) if one.seen_on else None,
    )


def _level(names: list[str], rank: int) -> str:
    """A level of a former definition may be gone: it is named by its rank."""
    return names[rank] if rank < len(names) else f"level {rank}"


def _check(card: Scorecard | None, check: str | None) -> str:
    if check is None:
        return "every check"
    titles = {one.id: one.title for one in card.checks} if card is not None else {}
    return titles.get(check, check)


def _title(scorecards: Mapping[str, Scorecard], name: str) -> str:
    return scorecards[name].title if name in scorecards else name
