"""Queries: what is asked of the catalog, as people and clients write it."""
