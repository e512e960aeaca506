"""Repositories of scorecards: `plumbline.scorecardRepositories`, as records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from catalog.errors import RefError
from catalog.globs import compile_glob
from catalog.refs import parse_ref
from portal.config.fields import Strict

EVERY_FILE = "scorecards/**/*.{yaml,yml}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ScorecardRepository:
    """A repository whose scorecards are in force."""

    target: str
    """Path or URL, as a source takes it."""
    path: str
    """Glob over its files."""
    owner: str
    """Canonical ref of the group that answers for all of its scorecards."""


def _is_glob(text: str) -> None:
    if compile_glob(text) is None:
        raise ValidationError("has too many alternatives in braces")


class RepositoryOfScorecards(Strict):
    """One entry; its result is a `ScorecardRepository`."""

    target = fields.String(required=True, validate=validate.Length(1, 2000))
    path = fields.String(load_default=EVERY_FILE, validate=[validate.Length(1, 500), _is_glob])
    owner = fields.String(required=True, validate=validate.Length(1, 300))

    @post_load
    def _made(self, data: dict[str, Any], **_: Any) -> ScorecardRepository:
        try:
            owner = parse_ref(data["owner"], default_kind="group", default_namespace="default")
        except RefError as error:
            raise ValidationError(str(error), "owner") from None
        return ScorecardRepository(target=data["target"], path=data["path"], owner=str(owner))
