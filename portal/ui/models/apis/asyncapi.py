"""An AsyncAPI document as people read it: what is sent and received where, by which messages.

Versions 2 and 3 (https://www.asyncapi.com/docs/reference/specification). As with OpenAPI nothing raises,
whatever is in one, and what is beyond the bounds is counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from portal.openapi import (
    MOST_OPERATIONS,
    MOST_PARAMETERS,
    MOST_SCHEMAS,
    Field,
    Group,
    Json,
    Operation,
    Outline,
    Reply,
    Shape,
    mapping_in,
    resolved,
    shape_of,
    text_in,
    type_of,
)

ACTIONS = ("publish", "subscribe")
"""Of version 2, as seen by whoever uses the application."""
MOST_MESSAGES = 60
"""Of one operation."""


@dataclass(kw_only=True)
class _Reading:
    """A document, and the schemas that stand in its messages and not under a name of their own."""

    document: Json
    inline: dict[str, Any] = field(default_factory=dict)


def asyncapi_outline(document: Json) -> Outline:
    """The outline of a document, however odd it is."""
    reading = _Reading(document=document)
    v3 = text_in(document, "asyncapi").startswith("3")
    info = mapping_in(document, "info")
    listed = list(islice(_v3(reading) if v3 else _v2(reading), 10 * MOST_OPERATIONS))
    shown = listed[:MOST_OPERATIONS]
    named = {**mapping_in(document, "components", "schemas"), **reading.inline}
    return Outline(
        title=text_in(info, "title"),
        version=text_in(info, "version"),
        description=text_in(info, "description"),
        groups=(Group(tag="", about="", operations=tuple(shown)),) if shown else (),
        hidden=len(listed) - len(shown),
        shapes=tuple(_shapes(named)),
        hidden_shapes=max(0, len(named) - MOST_SCHEMAS),
    )


def _shapes(named: Mapping[str, Any]) -> Iterator[Shape]:
    for name, schema in islice(named.items(), MOST_SCHEMAS):
        yield shape_of(str(name), schema)


def _v2(reading: _Reading) -> Iterator[Operation]:
    for address, item in mapping_in(reading.document, "channels").items():
        channel = resolved(reading.document, item)
        for action in ACTIONS:
            if action in channel:
                operation = resolved(reading.document, channel[action])
                message = resolved(reading.document, operation.get("message"))
                messages = message.get("oneOf") if isinstance(message, Mapping) else None
                given = messages if isinstance(messages, list) else [operation.get("message")]
                yield _operation(
                    reading, action, str(address), channel, operation, _replies(reading, given)
                )


def _v3(reading: _Reading) -> Iterator[Operation]:
    """The operations, then the channels that none of them is about."""
    document = reading.document
    used: list[Json] = []
    for name, item in mapping_in(document, "operations").items():
        operation = resolved(document, item)
        channel = resolved(document, operation.get("channel"))
        used.append(channel)
        messages = operation.get("messages")
        # Without a list of its own an operation is about every message of its channel.
        given = messages if isinstance(messages, list) else _messages(channel)
        address = text_in(channel, "address") or str(name)
        reply = mapping_in(operation, "reply")
        answer = reply.get("messages")
        there = resolved(document, reply.get("channel"))
        answers = answer if isinstance(answer, list) else _messages(there)
        yield _operation(
            reading,
            text_in(operation, "action") or "operation",
            address,
            channel,
            {"operationId": name, **operation},
            _replies(reading, given),
            _replies(reading, answers),
        )
    for name, item in mapping_in(document, "channels").items():
        channel = resolved(document, item)
        if not any(channel is one for one in used):
            given = _messages(channel)
            address = text_in(channel, "address") or str(name)
            yield _operation(reading, "channel", address, channel, {}, _replies(reading, given))


def _messages(channel: Json) -> list[Any]:
    """Those of a channel, each under its name there unless it says another."""
    return [
        one if "$ref" in one else {"name": name, **one}
        for name, one in mapping_in(channel, "messages").items()
        if isinstance(one, Mapping)
    ]


def _operation(
    reading: _Reading,
    action: str,
    address: str,
    channel: Json,
    operation: Json,
    body: tuple[Reply, ...],
    replies: tuple[Reply, ...] = (),
) -> Operation:
    listed = mapping_in(channel, "parameters")
    return Operation(
        id=text_in(operation, "operationId"),
        method=action[:20].upper(),
        path=address,
        summary=text_in(operation, "summary") or text_in(channel, "summary"),
        description=text_in(operation, "description") or text_in(channel, "description"),
        deprecated=operation.get("deprecated") is True,
        parameters=tuple(
            _parameter(str(name), resolved(reading.document, one))
            for name, one in islice(listed.items(), MOST_PARAMETERS)
        ),
        more=max(0, len(listed) - MOST_PARAMETERS),
        body=body,
        replies=replies,
    )


def _parameter(name: str, said: Json) -> Field:
    schema = said.get("schema")
    return Field(
        name=name[:200],
        where="address",
        required=True,
        type=type_of(schema if isinstance(schema, Mapping) else {"type": "string", **said}),
        description=text_in(said, "description"),
    )


def _replies(reading: _Reading, given: list[Any]) -> tuple[Reply, ...]:
    return tuple(_reply(reading, one) for one in given[:MOST_MESSAGES] if isinstance(one, Mapping))


def _reply(reading: _Reading, given: Json) -> Reply:
    """A message; a payload that has fields of its own gets the name of the message."""
    message = resolved(reading.document, given)
    name = text_in(message, "name") or text_in(given, "$ref").rpartition("/")[2]
    payload = message.get("payload")
    if isinstance(payload, Mapping) and "schemaFormat" in payload:
        payload = payload.get("schema")
    words = type_of(payload) if isinstance(payload, Mapping) else ""
    if name and isinstance(payload, Mapping) and isinstance(payload.get("properties"), Mapping):
        reading.inline.setdefault(name[:200], payload)
        words = name[:200]
    return Reply(
        status=name[:200],
        description=text_in(message, "summary") or text_in(message, "description"),
        schema=words,
        media=(name or text_in(message, "title"))[:200],
    )
