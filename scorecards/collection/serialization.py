"""Facts and evidence as JSON bytes, and back: the form in which a store keeps them.

Keys are short, because there is a row for every entity. A reader takes what a writer of the same
version wrote; bytes that are not of this form raise `ValueError` or `KeyError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, assert_never

import orjson

from scorecards.facts import FactRecord, FactState, FactValue, FailedFact, Known, Missing, Unknown
from scorecards.knowledge import rfc3339
from scorecards.results import LETTERS, CheckResult, Excuse, Held, ScorecardResult

_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()}


def facts_to_json(record: FactRecord) -> bytes:
    """The facts of the record, without its header.

    Of a known fact `{"v": value, "p": path, "l": line}` (`t` for a time), of a missing one
    `{"m": looked for}`, of a failed one `{"f": reason, "d": detail}`.
    """
    return orjson.dumps({name: _state(state) for name, state in record.facts.items()})


def facts_from_json(data: bytes) -> dict[str, FactState]:
    """The facts that `facts_to_json` wrote, by name."""
    return {name: _read_state(state) for name, state in orjson.loads(data).items()}


def records_to_json(records: Iterable[FactRecord]) -> bytes:
    """Whole records of one entity, without its ref, as a list by collector."""
    return orjson.dumps(
        [
            {
                "c": record.collector,
                "v": record.version,
                "u": record.url,
                "r": record.revision,
                "o": rfc3339(record.observed_at),
                "e": None if record.valid_until is None else rfc3339(record.valid_until),
                "f": {name: _state(state) for name, state in record.facts.items()},
            }
            for record in sorted(records, key=lambda record: record.collector)
        ]
    )


def records_from_json(data: bytes, ref: str) -> tuple[FactRecord, ...]:
    """The records that `records_to_json` wrote, of the entity `ref`."""
    return tuple(
        FactRecord(
            ref=ref,
            collector=said["c"],
            version=said["v"],
            url=said["u"],
            revision=said["r"],
            observed_at=datetime.fromisoformat(said["o"]),
            valid_until=None if said["e"] is None else datetime.fromisoformat(said["e"]),
            facts={name: _read_state(state) for name, state in said["f"].items()},
        )
        for said in orjson.loads(data)
    )


def state_in(data: bytes, quoted: bytes) -> bytes:
    """The state of one fact as JSON, from what `facts_to_json` wrote; empty: it is not there.

    The end of that is enough, from anywhere before the fact on.
    `quoted` is `"name":`. Nothing is parsed: inside of a text a quote is never without a backslash
    before it, so the name in its quotes is found at the key and nowhere else.
    """
    begin = data.find(quoted)
    if begin == -1:
        return b""
    key, begin = begin, begin + len(quoted)
    state = data[begin : data.find(b"}", begin) + 1]
    if b"\\" in state or state.count(b'"') % 2:  # perhaps the brace stands in a text
        return orjson.dumps(orjson.loads(b"{" + data[key:])[quoted[1:-2].decode()])
    return state


def evidence_to_json(result: ScorecardResult) -> bytes:
    """What each check said and from what, as a list in the order of the checks.

    `c` check, `o` letter of the outcome, `r` reason, `v` observed, `u` unknown, `l` leaves,
    `x` the exemption; `h` a pass that is held; `n` where it does not count for levels.
    """
    return orjson.dumps([_check(said) for said in result.results])


def evidence_from_json(data: bytes) -> tuple[CheckResult, ...]:
    """The results that `evidence_to_json` wrote."""
    return tuple(_read_check(said) for said in orjson.loads(data))


def _state(state: FactState) -> dict[str, object]:
    match state:
        case Known(value=value, path=path, line=line):
            known: dict[str, object] = (
                {"t": rfc3339(value)} if isinstance(value, datetime) else {"v": value}
            )
            if path:
                known["p"] = path
            if line is not None:
                known["l"] = line
            return known
        case Missing(looked_for=looked_for):
            return {"m": looked_for}
        case FailedFact(reason=reason, detail=detail):
            return {"f": reason.value, "d": detail}
        case _:
            assert_never(state)


def _read_state(state: Mapping[str, Any]) -> FactState:
    if "m" in state:
        return Missing(looked_for=state["m"])
    if "f" in state:
        return FailedFact(reason=Unknown(state["f"]), detail=state["d"])
    value: FactValue
    if "t" in state:
        value = datetime.fromisoformat(state["t"])
    else:
        value = tuple(state["v"]) if isinstance(state["v"], list) else state["v"]
    return Known(value=value, path=state.get("p", ""), line=state.get("l"))


def _check(said: CheckResult) -> dict[str, object]:
    written: dict[str, object] = {"c": said.check, "o": LETTERS[said.outcome]}
    if said.reason:
        written["r"] = said.reason
    if said.observed:
        written["v"] = said.observed
    if said.unknown:
        written["u"] = said.unknown
    if said.leaves:
        written["l"] = [[expression, LETTERS[outcome]] for expression, outcome in said.leaves]
    if (excuse := said.excuse) is not None:
        until, letter = rfc3339(excuse.until), LETTERS[excuse.outcome]
        written["x"] = [excuse.exemption, until, letter, excuse.reason]
    if (held := said.held) is not None:
        written["h"] = [rfc3339(held.since), rfc3339(held.until)]
    if not said.counts:
        written["n"] = True
    return written


def _read_check(said: Mapping[str, Any]) -> CheckResult:
    return CheckResult(
        check=said["c"],
        outcome=_OUTCOMES[said["o"]],
        reason=said.get("r", ""),
        observed=said.get("v", {}),
        unknown=said.get("u", {}),
        leaves=tuple((expression, _OUTCOMES[letter]) for expression, letter in said.get("l", ())),
        excuse=_read_excuse(*said["x"]) if "x" in said else None,
        held=_read_held(*said["h"]) if "h" in said else None,
        counts="n" not in said,
    )


def _read_held(since: str, until: str) -> Held:
    return Held(since=datetime.fromisoformat(since), until=datetime.fromisoformat(until))


def _read_excuse(exemption: int, until: str, letter: str, reason: str) -> Excuse:
    return Excuse(
        exemption=exemption,
        until=datetime.fromisoformat(until),
        outcome=_OUTCOMES[letter],
        reason=reason,
    )
