"""Notices by webhook and by e-mail, to the channels that the configuration names."""

from plugins.notify.channels import plugin

__all__ = ["plugin"]
