"""Facts that an entity's own descriptor shows, together with the entities it refers to."""

from plugins.descriptor.collector import plugin

__all__ = ["plugin"]
