"""The operations of the catalog API, as its OpenAPI document describes them: a table.

Paths and names are Backstage's (catalog backend 4.0.0, reference 3).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from portal.api.backstage.queries import LIST_NAMES, QUERY_NAMES
from portal.api.backstage.schemas import (
    ANY,
    COUNTED,
    PAGE_INFO,
    PLACE,
    PREDICATE,
    TEXT,
    TEXTS,
    WHOLE,
    Schema,
    list_of,
    object_of,
    ref,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """A method of a path."""

    method: str
    path: str
    """Below the mount point; names in braces are parameters."""
    name: str
    """The `operationId`."""
    summary: str
    parameters: tuple[str, ...] = ()
    """Of the query, by their names in `schemas.PARAMETERS`."""
    body: Schema | None = None
    answers: dict[int, Schema | None] = field(default_factory=dict)
    """The schema for each status of success; None: the answer is empty."""


_BY_NAME = "/entities/by-name/{kind}/{namespace}/{name}"
_ORDER = object_of("field order", field=TEXT, order={"type": "string", "enum": ["asc", "desc"]})
_LOCATIONS = object_of(
    "items totalItems pageInfo",
    items=list_of(ref("Location")),
    totalItems=WHOLE,
    pageInfo=PAGE_INFO,
)

OPERATIONS = (
    Operation(
        method="post",
        path="/refresh",
        name="RefreshEntity",
        summary="Read an entity's source again now",
        parameters=("wait",),
        body=object_of("entityRef", entityRef=TEXT, authorizationToken=TEXT),
        answers={200: None},
    ),
    Operation(
        method="get",
        path="/entities",
        name="GetEntities",
        summary="All entities that match, at once or by pages",
        parameters=LIST_NAMES,
        answers={200: list_of(ref("PartialEntity"))},
    ),
    Operation(
        method="get",
        path="/entities/by-uid/{uid}",
        name="GetEntityByUid",
        summary="The entity with a uid",
        answers={200: ref("Entity")},
    ),
    Operation(
        method="delete",
        path="/entities/by-uid/{uid}",
        name="DeleteEntityByUid",
        summary="Let an entity go; it returns if its source still declares it",
        answers={204: None},
    ),
    Operation(
        method="get",
        path=_BY_NAME,
        name="GetEntityByName",
        summary="The entity with a name",
        answers={200: ref("Entity")},
    ),
    Operation(
        method="get",
        path=f"{_BY_NAME}/ancestry",
        name="GetEntityAncestryByName",
        summary="The entity with a name, and the Location entities that led to it",
        answers={200: ref("EntityAncestry")},
    ),
    Operation(
        method="post",
        path="/entities/by-refs",
        name="GetEntitiesByRefs",
        summary="The entities with these refs, in their order; null for those that are not there",
        parameters=("filter",),
        body=object_of("entityRefs", entityRefs=TEXTS, fields=TEXTS, query=PREDICATE),
        answers={
            200: object_of("items", items=list_of({**ref("PartialEntity"), "nullable": True})),
        },
    ),
    Operation(
        method="get",
        path="/entities/by-query",
        name="GetEntitiesByQuery",
        summary="A page of the entities that match",
        parameters=QUERY_NAMES,
        answers={200: ref("EntityPage")},
    ),
    Operation(
        method="post",
        path="/entities/by-query",
        name="QueryEntitiesByPredicate",
        summary="A page of the entities for which a predicate holds",
        body=object_of(
            cursor=TEXT,
            limit={"type": "number"},
            offset={"type": "number"},
            orderBy=list_of(_ORDER),
            fullTextFilter=object_of(term=TEXT, fields=TEXTS),
            fields=TEXTS,
            totalItems=COUNTED,
            query=PREDICATE,
        ),
        answers={200: ref("EntityPage")},
    ),
    Operation(
        method="get",
        path="/entity-facets",
        name="GetEntityFacets",
        summary="How many entities have each value of a field",
        parameters=("facet", "filter"),
        answers={200: ref("EntityFacets")},
    ),
    Operation(
        method="post",
        path="/entity-facets",
        name="QueryEntityFacetsByPredicate",
        summary="How many entities for which a predicate holds have each value of a field",
        body=object_of("facets", facets=TEXTS, query=PREDICATE),
        answers={200: ref("EntityFacets")},
    ),
    Operation(
        method="post",
        path="/locations",
        name="CreateLocation",
        summary="Register a location",
        parameters=("dryRun", "onConflict", "wait"),
        body=object_of("type target", type=TEXT, target=TEXT, presence=TEXT),
        answers={
            201: object_of(
                "location entities",
                exists={"type": "boolean"},
                location=ref("Location"),
                entities=list_of(ANY),
                problems=list_of(ANY),
            ),
        },
    ),
    Operation(
        method="get",
        path="/locations",
        name="GetLocations",
        summary="All locations that were registered through this API",
        answers={200: list_of(object_of("data", data=ref("Location")))},
    ),
    Operation(
        method="post",
        path="/locations/by-query",
        name="GetLocationsByQuery",
        summary="A page of the locations for which a predicate holds",
        body=object_of(limit={"type": "number"}, cursor=TEXT, query=PREDICATE),
        answers={200: _LOCATIONS},
    ),
    Operation(
        method="get",
        path="/locations/{id}",
        name="GetLocation",
        summary="A registered location",
        answers={200: ref("Location")},
    ),
    Operation(
        method="put",
        path="/locations/{id}",
        name="UpdateLocation",
        summary="Let a location name another target",
        parameters=("wait",),
        body=PLACE,
        answers={
            200: object_of(
                "id type target entityRef",
                id=TEXT,
                type=TEXT,
                target=TEXT,
                entityRef=TEXT,
                problems=list_of(ANY),
            ),
        },
    ),
    Operation(
        method="delete",
        path="/locations/{id}",
        name="DeleteLocation",
        summary="Let a location go, with what only it led to",
        answers={204: None},
    ),
    Operation(
        method="get",
        path="/locations/by-entity/{kind}/{namespace}/{name}",
        name="getLocationByEntity",
        summary="The registered location that led to an entity",
        answers={200: ref("Location")},
    ),
    Operation(
        method="post",
        path="/analyze-location",
        name="AnalyzeLocation",
        summary="What a repository already declares, and what it could",
        body=object_of("location", location=PLACE, catalogFilename=TEXT),
        answers={
            200: object_of(
                "existingEntityFiles generateEntities",
                existingEntityFiles=list_of(ANY),
                generateEntities=list_of(ANY),
            ),
        },
    ),
    Operation(
        method="post",
        path="/validate-entity",
        name="ValidateEntity",
        summary="Whether an entity would be accepted; 400 with a list of errors where it would not",
        body=object_of("entity location", entity=ANY, location=TEXT),
        answers={200: None},
    ),
)
