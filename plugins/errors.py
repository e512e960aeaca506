"""The exceptions of plugins."""


class PluginError(Exception):
    """A plugin cannot be used."""
