"""The source for single files behind URLs, and the client whose every connection is checked."""

from plugins.web.source import plugin

__all__ = ["plugin"]
