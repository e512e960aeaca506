"""Kinds of entities, as data: which fields each has, and which of them state relations."""
