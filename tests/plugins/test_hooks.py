"""Webhooks of forges: who is believed, and what is understood."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.hooks import TYPES, Delivery, Ignored, Malformed, Said, Touched, Unsigned, receive
from plugins.signing import signed_headers
from tests.plugins.deliveries import SECRET, hub, push

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = "https://git.example.com/acme/shop"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def said(type_: str, delivery: Delivery, *secrets: str) -> Said | Unsigned:
    return receive(type_, delivery, secrets=secrets or (SECRET,), now=NOW)


def gitlab(payload: Any, token: str = SECRET) -> Delivery:
    headers = {"x-gitlab-event": "Push Hook", "x-gitlab-token": token}
    return Delivery(headers=headers, body=json.dumps(payload).encode())


def gitea(event: str, payload: Any, name: str = "gitea") -> Delivery:
    body = json.dumps(payload).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return Delivery(headers={f"x-{name}-event": event, f"x-{name}-signature": digest}, body=body)


def standard(payload: Any, *, at: datetime = NOW, key: bytes = SECRET.encode()) -> Delivery:
    body = json.dumps(payload).encode()
    return Delivery(headers=signed_headers("msg_1", body, [key], now=at), body=body)


def test_a_push_says_which_repository_and_which_commit() -> None:
    expected = Touched(repositories=(SHOP, f"{SHOP}.git"), revision=COMMIT)
    assert said("github", hub("push", push(SHOP, COMMIT))) == expected
    for name in ("gitea", "forgejo", "gogs"):
        assert said("gitea", gitea("push", push(SHOP, COMMIT), name)) == expected
    project = {"web_url": SHOP, "git_http_url": f"{SHOP}.git"}
    of_gitlab = {"object_kind": "push", "event_name": "push", "ref": "refs/heads/main"}
    assert said("gitlab", gitlab({**of_gitlab, "after": COMMIT, "project": project})) == expected
    plain = {"repository": SHOP, "revision": COMMIT}
    assert said("signed", standard(plain)) == Touched(repositories=(SHOP,), revision=COMMIT)


def test_a_branch_that_was_deleted_is_at_no_commit() -> None:
    found = said("github", hub("push", push(SHOP, "0" * 40)))
    assert isinstance(found, Touched)
    assert found.revision == ""


@pytest.mark.parametrize(
    "delivery",
    [
        hub("push", push(SHOP, COMMIT, ref="refs/tags/v1")),
        hub("ping", {"zen": "Keep it logically awesome."}),
        hub("sponsorship", {"action": "created"}),
        hub("issues", {"repository": {"html_url": SHOP}}),
    ],
)
def test_what_changes_no_descriptor_is_ignored_and_no_error(delivery: Delivery) -> None:
    assert isinstance(said("github", delivery), Ignored)


def test_a_repository_that_comes_goes_or_is_renamed_has_listings_asked() -> None:
    renamed = {
        "action": "renamed",
        "repository": {"html_url": SHOP},
        "changes": {"repository": {"name": {"from": "store"}}},
    }
    assert said("github", hub("repository", renamed)) == Touched(
        repositories=(SHOP, "https://git.example.com/acme/store"), listed=True
    )
    account = {"installation": {"account": {"html_url": "https://github.com/acme"}}}
    assert said("github", hub("installation_repositories", account)) == Touched(
        repositories=("https://github.com/acme",), listed=True
    )
    created = {"action": "created", "repository": {"html_url": SHOP}}
    assert said("gitea", gitea("repository", created)) == Touched(repositories=(SHOP,), listed=True)
    moved = {
        "event_name": "project_rename",
        "path_with_namespace": "acme/shop",
        "old_path_with_namespace": "acme/store",
    }
    assert said("gitlab", gitlab(moved)) == Touched(
        repositories=("/acme/shop", "/acme/store"), listed=True
    )


@pytest.mark.parametrize(
    ("event", "action"),
    [
        ("membership", "added"),
        ("membership", "removed"),
        ("team", "created"),
        ("team", "edited"),
        ("team", "deleted"),
        ("organization", "member_added"),
        ("organization", "member_removed"),
        ("member", "added"),
    ],
)
def test_who_comes_or_goes_in_a_team_of_github_is_of_the_organization(
    event: str, action: str
) -> None:
    payload = {"action": action, "organization": {"login": "acme"}, "team": {"slug": "tools"}}
    assert said("github", hub(event, payload)) == Touched(people=("acme",))


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("organization", {"action": "member_invited", "organization": {"login": "acme"}}),
        ("team", {"action": "added_to_repository", "organization": {"login": "acme"}}),
        ("team", {"action": "removed_from_repository", "organization": {"login": "acme"}}),
        ("member", {"action": "added", "repository": {"html_url": SHOP}}),
    ],
)
def test_what_leaves_everybody_where_they_were_is_ignored(event: str, payload: Any) -> None:
    assert isinstance(said("github", hub(event, payload)), Ignored)


def test_whoever_installs_an_app_may_bring_people() -> None:
    account = {"login": "acme", "html_url": "https://github.com/acme"}
    for type_, people in (("Organization", ("acme",)), ("User", ())):
        installation = {"account": {**account, "type": type_}}
        found = said("github", hub("installation", {"installation": installation}))
        assert found == Touched(
            repositories=("https://github.com/acme",), listed=True, people=people
        )


@pytest.mark.parametrize(
    ("payload", "groups"),
    [
        ({"event_name": "user_add_to_group", "group_path": "tools"}, ("",)),
        ({"event_name": "user_update_for_group", "group_path": "tools"}, ("",)),
        ({"event_name": "user_remove_from_group", "group_path": "tools"}, ("",)),
        ({"event_name": "user_create", "username": "ada"}, ("",)),
        ({"event_name": "subgroup_create", "full_path": "acme/tools"}, ("acme/tools",)),
        ({"event_name": "group_destroy", "full_path": "acme/tools"}, ("acme/tools",)),
        (
            {"event_name": "group_rename", "full_path": "acme/b", "old_full_path": "acme/a"},
            ("acme/b", "acme/a"),
        ),
    ],
)
def test_groups_of_gitlab_are_named_where_the_event_has_their_whole_path(
    payload: dict[str, str], groups: tuple[str, ...]
) -> None:
    assert said("gitlab", gitlab(payload)) == Touched(people=groups)


def test_who_asks_to_be_let_into_a_group_is_not_in_it() -> None:
    for event in ("user_access_request_to_group", "user_add_to_team", "user_failed_login"):
        assert isinstance(said("gitlab", gitlab({"event_name": event})), Ignored)


BODY = json.dumps(push(SHOP, COMMIT)).encode()
GOOD = hub("push", None, body=BODY)
DIGEST = GOOD.headers["x-hub-signature-256"]


@pytest.mark.parametrize(
    "signature",
    [
        "",
        DIGEST[:-1] + ("0" if DIGEST[-1] != "0" else "1"),
        DIGEST[:-1],
        DIGEST.upper(),
        DIGEST.removeprefix("sha256="),
        "sha256=é",
        "sha256=" + unicodedata.lookup("FULLWIDTH DIGIT ONE") * 64,
    ],
)
def test_a_signature_that_is_not_exactly_right_is_none(signature: str) -> None:
    delivery = replace(GOOD, headers={**GOOD.headers, "x-hub-signature-256": signature})
    assert isinstance(said("github", delivery), Unsigned)


def test_a_missing_or_an_older_kind_of_signature_is_none() -> None:
    headers = {k: v for k, v in GOOD.headers.items() if k != "x-hub-signature-256"}
    sha1 = hmac.new(SECRET.encode(), BODY, hashlib.sha1).hexdigest()
    for more in ({}, {"x-hub-signature": f"sha1={sha1}"}, {"x-gitlab-token": SECRET}):
        assert isinstance(said("github", replace(GOOD, headers={**headers, **more})), Unsigned)


def test_signatures_are_over_the_bytes_that_came() -> None:
    spaced = json.dumps(push(SHOP, COMMIT), indent=3, ensure_ascii=False).encode()
    assert isinstance(said("github", hub("push", None, body=spaced)), Touched)
    assert isinstance(said("github", replace(GOOD, body=spaced)), Unsigned)


def test_either_of_two_secrets_is_right_while_one_replaces_the_other() -> None:
    for type_, delivery in (
        ("github", GOOD),
        ("gitlab", gitlab({"object_kind": "push"})),
        ("gitea", gitea("push", push(SHOP, COMMIT))),
        ("signed", standard({"repository": SHOP})),
    ):
        assert not isinstance(said(type_, delivery, "the one that comes next", SECRET), Unsigned)
        assert isinstance(said(type_, delivery, "the one that comes next"), Unsigned)


def test_gitlab_is_believed_by_its_token_or_its_signature() -> None:
    payload = {"object_kind": "push", "project": {"web_url": SHOP}, "after": COMMIT}
    assert isinstance(said("gitlab", gitlab(payload)), Touched)
    assert isinstance(said("gitlab", gitlab(payload, "another token, é")), Unsigned)
    assert isinstance(said("gitlab", standard(payload)), Touched)
    # A signature that is wrong is not mended by a token.
    wrong = standard(payload, key=b"another")
    both = replace(wrong, headers={**wrong.headers, "x-gitlab-token": SECRET})
    assert isinstance(said("gitlab", both), Unsigned)
    assert isinstance(said("gitlab", Delivery(headers={}, body=b"{}")), Unsigned)


@pytest.mark.parametrize("minutes", [-10, -6, 6, 10])
def test_a_signature_of_another_time_is_none(minutes: int) -> None:
    then = NOW + timedelta(minutes=minutes)
    assert isinstance(said("signed", standard({"repository": SHOP}, at=then)), Unsigned)
    assert isinstance(said("gitlab", standard({"object_kind": "push"}, at=then)), Unsigned)


def test_a_standard_secret_is_the_base64_of_its_key() -> None:
    key = bytes(range(32))
    secret = "whsec_" + base64.b64encode(key).decode()
    assert isinstance(said("signed", standard({"repository": SHOP}, key=key), secret), Touched)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 100_000,
        b'{"ref": NaN}',
        b"\xff\xfe{}",
        "{}".encode("utf-16"),
        b"[]",
        b"null",
        b"payload=%7B%7D",
    ],
)
def test_what_is_signed_and_no_json_object_is_told_so(body: bytes) -> None:
    found = said("github", hub("push", None, body=body))
    assert isinstance(found, Malformed)
    assert found.problem.code == "BAD_DELIVERY"


def test_forms_and_packed_bodies_are_told_how_to_be_sent() -> None:
    for name, value in (
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-encoding", "gzip"),
    ):
        found = said("github", replace(GOOD, headers={**GOOD.headers, name: value}))
        assert isinstance(found, Malformed)
        assert "application/json" in found.problem.hint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["repository", "html_url", "ref", "after", "project", "changes"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(st.sampled_from(TYPES), st.sampled_from(["push", "repository", "x"]), JSON)
def test_no_payload_is_an_exception(type_: str, event: str, payload: Any) -> None:
    body = json.dumps(payload).encode()
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        **signed_headers("msg_1", body, [SECRET.encode()], now=NOW),
        "x-hub-signature-256": f"sha256={digest}",
        "x-gitea-signature": digest,
        "x-github-event": event,
        "x-gitea-event": event,
    }
    found = said(type_, Delivery(headers=headers, body=body))
    assert isinstance(found, Touched | Ignored | Malformed)


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The events that the Octokit project has recorded of GitHub."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("examples")
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(
        [*command, "@octokit/webhooks-examples@7.6.1"], cwd=folder, capture_output=True, text=True
    )
    if done.returncode != 0:
        pytest.skip(f"npm could not install the examples: {done.stderr[-300:]}")
    found = Path(folder, "node_modules/@octokit/webhooks-examples/api.github.com/index.json")
    examples: list[dict[str, Any]] = json.loads(found.read_text())
    return examples


def test_every_recorded_event_of_github_is_understood(examples: list[dict[str, Any]]) -> None:
    touched: dict[str, list[Touched]] = {}
    for event in examples:
        for example in event["examples"]:
            found = said("github", hub(event["name"], example))
            assert isinstance(found, Touched | Ignored), event["name"]
            if isinstance(found, Touched):
                touched.setdefault(event["name"], []).append(found)
    about_people = {"membership", "team", "organization"}
    assert set(touched) == {
        "push", "repository", "public", "installation", "installation_repositories", *about_people
    }  # fmt: skip
    assert len(examples) > 40
    for name in about_people:
        assert set(touched.pop(name)) == {Touched(people=("Octocoders",))}
    for name, all_found in touched.items():
        for found in all_found:
            assert found.repositories, name
            assert all(url.startswith("https://") for url in found.repositories)
            assert found.listed == (name != "push")
