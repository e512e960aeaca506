from pathlib import Path

from plumbline_licenses import plugin
from plumbline_licenses.collector import LicenseCollector

from plugins.contract import FailedFact, Known, Missing, Unknown
from plugins.testing import collect, loaded, repository, subject

SERVICE = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: payments}
spec: {type: service, lifecycle: production, owner: team}
"""
MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy"


def spdx(view):
    (facts,) = collect(LicenseCollector(), [subject(SERVICE)], view)
    return facts["licenses.spdx"]


def test_a_license_is_named_and_shown():
    assert spdx(repository({"LICENSE": MIT})) == Known(value="MIT", path="LICENSE")


def test_one_that_nobody_knows_is_another():
    assert spdx(repository({"COPYING": "Do what you like."})).value == "other"


def test_none_is_missing_and_not_unknown():
    assert isinstance(spdx(repository({"README.md": "# Payments"})), Missing)


def test_a_repository_that_cannot_be_read_leaves_it_unknown():
    state = spdx(None)
    assert isinstance(state, FailedFact)
    assert state.reason is Unknown.SOURCE_FAILED


def test_a_portal_takes_the_plugin(tmp_path: Path):
    assert loaded(plugin, name="licenses", cache=tmp_path).name == "licenses"
