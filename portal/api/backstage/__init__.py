"""Backstage's catalog API under `/api/catalog`: its routes, answers and errors, unchanged."""

from portal.api.backstage.routes import blueprint

__all__ = ["blueprint"]
