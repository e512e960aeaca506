"""Schemas of the catalog API for its OpenAPI document: entities, pages, parameters of queries.

Names and parameters are Backstage's (catalog backend 4.0.0, reference 3); `wait` is ours.
"""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def ref(name: str) -> Schema:
    """A reference to one of `SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def list_of(of: Schema) -> Schema:
    """A list."""
    return {"type": "array", "items": of}


def object_of(required: str = "", **properties: Schema) -> Schema:
    """An object; `required` names properties, separated by spaces."""
    found: Schema = {"type": "object", "properties": properties}
    return {**found, "required": required.split()} if required else found


TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
ANY: Schema = {"type": "object", "additionalProperties": {}}
TEXTS = list_of(TEXT)
COUNTED: Schema = {"type": "string", "enum": ["include", "exclude"]}
PREDICATE = {**ANY, "description": "A filter: `$all`, `$any`, `$not`, or paths with conditions."}
PAGE_INFO = object_of(nextCursor=TEXT, prevCursor=TEXT)
PLACE = object_of("type target", type=TEXT, target=TEXT)

PARAMETERS: dict[str, tuple[Schema, str]] = {
    "fields": (
        TEXTS,
        "Dotted paths of what to show, separated by commas; without it, everything.",
    ),
    "filter": (TEXTS, "Conditions `key` or `key=value`, separated by commas; repeat it for 'or'."),
    "order": (TEXTS, "`asc:<path>` or `desc:<path>`; repeat it for ties."),
    "orderField": (TEXTS, "`<path>,asc` or `<path>,desc`; only the first counts."),
    "limit": (WHOLE, "The number of entities on a page."),
    "offset": (WHOLE, "How many entities to pass over."),
    "after": (TEXT, "From the `Link` header of the page before."),
    "cursor": (TEXT, "`nextCursor` or `prevCursor` of another page; replaces what that asked for."),
    "fullTextFilterTerm": (TEXT, "Text that a field has to contain, in any case."),
    "fullTextFilterFields": (TEXTS, "The fields it is looked for in, separated by commas."),
    "totalItems": (COUNTED, "Whether to count what matches."),
    "facet": (TEXTS, "A path whose values are counted; repeat it for more."),
    "dryRun": (TEXT, "`true`: only tell what registering would come to."),
    "onConflict": (
        {"type": "string", "enum": ["refresh", "reject"]},
        "What to do with a location that is registered already.",
    ),
    "wait": (TEXT, "How long to wait until the result is visible, as in `10s`; not in Backstage."),
}
"""Parameters of queries: their schema and what they mean."""

REPEATED = ("filter", "order", "orderField", "facet")
"""Parameters that are lists because they are repeated; other lists are separated by commas."""

SCHEMAS: dict[str, Schema] = {
    "Entity": {
        **object_of(
            "apiVersion kind metadata relations",
            apiVersion=TEXT,
            kind=TEXT,
            metadata=ref("EntityMeta"),
            spec=ANY,
            relations=list_of(object_of("type targetRef", type=TEXT, targetRef=TEXT)),
            status=ANY,
        ),
        "additionalProperties": {},
    },
    "EntityMeta": {
        **object_of(
            "uid etag name namespace",
            uid=TEXT,
            etag=TEXT,
            name=TEXT,
            namespace=TEXT,
            title=TEXT,
            description=TEXT,
            labels={"type": "object", "additionalProperties": TEXT},
            annotations={"type": "object", "additionalProperties": TEXT},
            tags=TEXTS,
            links=list_of(object_of("url", url=TEXT, title=TEXT, icon=TEXT, type=TEXT)),
        ),
        "additionalProperties": {},
    },
    # Asked for by `fields`, an entity may lack anything.
    "PartialEntity": ANY,
    "EntityPage": object_of(
        "items totalItems pageInfo",
        items=list_of(ref("PartialEntity")),
        totalItems=WHOLE,
        pageInfo=PAGE_INFO,
    ),
    "EntityAncestry": object_of(
        "rootEntityRef items",
        rootEntityRef=TEXT,
        items=list_of(
            object_of("entity parentEntityRefs", entity=ref("Entity"), parentEntityRefs=TEXTS)
        ),
    ),
    "EntityFacets": object_of(
        "facets",
        facets={
            "type": "object",
            "additionalProperties": list_of(object_of("value count", value=TEXT, count=WHOLE)),
        },
    ),
    "Location": object_of(
        "id type target entityRef", id=TEXT, type=TEXT, target=TEXT, entityRef=TEXT
    ),
    "Error": object_of(
        "error request response",
        error={**object_of("name message", name=TEXT, message=TEXT), "additionalProperties": {}},
        request=object_of("method url", method=TEXT, url=TEXT),
        response=object_of("statusCode", statusCode=WHOLE),
    ),
}
