"""Whom one waits for who reads something."""

import pytest

from portal.db.sources.hosts import host_of


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://GitHub.com/acme/shop/blob/main/catalog-info.yaml", "github.com"),
        ("https://robot:secret@git.example.org:8443/acme", "git.example.org:8443"),
        ("ssh://git@git.example.org/acme/shop.git", "git.example.org"),
        ("git@github.com:acme/shop.git", "github.com"),
        ("git.example.org:acme/shop.git", "git.example.org"),
        ("/srv/repositories/shop", ""),
        ("file:///srv/repositories/shop", ""),
        ("https://[nonsense/shop", ""),
        ("", ""),
    ],
)
def test_a_host_is_told_from_every_kind_of_address(address: str, host: str) -> None:
    assert host_of(address) == host
