"""Plain scalars of YAML 1.2's core schema as the values JavaScript gives them.

Backstage reads descriptors with npm `yaml`: integers beyond 2^53 lose digits there, `1e3` prints as
1000, and keys become the text JavaScript prints. The rules of YAML 1.1, which a `%YAML 1.1`
directive asks for, are here too. Places and collections are not.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""What a scalar stands for. A float may be infinite or NaN: what becomes of it is for others."""

_WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), math.nan),
    **{
        sign + word: float(sign + "inf")
        for sign in ("", "+", "-")
        for word in (".inf", ".Inf", ".INF")
    },
}
_WORDS_1_1: dict[str, Value] = _WORDS | {
    **{
        spelled: True
        for word in ("yes", "on", "y")
        for spelled in (word, word.capitalize(), word.upper())
    },
    **{
        spelled: False
        for word in ("no", "off", "n")
        for spelled in (word, word.capitalize(), word.upper())
    },
}
_MAYBE_NUMBER = frozenset("+-.0123456789")
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0(?:o[0-7]+|x[0-9a-fA-F]+)")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")

_INTEGER_1_1 = re.compile(
    r"(?P<sign>[-+]?)(?:0b(?P<b>[01_]+)|0x(?P<x>[0-9a-fA-F_]+)|0(?P<o>[0-7_]+)|(?P<d>[0-9][0-9_]*))"
)
_FLOAT_1_1 = re.compile(
    r"[-+]?(?:[0-9][0-9_]*)?\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
)
_SIXTIES = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_TIMESTAMP = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})"
    r"(?:(?:[Tt]|[ \t]+)(\d{1,2}):(\d{1,2}):(\d{1,2}(?:\.\d+)?)"
    r"(?:[ \t]*(Z|[-+][012]?\d(?::\d\d)?))?)?"
)

_LONGEST_TIMESTAMP = 40
_LARGEST_INTEGER = 2**63
"""JSON integers beyond this are written as floats: stores and clients hold 64 bits."""


def resolve(text: str) -> Value:
    """The value of a plain scalar under YAML 1.2's core schema."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAYBE_NUMBER:
        return text
    if _INTEGER.fullmatch(text):
        return integer(text)
    if _BASED.fullmatch(text):
        return whole(int(text[2:], 8 if text[1] == "o" else 16))
    if _FLOAT.fullmatch(text):
        return shortened(float(text))
    return text


def resolve_1_1(text: str) -> Value:
    """The value of a plain scalar under YAML 1.1, as npm `yaml` reads it."""
    if text in _WORDS_1_1:
        return _WORDS_1_1[text]
    if text[0] not in _MAYBE_NUMBER:
        return text
    if found := _INTEGER_1_1.fullmatch(text):
        return _based(found)
    if _FLOAT_1_1.fullmatch(text):
        bare = text.replace("_", "")
        return shortened(float(bare)) if any(map(str.isdigit, bare)) else text
    if _SIXTIES.fullmatch(text):
        return _sixties(text.replace("_", ""))
    if len(text) <= _LONGEST_TIMESTAMP and (found := _TIMESTAMP.fullmatch(text)):
        return _timestamp(text, found)
    return text


def _based(found: re.Match[str]) -> Value:
    sign = -1 if found["sign"] == "-" else 1
    for name, base in (("b", 2), ("x", 16), ("o", 8)):
        if found[name] is not None:
            digits = found[name].replace("_", "")
            return whole(sign * int(digits, base)) if digits else found[0]
    return integer(found[0].replace("_", ""))


def _sixties(text: str) -> Value:
    total = 0.0
    for part in text.lstrip("+-").split(":"):
        total = total * 60 + float(part)
    return shortened(-total if text[0] == "-" else total)


def _timestamp(text: str, found: re.Match[str]) -> Value:
    year, month, day, hour, minute, second, zone = found.groups(default="0")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), tzinfo=UTC)
        moment += timedelta(milliseconds=int(float(second) * 1000))
        if zone not in ("0", "Z"):
            hours, _, minutes = zone[1:].partition(":")
            shift = timedelta(hours=int(hours), minutes=int(minutes or 0))
            moment -= -shift if zone[0] == "-" else shift
    except (ValueError, OverflowError):
        return text
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def tagged(text: str, tag: str, value: Value) -> Value:
    """What `!!int` and its like make of `text`, which reads as `value`: text where it is none."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    whole_number = number and (_INTEGER.fullmatch(text) or _BASED.fullmatch(text))
    match tag:
        case "tag:yaml.org,2002:int":
            return value if whole_number else text
        case "tag:yaml.org,2002:float":
            return value if number and not whole_number else text
        case "tag:yaml.org,2002:bool":
            return value if isinstance(value, bool) else text
        case "tag:yaml.org,2002:null":
            return value if value is None else text
        case _:
            return text


def integer(digits: str) -> int | float:
    """A decimal integer as JavaScript holds it. Never builds a number of thousands of digits."""
    return int(digits) if len(digits) < 16 else shortened(float(digits))


def whole(number: int) -> int | float:
    """An integer as JavaScript holds it: the nearest double."""
    try:
        return shortened(float(number))
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def shortened(number: float) -> int | float:
    """`number`, as an int where JavaScript prints no decimal point and 64 bits are enough."""
    if not math.isfinite(number) or not number.is_integer() or abs(number) >= _LARGEST_INTEGER:
        return number
    exact = int(number)
    if abs(exact) < 2**53:
        return exact
    # JavaScript prints the shortest digits that name this double, then zeros.
    digits, _, exponent = repr(number).partition("e")
    left, _, right = digits.partition(".")
    return int((left + right.rstrip("0")).ljust(len(left) + int(exponent or 0), "0"))


def printed(value: Value) -> str:
    """`value` as JavaScript makes it the key of an object."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case float():
            return _printed_float(value)
        case _:
            return str(value)


def _printed_float(number: float) -> str:
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    digits, _, exponent = repr(number).partition("e")
    if not exponent:
        return digits.removesuffix(".0")
    power = int(exponent)
    if power >= 21:
        return f"{digits}e+{power}"
    if power <= -7:
        return f"{digits}e{power}"
    return _plain_digits(digits, power)


def _plain_digits(digits: str, power: int) -> str:
    sign, digits = ("-", digits[1:]) if digits[0] == "-" else ("", digits)
    left, _, right = digits.partition(".")
    if power > 0:
        return sign + (left + right).ljust(1 + power, "0")
    return f"{sign}0.{'0' * (-power - 1)}{left}{right}"
