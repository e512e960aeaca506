"""The source for repositories behind git URLs that the operator configured."""

from plugins.git.source import plugin

__all__ = ["plugin"]
