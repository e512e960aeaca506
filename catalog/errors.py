"""The exceptions of the catalog: for what a caller did wrong, never for what a user's file holds.

What a user can fix is a `Problem` (see `catalog.problems`); an exception here is for code that
was called with something that cannot be answered.
"""


class RefError(Exception):
    """A text is not an entity reference."""


class QueryError(Exception):
    """A filter, an order or a cursor of a query cannot be read."""
