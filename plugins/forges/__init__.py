"""The sources for GitHub, GitLab and Gitea: what providers find there, repositories, and single files."""

from plugins.forges.manifest import plugin

__all__ = ["plugin"]
