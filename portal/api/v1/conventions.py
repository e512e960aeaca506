"""What every resource of `/api/v1` has in common: names, parameters, pages, tags, errors.

Names are camelCase, an unknown parameter is refused, cursors mean nothing to clients, and an answer
that the client already has is not sent again.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import flask_smorest
import orjson
from apispec import APISpec
from flask import Flask, Request, Response, abort, request
from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from portal.api.errors import Refusal
from portal.db.state import Connection, state_of
from portal.version import VERSION
from portal.wiring import Portal

LARGEST_PAGE = 500


class Camel(Schema):
    """A schema whose fields are camelCase outside."""

    class Meta:
        """Nothing but what is named."""

        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the field as clients see it."""
        first, *rest = (field_obj.data_key or field_name).split("_")
        field_obj.data_key = first + "".join(part.capitalize() for part in rest)


class Answer(Camel):
    """The schema of an answer: every field is always there."""

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Say so."""
        super().on_bind_field(field_name, field_obj)
        field_obj.required = True


class Storable(Camel):
    """What is kept, or looked for among what is: PostgreSQL holds no NUL in a text."""

    @pre_load
    def _no_nul(self, data: Any, **_: Any) -> Any:
        if isinstance(data, Mapping) and any(
            isinstance(text, str) and "\0" in text
            for value in data.values()
            for text in (value if isinstance(value, list) else [value])
        ):
            raise ValidationError("A text has the character U+0000")
        return data


class Nothing(Camel):
    """No parameters: a misspelled one must not be taken for none."""


class Paging(Camel):
    """A page of a list."""

    limit = fields.Integer(
        load_default=50,
        validate=validate.Range(1, LARGEST_PAGE),
        metadata={"description": "Items on the page."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, 64_000),
        metadata={"description": "`nextCursor` of the page before this one."},
    )


class ErrorAnswer(Answer):
    """Problem details (RFC 9457)."""

    type = fields.String(metadata={"description": "URL of the explanation of `code`."})
    title = fields.String()
    status = fields.Integer()
    detail = fields.String(metadata={"description": "One sentence on this very failure."})
    instance = fields.String(metadata={"description": "Path that was asked for."})
    code = fields.String(metadata={"description": "Stable, UPPER_SNAKE."})
    request_id = fields.String(data_key="request_id")
    errors = fields.List(fields.Dict(), metadata={"description": "pointer, detail, code of each."})

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """RFC 9457 and reference 7 name `request_id` with an underscore."""
        if field_name != "request_id":
            super().on_bind_field(field_name, field_obj)


class _Parser(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION = {"query": RAISE, "json": RAISE}  # noqa: RUF012 - webargs' own form

    def _raw_load_json(self, req: Request) -> Any:
        """Webargs' own takes what can be told to nobody again: half a surrogate pair, numbers without
        an end, and lists in lists until the interpreter gives up."""
        if not is_json_request(req):
            return missing
        body = req.get_data()
        value = orjson.loads(body)
        try:
            orjson.dumps(value)  # which is not as deep as what can be read
        except TypeError as error:
            raise orjson.JSONDecodeError(str(error), body.decode(), 0) from None
        return value


View = TypeVar("View", bound=Callable[..., Response])


class Resource(flask_smorest.Blueprint):  # type: ignore[misc]  # flask-smorest has no types
    """A blueprint of `/api/v1`."""

    ARGUMENTS_PARSER = _Parser()

    def operation(
        self,
        method: str,
        rule: str,
        *,
        answer: type[Schema] | Schema | dict[str, str],
        query: type[Schema] = Nothing,
        body: type[Schema] | None = None,
        status: int = 200,
        headers: Sequence[Mapping[str, Any]] = (),
        content_type: str = "application/json",
        as_table: bool = False,
    ) -> Callable[[View], View]:
        """Serve `rule` by a view.

        It is given the query's arguments first, then the JSON body if there is one, then the path's.
        `headers` are described, and with `as_table` that it may answer as CSV.
        """

        def decorate(view: View) -> View:
            described = self.response(status, answer, content_type=content_type)(view)
            if body is not None:
                described = self.arguments(body, location="json")(described)
            if headers:
                described = self.doc(parameters=list(headers))(described)
            if as_table:
                content = {"text/csv": {"schema": {"type": "string"}}}
                described = self.doc(responses={status: {"content": content}})(described)
            asked = self.arguments(query, location="query")(described)
            self.route(rule, methods=[method])(asked)
            return view

        return decorate


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types
    """The description of `/api/v1`; errors are answered by `portal.api.errors`."""

    ERROR_SCHEMA = ErrorAnswer
    spec: APISpec

    def __init__(self, app: Flask, **more: Any) -> None:
        self.resources: list[Resource] = []
        super().__init__(app, **more)

    def register_blueprint(self, blp: Resource, **_: Any) -> None:
        """Serve it now; `describe_all` describes it."""
        app = self._app
        app.extensions["flask-smorest"]["blp_name_to_api"][blp.name] = self
        app.register_blueprint(blp)
        self.resources.append(blp)

    def describe_all(self) -> None:
        """Put everything that is served into `spec`, which takes longer than all else at the start."""
        for blp in self.resources:
            blp.register_views_in_doc(self, self._app, self.spec, name=blp.name, parameters=None)
            self.spec.tag({"name": blp.name, "description": blp.description})

    def _register_error_handlers(self) -> None:
        """None of flask-smorest's own."""


class Tags:
    """Entity tags: what an answer was made from, without making it."""

    def __init__(self, portal: Portal) -> None:
        editions = sorted(f"{card.name}={card.version}" for card in portal.scorecards)
        self._edition = "\n".join([VERSION, *editions])

    def check(self, connection: Connection, form: str = "") -> str:
        """The tag of the answer to this request; ends it with 304 where the client has it.

        `form` tells answers apart that are the same in another form.
        """
        parts = (self._edition, state_of(connection), request.full_path, form)
        tag = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
        end_if_known(tag)
        return tag


def end_if_known(tag: str) -> None:
    """End the request with 304 where the client has the answer with this tag."""
    if request.if_none_match.contains(tag):
        response = Response(status=304)
        response.set_etag(tag)
        abort(response)


def answer(value: Any, *, tag: str | None = None, status: int = 200) -> Response:
    """JSON with a tag; without one that is known before, a digest of the answer itself."""
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    response = Response(body, status, content_type="application/json")
    if status == 200:
        if tag is None:
            tag = hashlib.sha256(body).hexdigest()[:32]
            end_if_known(tag)
        response.set_etag(tag)
    return response


def page(items: list[Any], after: str | None) -> dict[str, Any]:
    """A page of a list; `after` is what the store wants to be told for the next one."""
    return {"items": items, "nextCursor": None if after is None else _seal(after)}


def after(arguments: Mapping[str, Any]) -> str | None:
    """What the store wants to be told, from the cursor of a request. Raises `Refusal`."""
    cursor = arguments["cursor"]
    if cursor is None:
        return None
    try:
        return base64.b64decode(cursor.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError):
        raise Refusal("BAD_CURSOR", "The cursor was not made by this list") from None


def _seal(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode()
