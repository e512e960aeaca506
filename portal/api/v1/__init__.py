"""Plumbline's own API, `/api/v1`; `description` puts it together."""
