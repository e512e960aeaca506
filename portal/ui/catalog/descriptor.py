"""The page to try a descriptor on: paste it, and see what the catalog would make of it."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from catalog.descriptor.descriptors import read_descriptor
from portal.ui.models.entity.verdict import verdict
from portal.wiring import Portal

LIMIT = 256 * 1024
"""Bytes of a descriptor that is looked at here; ingestion takes larger ones."""
FILE = "catalog-info.yaml"


def register(pages: Blueprint, _portal: Portal) -> None:
    """`/check-descriptor`."""

    @pages.route("/check-descriptor", methods=["GET", "POST"])
    def check_descriptor() -> str:
        if request.method == "GET":
            return render_template("check.html", content="", verdict=None, limit=LIMIT)
        content = request.form.get("content", "").replace("\r\n", "\n")
        encoded = content.encode()
        if len(encoded) > LIMIT:
            return render_template("check.html", content="", verdict=verdict(None), limit=LIMIT)
        outcomes, problems = read_descriptor(
            encoded, file=FILE, location=f"file:/{FILE}", origin=f"file:/{FILE}"
        )
        return render_template(
            "check.html",
            content=content,
            verdict=verdict((content, outcomes, problems)),
            limit=LIMIT,
        )
