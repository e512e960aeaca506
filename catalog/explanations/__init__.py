"""Explanations: why something is, or is not, in the catalog, in words that people and clients know."""
