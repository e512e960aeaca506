"""Deliveries: a request as the plugins for webhooks are given it."""

from __future__ import annotations

from flask import request

from plugins.hooks import Delivery


def delivery() -> Delivery:
    """This request, with every byte of its body."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Delivery(headers=headers, body=request.get_data())
