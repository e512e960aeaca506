"""Explain: why something is, or is not, in the catalog, with every step on the way."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields, validate

from catalog.explanations.explaining import Explanation, Status, Step, explain_ref, explain_url
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Resource, answer
from portal.api.v1.existing import asked_ref
from portal.api.v1.schemas import LinkAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.db.sources.explain import ref_evidence, url_evidence
from portal.wiring import Portal
from portal.worker.children.views import source_for


class Question(Camel):
    """What is looked for: exactly one of the two."""

    ref = fields.String(
        load_default=None,
        validate=validate.Length(1, 500),
        metadata={"description": "Entity ref; the kind may be left out for a component."},
    )
    url = fields.String(
        load_default=None,
        validate=validate.Length(1, 4000),
        metadata={"description": "A location's target, a repository, or a file: URL or path."},
    )


class ReasonAnswer(Answer):
    """One link of the chain, from whoever named a location down to the entity."""

    name = fields.String()
    status = fields.String(validate=validate.OneOf([status.value for status in Status]))
    words = fields.String()
    at = time_field("When it was so, or since when it is.", nullable=True)
    links = fields.List(fields.Nested(LinkAnswer))


class ExplanationAnswer(Answer):
    """Why something is, or is not, in the catalog."""

    subject = fields.String()
    present = fields.Boolean(metadata={"description": "Whether it is in the catalog."})
    answer = fields.String(metadata={"description": "One sentence."})
    steps = fields.List(fields.Nested(ReasonAnswer))


def resource(portal: Portal) -> Resource:
    """`/api/v1/explain`."""
    views = Resource("explain", __name__, url_prefix="/api/v1", description="Why, and why not.")

    @views.operation("GET", "/explain", query=Question, answer=ExplanationAnswer)
    def explain(asked: dict[str, Any]) -> Response:
        """Say why an entity (`ref`), or what is at a `url`, is or is not in the catalog."""
        ref, url = asked["ref"], asked["url"]
        if (ref is None) == (url is None):
            raise Refusal("INVALID_VALUE", "Give either `ref` or `url`")
        return answer(form(explained(portal, ref=ref, url=url), request.root_path))

    return views


def explained(portal: Portal, *, ref: str | None = None, url: str | None = None) -> Explanation:
    """The explanation of a ref or, without one, of a URL. Raises `Refusal` for a bad ref."""
    with portal.database.read() as connection:
        if ref is not None:
            return explain_ref(ref_evidence(connection, str(asked_ref(ref, "component"))))
        wanted = (url or "").strip()
        readable = source_for(portal.plugins, wanted.removeprefix("url:")) is not None
        return explain_url(url_evidence(connection, wanted, readable=readable))


def form(found: Explanation, base: str) -> dict[str, Any]:
    """An explanation as it is answered, its links under the path `base`."""
    return {
        "subject": found.subject,
        "present": found.present,
        "answer": found.answer,
        "steps": [
            {
                "name": step.name,
                "status": step.status.value,
                "words": step.words,
                "at": rfc3339(step.at),
                "links": _links(step, f"{base}/api/v1"),
            }
            for step in found.steps
        ],
    }


def _links(step: Step, base: str) -> list[dict[str, str]]:
    found = []
    if step.location:
        found.append(("Location", f"{base}/locations/{step.location}"))
    if step.ref:
        found.append(("History", f"{base}/entities/{step.ref.replace(':', '/', 1)}/history"))
    url = step.url.removeprefix("url:")
    if url.startswith(("http://", "https://")):
        found.append(("Source", url))
    return [{"title": title, "url": url} for title, url in found]
