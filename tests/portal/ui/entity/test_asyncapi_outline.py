"""AsyncAPI laid out: versions 2 and 3, and whatever else a repository holds under that name."""

from __future__ import annotations

import orjson
import pytest
from page_shop import Shop, api, put
from page_structure import faults

from catalog.parsing.documents import parse
from portal.openapi import MOST_OPERATIONS, Outline
from portal.ui.models.apis.asyncapi import asyncapi_outline

TAB = "/catalog/api/default/orders-events?tab=api"

V2 = """\
asyncapi: 2.6.0
info: {title: Order events, version: 1.2.0, description: What *happens* to orders.}
channels:
  order/{id}/paid:
    description: One for each shop.
    parameters:
      id: {description: Of the order, schema: {type: integer}}
    subscribe:
      operationId: onPaid
      summary: An order was paid
      message: {$ref: '#/components/messages/Paid'}
    publish:
      message:
        oneOf:
          - {name: Cancel, payload: {type: object, required: [why], properties: {why: {type: string}}}}
          - {name: Hold, payload: {$ref: '#/components/schemas/Order'}}
components:
  messages:
    Paid: {summary: Money came, payload: {$ref: '#/components/schemas/Order'}}
  schemas:
    Order: {type: object, properties: {total: {type: number, description: In euros}}}
"""

V3 = """\
asyncapi: 3.0.0
info: {title: Accounts, version: '3'}
channels:
  signedUp:
    address: user.signedup.{region}
    parameters: {region: {enum: [eu, us], description: Where}}
    messages:
      SignedUp: {$ref: '#/components/messages/SignedUp'}
  nobody: {address: nobody.listens, messages: {Lost: {payload: {type: string}}}}
  answers: {address: answers, messages: {Done: {summary: It is done, payload: {type: boolean}}}}
operations:
  tell:
    action: send
    channel: {$ref: '#/channels/signedUp'}
    summary: Somebody signed up
    messages: [{$ref: '#/channels/signedUp/messages/SignedUp'}]
    reply: {channel: {$ref: '#/channels/answers'}}
  hear:
    action: receive
    channel: {$ref: '#/channels/signedUp'}
components:
  messages:
    SignedUp:
      payload:
        schemaFormat: application/schema+json;version=draft-07
        schema: {type: object, properties: {email: {type: string}}}
"""


def outline_of(text: str) -> Outline:
    return asyncapi_outline(parse(text.encode(), file="x").values[0])


def test_version_2_is_laid_out_by_channel_with_messages_and_their_schemas() -> None:
    found = outline_of(V2)
    assert (found.title, found.version) == ("Order events", "1.2.0")
    [group] = found.groups
    publish, subscribe = group.operations
    assert (subscribe.method, subscribe.path) == ("SUBSCRIBE", "order/{id}/paid")
    assert (subscribe.summary, subscribe.description) == ("An order was paid", "One for each shop.")
    assert [(one.name, one.type) for one in subscribe.parameters] == [("id", "integer")]
    assert [(one.media, one.schema, one.description) for one in subscribe.body] == [
        ("Paid", "Order", "Money came")
    ]
    assert [(one.media, one.schema) for one in publish.body] == [
        ("Cancel", "Cancel"),
        ("Hold", "Order"),
    ]
    shapes = {one.name: one for one in found.shapes}
    assert [one.required for one in shapes["Cancel"].fields] == [True]
    assert shapes["Order"].fields[0].description == "In euros"


def test_version_3_is_laid_out_by_operation_and_channels_without_one_are_there_too() -> None:
    found = outline_of(V3)
    tell, hear, nobody, answers = found.groups[0].operations
    assert (tell.method, tell.path, tell.id) == ("SEND", "user.signedup.{region}", "tell")
    assert [one.type for one in tell.parameters] == ["string: eu, us"]
    assert [one.schema for one in tell.body] == ["SignedUp"]
    assert [(one.status, one.schema, one.description) for one in tell.replies] == [
        ("Done", "boolean", "It is done")
    ]
    assert [one.media for one in hear.body] == ["SignedUp"]
    assert (nobody.method, nobody.path) == ("CHANNEL", "nobody.listens")
    assert [one.media for one in nobody.body] == ["Lost"]
    assert answers.path == "answers"
    assert [one.name for one in found.shapes] == ["SignedUp"]


def test_page_links_messages_to_their_schemas(shop: Shop) -> None:
    put(shop.portal, shop.location, "api.yaml", api("orders-events", "asyncapi", V2))
    page = shop.get(TAB)
    assert faults(page) == []
    assert "What <em>happens</em> to orders." in page
    assert '<span class="tag">SUBSCRIBE</span>' in page
    assert '<th scope="col">Message</th>' in page
    assert '<a href="#schema-Order">Order</a>' in page
    assert ">Status<" not in page


def test_page_says_that_it_is_none(shop: Shop) -> None:
    put(
        shop.portal, shop.location, "api.yaml", api("orders-events", "asyncapi", "openapi: 3.1.0\n")
    )
    page = shop.get(TAB)
    assert "It has no <code>asyncapi</code> at the top" in page
    assert "NOT_ASYNCAPI" in page


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"asyncapi": 3, "channels": ["a"], "operations": {"a": 3}},
        {"asyncapi": "3.0.0", "operations": {"a": {"channel": {"$ref": "#/operations/a"}}}},
        {"asyncapi": "3.0.0", "operations": {"a": {"messages": [1, {"$ref": "#/x"}], "reply": 3}}},
        {"asyncapi": "2.0.0", "channels": {"a": {"$ref": "#/channels/a"}}},
        {"asyncapi": "2.0.0", "channels": {"a": {"publish": {"message": {"oneOf": [1, {}]}}}}},
        {"asyncapi": "2.0.0", "channels": {"a": {"publish": 4, "parameters": {"b": [1]}}}},
        {"asyncapi": "2.0.0", "channels": {"a": {"subscribe": {"message": {"payload": [1]}}}}},
    ],
)
def test_whatever_a_document_holds_it_has_an_outline(document: object) -> None:
    assert asyncapi_outline(orjson.loads(orjson.dumps(document))) is not None


def test_outline_is_bounded() -> None:
    channels = {f"c{n}": {"publish": {"summary": "x" * 9_000}} for n in range(MOST_OPERATIONS + 7)}
    found = asyncapi_outline({"asyncapi": "2.6.0", "channels": channels})
    assert found.hidden == 7
    assert len(found.groups[0].operations) == MOST_OPERATIONS
    assert len(found.groups[0].operations[0].summary) < 5_000
