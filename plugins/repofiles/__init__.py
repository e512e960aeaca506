"""Facts about a repository that its files show: no network, no history beyond the commit."""

from plugins.repofiles.collector import plugin

__all__ = ["plugin"]
