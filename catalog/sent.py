"""Sent: records on their way to another process, as the values of their fields in order.

What `dataclasses` gives frozen records with slots asks for the names of the fields anew whenever one
is sent or arrives: of many small ones that is most of the time.
"""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Any, TypeVar

Record = TypeVar("Record")


def sent_by_value(record: type[Record]) -> type[Record]:
    """The class of a record with several fields, all of which are sent as they are."""
    names = tuple(one.name for one in fields(record))  # type: ignore[arg-type]  # it is a dataclass
    values = attrgetter(*names)

    def get(self: Record) -> Any:
        return values(self)

    def put(self: Record, state: tuple[Any, ...]) -> None:
        for name, value in zip(names, state, strict=True):
            object.__setattr__(self, name, value)

    for name, method in (("__getstate__", get), ("__setstate__", put)):
        setattr(record, name, method)
    return record
