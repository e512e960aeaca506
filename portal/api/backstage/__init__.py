"""Backstage's catalog API under `/api/catalog`: its routes, answers and errors, unchanged."""
