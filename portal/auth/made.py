"""Secrets of tokens that are made here: how they look, and what is kept of them.

`plb_`, 256 random bits and a checksum, in letters and digits: scanners of code find one by its form
(`plb_[0-9A-Za-z]{49}`) and tell it from a lookalike by the checksum, and so does the portal before it
asks the database. Source: reliability 8.4.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import zlib

PREFIX = "plb_"

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_BITS = 256
_RANDOM = 43
"""Characters that 256 bits need."""
_CHECK = 6
"""Characters that the 32 bits of a checksum need."""
_FORM = re.compile(rf"{PREFIX}[0-9A-Za-z]{{{_RANDOM + _CHECK}}}")


def new_secret() -> str:
    """A secret that nobody has."""
    body = _written(secrets.randbits(_BITS), _RANDOM)
    return PREFIX + body + _checksum(body)


def is_made(shown: str) -> bool:
    """Whether this may be a secret that was made here: by its form, without looking for it."""
    if not _FORM.fullmatch(shown):
        return False
    body = shown[len(PREFIX) : -_CHECK]
    return shown[-_CHECK:] == _checksum(body)


def digest_of(secret: str) -> str:
    """What is kept of a secret, and what it is found by.

    A plain SHA-256: nobody guesses 256 random bits, however fast they can try. What is slow on purpose,
    as for passwords, would be paid by each request.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


def _checksum(body: str) -> str:
    return _written(zlib.crc32(body.encode()), _CHECK)


def _written(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, place = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[place] + digits
    return digits
