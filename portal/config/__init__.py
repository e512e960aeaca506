"""The configuration: one record of settings, and the only reader of the environment."""

from portal.config.access import (
    PLUGIN_PLACE,
    BackstagePlugins,
    BackstageUsers,
    Issuer,
    KeySetAccess,
    Restriction,
    SharedSecret,
    StaticToken,
)
from portal.config.loading import load_settings
from portal.config.places import environment
from portal.config.settings import (
    Auth,
    ConfiguredSource,
    Settings,
    is_loopback,
)
from portal.config.sharing import Sharing

__all__ = [
    "PLUGIN_PLACE",
    "Auth",
    "BackstagePlugins",
    "BackstageUsers",
    "ConfiguredSource",
    "Issuer",
    "KeySetAccess",
    "Restriction",
    "Settings",
    "SharedSecret",
    "Sharing",
    "StaticToken",
    "environment",
    "is_loopback",
    "load_settings",
]
