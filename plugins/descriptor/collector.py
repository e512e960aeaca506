"""The collector `catalog`: facts from entities' descriptors and their neighbors in the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from plugins.contract import Context, FactRecord, Plugin, RepositoryView, Sees, Subject
from plugins.descriptor import apis, entities, relations
from plugins.descriptor.apis import Definitions
from plugins.descriptor.fields import section, text
from plugins.descriptor.partial import unsure
from plugins.descriptor.schemas import SCHEMAS

VERSION = "4"

_LOCATION = "backstage.io/managed-by-location"


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="descriptor",
        version=VERSION,
        summary="Collects facts from descriptors: owner, description, links, APIs, ...",
        collectors=(Descriptors(partial=context.working_tree),),
    )


class Descriptors:
    """`catalog.*`, `api.*`, `owner.*`, `system.*`, `dependencies.*`. No repository is read."""

    name = "catalog"
    version = VERSION
    schemas = SCHEMAS
    sees = Sees.NEIGHBORS

    def __init__(self, *, partial: bool = False) -> None:
        self._partial = partial
        """Whether the catalog is only a part: a checkout that nobody has pushed."""

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterable[FactRecord]:
        """One record for each subject."""
        definitions = Definitions()
        for subject in subjects:
            annotations = section(section(subject.entity, "metadata"), "annotations")
            location = text(annotations, _LOCATION).partition(":")[2]
            yield FactRecord(
                ref=subject.ref,
                collector=self.name,
                version=self.version,
                url=location,
                revision="",
                observed_at=now,
                valid_until=None,
                facts={
                    **entities.facts(subject),
                    **apis.facts(subject, definitions),
                    **relations.facts(subject),
                    **(unsure(subject) if self._partial else {}),
                },
            )
