"""Feeding: what observes the facts of the packs that are on, and which of them nothing does.

A fact that nothing feeds keeps its schema, so that rules which mention it are checked, and is not
known because its source is not configured (design, invariant 3).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from catalog.problems import Problem
from scorecards.collection.packs import Pack
from scorecards.collection.pushed import Declared, clashes
from scorecards.facts import FactSchema, FailedFact, Unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class SwitchedOn:
    """A pack that somebody switched on."""

    name: str
    pushed: bool = False
    """Whether its facts may be pushed where no collector observes their namespace."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfed:
    """A fact of a pack that is on, which nothing feeds."""

    schema: FactSchema
    why: FailedFact


@dataclass(frozen=True, kw_only=True, slots=True)
class Fed:
    """Where the facts besides those of collectors come from."""

    pushed: Mapping[str, Declared]
    """Those that may be pushed, by name."""
    unfed: Mapping[str, Unfed]
    """Those that nothing feeds, by name."""
    problems: tuple[Problem, ...]

    @property
    def schemas(self) -> Mapping[str, FactSchema]:
        """Of all of them, by name."""
        return {
            **{name: fact.schema for name, fact in self.pushed.items()},
            **{name: one.schema for name, one in self.unfed.items()},
        }


class Feeder(StrEnum):
    """What feeds a namespace."""

    COLLECTOR = "collector"
    RECIPE = "recipe"
    PUSH = "push"
    NOTHING = "nothing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Feed:
    """A namespace of a pack, and what feeds it."""

    namespace: str
    by: Feeder
    collectors: tuple[str, ...]
    """That observe facts of it."""
    facts: tuple[str, ...]
    unfed: tuple[str, ...]
    """Those of the facts that nothing feeds."""
    source: str
    """In words, what can feed it."""


def feed(
    on: Iterable[tuple[Pack, SwitchedOn]],
    observed: Mapping[str, FactSchema],
    *,
    taken: Collection[str],
    declared: Iterable[Declared],
) -> Fed:
    """What feeds the facts of packs, beside the `declared` ones, which may be pushed in any case.

    `observed` are the facts of installed collectors, `taken` what these are called, and the
    namespaces of their facts.
    """
    usable, problems = clashes(declared, taken)
    known = {**observed, **{name: fact.schema for name, fact in usable.items()}}
    unfed: dict[str, Unfed] = {}
    # Those with a push come first: what they push is fed for the others, too.
    for pack, switch in sorted(on, key=lambda pair: not pair[1].pushed):
        for fact in pack.facts:
            name = fact.schema.name
            if name in known:
                if known[name].type is not fact.schema.type:
                    problems += (_clash(pack, fact.schema, known[name], observed),)
                continue
            known[name] = fact.schema
            if switch.pushed and fact.namespace not in taken:
                usable[name] = fact
            else:
                unfed[name] = Unfed(schema=fact.schema, why=_nothing_feeds(pack, fact))
    return Fed(pushed=usable, unfed=unfed, problems=problems)


def feeds(
    pack: Pack,
    observers: Mapping[str, str],
    pushed: Collection[str],
    *,
    fetched: Collection[str] = (),
) -> tuple[Feed, ...]:
    """What feeds each namespace of a pack: `observers` are the collectors of facts, by name.

    `pushed` are the facts besides theirs, and `fetched` the namespaces that recipes fetch.
    """
    found = []
    for namespace, source in pack.sources.items():
        facts = tuple(f.schema.name for f in pack.facts if f.namespace == namespace)
        collectors = tuple(dict.fromkeys(observers[n] for n in facts if n in observers))
        is_pushed = any(name in pushed for name in facts)
        sent = Feeder.RECIPE if namespace in fetched else Feeder.PUSH
        by = sent if is_pushed else Feeder.NOTHING
        found.append(
            Feed(
                namespace=namespace,
                by=Feeder.COLLECTOR if collectors else by,
                collectors=collectors,
                facts=facts,
                unfed=tuple(n for n in facts if n not in observers and n not in pushed),
                source=source,
            )
        )
    return tuple(found)


def _nothing_feeds(pack: Pack, fact: Declared) -> FailedFact:
    detail = f"the pack `{pack.name}` is on, and nothing feeds `{fact.namespace}.*`"
    return FailedFact(reason=Unknown.NOT_CONFIGURED, detail=detail)


def _clash(
    pack: Pack, wanted: FactSchema, known: FactSchema, observed: Mapping[str, FactSchema]
) -> Problem:
    who = "an installed collector observes" if wanted.name in observed else "elsewhere it is"
    return Problem(
        code="PACK_FACT_TYPE",
        message=(
            f"The pack {pack.name} takes {wanted.name} for {wanted.type.value}, "
            f"and {who} {known.type.value}."
        ),
        found=wanted.name,
        hint="Its checks that mention the fact may be set aside; switch the pack off, or mend the other.",
    )
