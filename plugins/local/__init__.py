"""The source for what is on this machine's disk: folders, repositories, descriptor files."""

from plugins.local.source import plugin

__all__ = ["plugin"]
