"""The configuration: one record of settings, and the only reader of the environment."""

from portal.config.loading import load_settings
from portal.config.places import environment
from portal.config.settings import (
    Auth,
    ConfiguredSource,
    Settings,
    StaticToken,
    is_loopback,
)

__all__ = [
    "Auth",
    "ConfiguredSource",
    "Settings",
    "StaticToken",
    "environment",
    "is_loopback",
    "load_settings",
]
