"""Signed tokens, and the key sets they are verified with: against a server that is there."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from portal.app import create_app
from portal.auth import Machine, Refused, Tokens, User, needed_for
from portal.auth import keysets as module
from portal.auth.keysets import COOLDOWN, FRESH, LONGEST, KeySet, KeysUnavailable, fetch_keys
from portal.auth.permissions import UNLISTED
from portal.auth.tokens import MOST_KEY_SETS
from portal.config import (
    Auth,
    BackstagePlugins,
    BackstageUsers,
    KeySetAccess,
    Restriction,
    SharedSecret,
)
from portal.wiring import Portal

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT = rsa.generate_private_key(public_exponent=65537, key_size=1024)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()
OTHER = ec.generate_private_key(ec.SECP256R1())

_MAKERS = {"RS": jwt.algorithms.RSAAlgorithm, "PS": jwt.algorithms.RSAAlgorithm}
_MAKERS |= {"ES": jwt.algorithms.ECAlgorithm, "Ed": jwt.algorithms.OKPAlgorithm}


def jwk(key: Any, kid: str, algorithm: str, **more: str) -> dict[str, Any]:
    public = json.loads(_MAKERS[algorithm[:2]].to_jwk(key.public_key()))
    return {**public, "kid": kid, **more}


@dataclass
class Keys:
    """A key set that is served; what it holds may change."""

    port: int = 0
    keys: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    body: bytes | None = None
    drip: float = 0.0
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(keys: Keys) -> Iterator[Keys]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            keys.asked.append(self.path)
            body = json.dumps({"keys": keys.keys}).encode() if keys.body is None else keys.body
            self.send_response(keys.status)
            if keys.status == 302:
                self.send_header("Location", f"{keys.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                if keys.drip:
                    for byte in body:
                        self.wfile.write(bytes([byte]))
                        self.wfile.flush()
                        time.sleep(keys.drip)
                else:
                    self.wfile.write(body)
            except OSError:
                pass  # whoever asked has hung up

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    keys.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield keys
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def served() -> Iterator[Keys]:
    with serving(Keys(keys=[jwk(RSA, "r", "RS256"), jwk(EC, "e", "ES256")])) as keys:
        yield keys


def signed(key: Any, algorithm: str, kid: str | None, *, typ: str = "JWT", **claims: Any) -> str:
    now = int(time.time())
    whole = {"sub": "me", "iat": now, "exp": now + 600, **claims}
    said = {name: value for name, value in whole.items() if value is not None}
    headers = {"typ": typ} | ({"kid": kid} if kid else {})
    return jwt.encode(said, key, algorithm=algorithm, headers=headers)


def bearer(token: str) -> str:
    return f"Bearer {token}"


# --- key sets of other systems (`type: jwks`)


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(RSA, "RS256"), (RSA, "RS512"), (RSA, "PS256"), (EC, "ES256"), (ED, "EdDSA")],
)
@pytest.mark.parametrize("says_algorithm", [True, False])
def test_a_token_that_a_key_of_the_set_signed_is_taken(
    served: Keys, key: Any, algorithm: str, says_algorithm: bool
) -> None:
    said = {"alg": algorithm} if says_algorithm else {}
    served.keys = [jwk(OTHER, "other", "ES256"), jwk(key, "k", algorithm, **said)]
    tokens = Tokens((), [KeySetAccess(url=served.url)])
    caller = tokens.identify(bearer(signed(key, algorithm, "k")))
    assert caller == Machine(subject="external:me")


def test_the_subject_has_its_prefix_and_the_token_its_restrictions(served: Keys) -> None:
    limits = (Restriction(plugin="catalog"),)
    access = KeySetAccess(url=served.url, prefix="idp", restrictions=limits)
    caller = Tokens((), [access]).identify(bearer(signed(EC, "ES256", "e")))
    assert caller == Machine(subject="external:idp:me", restrictions=limits)


def forged_with_the_public_key() -> str:
    """HS256, with the public key as the secret: what careless verifiers take."""

    def part(value: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")

    public = json.dumps(jwk(RSA, "r", "RS256")).encode()
    said = part({"alg": "HS256", "kid": "r"}) + b"." + part({"sub": "me"})
    mac = base64.urlsafe_b64encode(hmac.new(public, said, hashlib.sha256).digest()).rstrip(b"=")
    return (said + b"." + mac).decode()


@pytest.mark.parametrize(
    "make",
    [
        lambda: signed(OTHER, "ES256", "e", aud="us", iss="https://idp"),
        lambda: signed(EC, "ES256", "r", aud="us", iss="https://idp"),
        lambda: signed(EC, "ES256", "unknown", aud="us", iss="https://idp"),
        lambda: signed(EC, "ES256", "e", aud="them", iss="https://idp"),
        lambda: signed(EC, "ES256", "e", aud=["them"], iss="https://idp"),
        lambda: signed(EC, "ES256", "e", iss="https://idp"),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://other"),
        lambda: signed(EC, "ES256", "e", aud="us"),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", exp=int(time.time()) - 60),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", nbf=int(time.time()) + 60),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", sub=None),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", sub=""),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", typ="vnd.backstage.user"),
        lambda: signed(RSA, "PS256", "r", aud="us", iss="https://idp"),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp", pad="x" * 40_000),
        lambda: signed(EC, "ES256", "e", aud="us", iss="https://idp")[:-3],
        lambda: jwt.encode(
            {"sub": "me", "aud": "us", "iss": "https://idp"}, None, algorithm="none"
        ),
        forged_with_the_public_key,
        lambda: "a.b.c",
        lambda: "..",
        lambda: "é.é.é",
        lambda: ("[" * 5000) + "." + ("[" * 5000) + ".x",
        lambda: base64.urlsafe_b64encode(b"[" * 20_000).decode() + ".e30.x",
    ],
)
def test_every_other_token_is_refused_alike(served: Keys, make: Callable[[], str]) -> None:
    access = KeySetAccess(
        url=served.url, issuers=("https://idp",), audiences=("us",), algorithms=("RS256", "ES256")
    )
    tokens = Tokens((), [access])
    good = signed(EC, "ES256", "e", aud=["them", "us"], iss="https://idp")
    assert tokens.identify(bearer(good)) == Machine(subject="external:me")
    assert tokens.identify(bearer(make())) == Refused()


def test_a_key_that_is_too_short_or_for_encryption_is_none(served: Keys) -> None:
    tokens = Tokens((), [KeySetAccess(url=served.url)])
    served.keys = [jwk(SHORT, "s", "RS256"), jwk(EC, "e", "ES256", use="enc")]
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        short = signed(SHORT, "RS256", "s")
    assert tokens.identify(bearer(short)) == Refused()
    assert tokens.identify(bearer(signed(EC, "ES256", "e"))) == Refused()


def test_a_token_without_a_key_id_needs_a_set_with_one_key_that_fits(served: Keys) -> None:
    token = bearer(signed(EC, "ES256", None))
    issuer = KeySetAccess(url=served.url)
    assert Tokens((), [issuer]).identify(token) == Machine(subject="external:me")
    served.keys.append(jwk(OTHER, "o", "ES256"))
    assert Tokens((), [issuer]).identify(token) == Refused()


def test_each_issuer_is_asked_in_turn(served: Keys) -> None:
    with serving(Keys(keys=[jwk(OTHER, "o", "ES256")])) as second:
        issuers = [
            KeySetAccess(url=one.url, prefix=str(n)) for n, one in enumerate((served, second))
        ]
        tokens = Tokens((), issuers)
        assert tokens.identify(bearer(signed(OTHER, "ES256", "o"))) == Machine(
            subject="external:1:me"
        )


# --- older tokens of a Backstage (`type: legacy`)


def test_a_shared_secret_signs_for_its_subject() -> None:
    key = b"24 bytes, as recommended"
    tokens = Tokens((), [SharedSecret(key=key, subject="old-backstage")])

    def shown(**claims: Any) -> str:
        whole = {"sub": "backstage-server", "exp": int(time.time()) + 60, **claims}
        return bearer(jwt.encode(whole, key.ljust(32, b"\0"), algorithm="HS256"))

    assert tokens.identify(shown()) == Machine(subject="old-backstage")
    assert tokens.identify(shown(sub="someone-else")) == Refused()
    assert tokens.identify(shown(aud="catalog")) == Refused()
    assert tokens.identify(shown(exp=int(time.time()) - 60)) == Refused()
    assert tokens.identify(shown()[:-2]) == Refused()


# --- the tokens of a Backstage


def user_token(key: Any = EC, **claims: Any) -> str:
    whole = {"aud": "backstage", "sub": "user:default/ann", "typ": "vnd.backstage.user", **claims}
    return signed(key, "ES256", "e", **whole)


def test_a_backstage_user_is_known_with_what_they_own_as(served: Keys) -> None:
    tokens = Tokens((), [BackstageUsers(url=f"{served.url}/keys")])
    refs = ["user:default/ann", "group:default/payments"]
    assert tokens.identify(bearer(user_token(ent=refs))) == User(
        ref="user:default/ann", ownership=tuple(refs)
    )
    assert tokens.identify(bearer(user_token())) == User(
        ref="user:default/ann", ownership=("user:default/ann",)
    )
    assert served.asked == ["/keys"]


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "catalog"},
        {"aud": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sub": ""},
        {"typ": "JWT"},
        {"typ": "vnd.backstage.limited-user"},
        {"key": OTHER},
    ],
)
def test_a_user_token_with_anything_amiss_is_refused(served: Keys, changed: dict[str, Any]) -> None:
    assert (
        Tokens((), [BackstageUsers(url=served.url)]).identify(bearer(user_token(**changed)))
        == Refused()
    )


def test_a_plugin_is_verified_with_its_own_keys_and_for_the_plugin_it_asks(served: Keys) -> None:
    url = served.url + "/api/{{pluginId}}/.backstage/auth/v1/jwks.json"
    tokens = Tokens((), [BackstagePlugins(url=url)])

    def shown(sub: str, aud: str = "catalog") -> str:
        return bearer(signed(EC, "ES256", "e", typ="vnd.backstage.plugin", sub=sub, aud=aud))

    assert tokens.identify(shown("scaffolder"), plugin="catalog") == Machine(
        subject="plugin:scaffolder"
    )
    assert served.asked == ["/api/scaffolder/.backstage/auth/v1/jwks.json"]
    assert tokens.identify(shown("scaffolder"), plugin="tech-insights") == Refused()
    for sub in ("../../elsewhere", "a/b", "", "x" * 65, "a?b"):
        assert tokens.identify(shown(sub), plugin="catalog") == Refused()
    assert len(served.asked) == 1


def test_made_up_plugins_push_out_no_keys_that_are_used() -> None:
    asked: list[str] = []

    def fetch(url: str) -> list[dict[str, Any]]:
        asked.append(url)
        if not url.endswith("real"):
            raise KeysUnavailable("status 404")
        return [jwk(EC, "e", "ES256")]

    tokens = Tokens((), [BackstagePlugins(url="http://x/{{pluginId}}")], fetch=fetch)

    def ask(name: str) -> object:
        token = signed(EC, "ES256", "e", typ="vnd.backstage.plugin", sub=name, aud="catalog")
        return tokens.identify(bearer(token))

    assert ask("real") == Machine(subject="plugin:real")
    for number in range(3 * MOST_KEY_SETS):
        assert ask(f"made-up-{number}") == Refused()
    assert ask("real") == Machine(subject="plugin:real")
    assert asked.count("http://x/real") == 1
    assert len(tokens._keysets) <= MOST_KEY_SETS


# --- key sets


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_new_key_is_fetched_when_it_is_first_met_and_strangers_cannot_hurry_it(
    served: Keys,
) -> None:
    clock = Clock()
    keys = KeySet(served.url, clock=clock)
    assert keys.find("e", "ES256") is not None
    for number in range(20):
        assert keys.find(f"made-up-{number}", "ES256") is None
    assert len(served.asked) == 1
    served.keys = [jwk(OTHER, "new", "ES256")]
    assert keys.find("new", "ES256") is None
    clock.now += COOLDOWN
    assert keys.find("new", "ES256") is not None
    assert keys.find("e", "ES256") is None
    assert len(served.asked) == 2


def test_keys_are_fetched_anew_in_time_so_that_a_withdrawn_one_ends(served: Keys) -> None:
    clock = Clock()
    keys = KeySet(served.url, clock=clock)
    assert keys.find("e", "ES256") is not None
    served.keys = []
    clock.now += FRESH - 1
    assert keys.find("e", "ES256") is not None
    clock.now += 1
    assert keys.find("e", "ES256") is None


def test_while_a_server_is_away_its_keys_hold_for_an_hour(served: Keys) -> None:
    clock = Clock()
    keys = KeySet(served.url, clock=clock)
    assert keys.find("e", "ES256") is not None
    served.status = 500
    clock.now += LONGEST - 1
    assert keys.find("e", "ES256") is not None
    clock.now += COOLDOWN
    assert keys.find("e", "ES256") is None
    served.status = 200
    clock.now += COOLDOWN
    assert keys.find("e", "ES256") is not None


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (404, None),
        (302, None),
        (200, b"no json"),
        (200, b"[]"),
        (200, b'{"keys": 5}'),
        (200, b'{"keys": {}'),
        (200, b'{"keys": [' + b" " * 300_000 + b"]}"),
    ],
)
def test_what_is_no_key_set_is_none(served: Keys, status: int, body: bytes | None) -> None:
    served.status, served.body = status, body
    with pytest.raises(KeysUnavailable):
        fetch_keys(served.url)
    assert len(served.asked) == 1


def test_a_server_that_drips_is_given_up(served: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DEADLINE", 0.3)
    served.drip = 0.05
    started = time.monotonic()
    with pytest.raises(KeysUnavailable):
        fetch_keys(served.url)
    assert time.monotonic() - started < 2


def test_a_server_that_is_not_there_is_said() -> None:
    with pytest.raises(KeysUnavailable, match="ConnectionError"):
        fetch_keys("http://127.0.0.1:9/keys")


def test_keys_that_cannot_be_read_are_passed_over(served: Keys) -> None:
    served.keys = [
        {"kty": "EC", "kid": "e"},
        {"kty": "EC", "kid": "x", "crv": "P-256", "x": "!", "y": "!"},
        {"kid": 5},
        {"kty": "oct", "kid": "secret", "k": "c2VjcmV0"},
    ]
    keys = KeySet(served.url)
    assert [keys.find(kid, "ES256") for kid in ("e", "x", "secret", "5")] == [None] * 4


# --- at the web edge


@pytest.fixture
def client(served: Keys, make_portal: Callable[..., Portal]) -> Any:
    limits = (Restriction(plugin="catalog", permissions=("catalog.location.create",)),)
    portal = make_portal(
        auth=Auth.REQUIRED,
        access=(
            KeySetAccess(url=served.url, restrictions=limits),
            BackstageUsers(url=served.url),
            BackstagePlugins(url=served.url),
        ),
    )
    return create_app(portal).test_client()


def test_a_restricted_token_is_refused_in_the_words_of_the_api_it_asked(client: Any) -> None:
    headers = {"Authorization": bearer(signed(EC, "ES256", "e"))}
    refused = client.get("/api/catalog/entities/by-query", headers=headers)
    assert refused.status_code == 403
    assert refused.json["error"] == {
        "name": "NotAllowedError",
        "message": "This token's access does not include catalog.entity.read",
    }
    other = client.get("/api/v1/plugins", headers=headers)
    assert (other.status_code, other.json["code"]) == (403, "FORBIDDEN")
    assert other.json["detail"] == "This token's access is restricted to plugin(s) 'catalog'"
    assert client.get("/api/catalog/nope", headers=headers).status_code == 403
    assert client.get("/livez", headers=headers).status_code == 200
    assert client.post("/api/catalog/locations", json={}, headers=headers).status_code == 400


def test_every_route_of_the_catalog_has_its_permission(client: Any) -> None:
    rules = [
        rule for rule in client.application.url_map.iter_rules() if "/api/catalog/" in rule.rule
    ]
    unlisted = [
        (method, rule.rule)
        for rule in rules
        for method in rule.methods or ()
        if needed_for(method, rule.rule).permission == UNLISTED
    ]
    assert len(rules) > 10
    assert unlisted == []


def test_backstages_people_and_plugins_may_read(client: Any) -> None:
    plugin = signed(EC, "ES256", "e", typ="vnd.backstage.plugin", sub="scaffolder", aud="catalog")
    for token in (user_token(), plugin):
        headers = {"Authorization": bearer(token)}
        assert client.get("/api/catalog/entities/by-query", headers=headers).status_code == 200
    assert (
        client.get("/api/v1/plugins", headers={"Authorization": bearer(plugin)}).status_code == 401
    )


def test_a_foreign_page_may_use_a_token_and_no_cookie(client: Any) -> None:
    foreign = {"Sec-Fetch-Site": "cross-site", "Authorization": bearer(user_token())}
    assert client.post("/api/catalog/locations", json={}, headers=foreign).status_code == 400


def test_a_token_that_is_refused_is_said_in_backstages_words(client: Any) -> None:
    headers = {"Authorization": bearer(signed(OTHER, "ES256", "e"))}
    refused = client.get("/api/catalog/entities/by-query", headers=headers)
    assert refused.status_code == 401
    assert refused.json["error"]["message"] == "Illegal token"
    assert client.get("/livez", headers=headers).status_code == 200
