"""Plumbline's own API, `/api/v1`, and its description."""

from portal.api.v1.description import register

__all__ = ["register"]
