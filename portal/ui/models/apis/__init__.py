"""Definitions of APIs, laid out where their format is known: OpenAPI, AsyncAPI, GraphQL."""
