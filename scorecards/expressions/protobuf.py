"""Protocol buffers on the wire, as far as reading a compiled expression needs them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

Field: TypeAlias = "tuple[int, int | bytes]"


def parts(message: bytes, number: int) -> Iterator[bytes]:
    """The values of the fields with this number, of those that are bytes."""
    return (v for n, v in fields(message) if n == number and isinstance(v, bytes))


def fields(message: bytes) -> Iterator[Field]:
    """Field number and value of each field, in order: an integer, or the bytes of anything else."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        match tag & 7:
            case 0:
                value, at = _varint(message, at)
                yield tag >> 3, value
            case 2:
                length, at = _varint(message, at)
                yield tag >> 3, message[at : at + length]
                at += length
            case wire:
                length = 8 if wire == 1 else 4  # of fixed width
                yield tag >> 3, message[at : at + length]
                at += length


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
