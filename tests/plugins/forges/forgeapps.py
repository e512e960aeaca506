"""A GitHub App of the tests, with a key of its own."""

from __future__ import annotations

from dataclasses import replace

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from plugins.contract import Forge, ForgeApp
from tests.forge.running import RunningForge

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PRIVATE = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,
    serialization.NoEncryption(),
).decode()
PUBLIC = (
    KEY.public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    .decode()
)


def with_app(forge: RunningForge, *, key: str = PRIVATE, owners: tuple[str, ...] = ()) -> Forge:
    app = ForgeApp(id="5", private_key=key, owners=owners)
    return replace(forge.forge("github", token=""), signs_in=True, apps=(app,))
