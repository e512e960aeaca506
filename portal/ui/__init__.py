"""The pages: what people see. Reads the store, never writes it, asks for work by keys alone."""

from portal.ui.pages import blueprint

__all__ = ["blueprint"]
