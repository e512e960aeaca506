"""Entity references: `[<kind>:][<namespace>/]<name>`, as Backstage writes and reads them.

Source of the grammar: Backstage catalog-model 1.10.1, `parseEntityRef` and `stringifyEntityRef`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from catalog.errors import RefError

DEFAULT_NAMESPACE = "default"

_WHOLE = re.compile("[^:/]+:[^:/]+/[^:/]+")
"""A reference that leaves nothing out, and whose parts are as they stand there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityRef:
    """The identity of an entity. Keeps the case it was written in; `str` gives the canonical text."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        """`kind:namespace/name`, lower case: the form that is stored and compared."""
        return f"{self.kind}:{self.namespace}/{self.name}".lower()


def canonical(text: str) -> str:
    """The canonical text of the reference that `text` writes. Raises `RefError` as `parse_ref` does."""
    # Nearly all are whole, and nearly all time was for the parts.
    return text.lower() if _WHOLE.fullmatch(text) else str(parse_ref(text))


def parse_ref(
    text: str, *, default_kind: str | None = None, default_namespace: str = DEFAULT_NAMESPACE
) -> EntityRef:
    """The reference that `text` writes; kind and namespace are filled in where it leaves them out.

    Raises `RefError`, with Backstage's own message, where `text` is none. The kind ends at the first
    colon and the namespace at the first slash; a slash before the colon means that there is no kind.
    """
    if not text:
        raise RefError("Entity reference must not be empty")
    kind: str | None = None
    namespace: str | None = None
    name = text
    colon, slash = text.find(":"), text.find("/")
    if colon != -1 and not 0 <= slash < colon:
        kind, name = text[:colon], text[colon + 1 :]
        slash = name.find("/")
    if slash != -1:
        namespace, name = name[:slash], name[slash + 1 :]
    if kind == "" or namespace == "" or name == "":
        raise RefError(
            f'Entity reference "{text}" was not on the form [<kind>:][<namespace>/]<name>'
        )
    kind = kind or default_kind
    if not kind:
        raise RefError(
            f'Entity reference "{text}" had missing or empty kind '
            '(e.g. did not start with "component:" or similar)'
        )
    return EntityRef(kind=kind, namespace=namespace or default_namespace, name=name)
