"""What each kind of forge sends, and how it signs.

Sources: GitHub's "Webhook events and payloads" and "Validating webhook deliveries"; GitLab's
"Webhook events" and "System hooks", and merge request 230944 for signatures; Gitea's "Webhooks",
which Forgejo shares, and which tell nothing of teams and their members; Standard Webhooks 1.0. An
event that is not known is ignored and never an error: GitLab disables hooks that answer with one
(reliability 8).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from plugins.hooks.deliveries import (
    Delivery,
    Ignored,
    Malformed,
    Said,
    Touched,
    Unsigned,
    payload_of,
    text_at,
)
from plugins.signing import is_signed, key_of

_NO_COMMIT = "0" * 40
"""Where a branch is that was deleted."""

_GITHUB_LISTED = frozenset({"repository", "public", "installation", "installation_repositories"})
_GITLAB_LISTED = frozenset(
    {"project_create", "project_destroy", "project_rename", "project_transfer", "project_update"}
)

_GITHUB_PEOPLE = frozenset({"membership", "team", "organization", "member"})
_GITHUB_SAME_PEOPLE = frozenset(
    {"member_invited", "added_to_repository", "removed_from_repository"}
)
"""Actions after which everybody is where they were."""

_GITLAB_GROUPS = frozenset(
    {"group_create", "group_destroy", "group_rename", "subgroup_create", "subgroup_destroy"}
)
_GITLAB_MEMBERS = frozenset(
    {"user_add_to_group", "user_remove_from_group", "user_update_for_group"}
    | {"user_create", "user_destroy", "user_rename"}
)
"""They name no group, or the last part of its path."""

Payload: TypeAlias = Mapping[str, Any]


class _Forge(NamedTuple):
    """How deliveries of a type are read."""

    proves: Callable[[Delivery, Sequence[str], datetime], str]
    """Why it is not from somebody who knows one of these secrets; '': it is."""
    event_of: Callable[[Delivery, Payload], str]
    """The name of its event."""
    read: Callable[[str, Payload], Said]
    """What the payload of an event says."""


def receive(
    type: str,  # noqa: A002 - the word of the configuration
    delivery: Delivery,
    *,
    secrets: Sequence[str],
    now: datetime,
) -> Said | Unsigned:
    """What a delivery to a hook of a type says, if one of the secrets has signed it."""
    forge = _FORGES[type]
    if why := forge.proves(delivery, secrets, now):
        return Unsigned(why=why)
    payload = payload_of(delivery)
    if isinstance(payload, Malformed):
        return payload
    return forge.read(forge.event_of(delivery, payload), payload)


def _hub_signature(delivery: Delivery, secrets: Sequence[str], _: datetime) -> str:
    given = delivery.headers.get("x-hub-signature-256")
    if given is None:
        return "X-Hub-Signature-256 is missing"
    return _is_of(given, "sha256=", delivery.body, secrets)


def _gitea_signature(delivery: Delivery, secrets: Sequence[str], _: datetime) -> str:
    for name in ("x-gitea-signature", "x-forgejo-signature", "x-gogs-signature"):
        if name in delivery.headers:
            return _is_of(delivery.headers[name], "", delivery.body, secrets)
    return "X-Gitea-Signature is missing"


def _is_of(given: str, prefix: str, body: bytes, secrets: Sequence[str]) -> str:
    """Why a signature is none; '': one of the secrets made it."""
    expected = [
        prefix + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest() for secret in secrets
    ]
    # Bytes: texts with letters beyond ASCII cannot be compared so (W02).
    fits = [hmac.compare_digest(one.encode(), given.encode()) for one in expected]
    return "" if any(fits) else "The signature is not made with a secret of this webhook"


def _gitlab_proof(delivery: Delivery, secrets: Sequence[str], now: datetime) -> str:
    if "webhook-signature" in delivery.headers:
        return _standard_signature(delivery, secrets, now)
    given = delivery.headers.get("x-gitlab-token")
    if given is None:
        return "X-Gitlab-Token is missing, and webhook-signature as well"
    fits = [hmac.compare_digest(one.encode(), given.encode()) for one in secrets]
    return "" if any(fits) else "The token is no secret of this webhook"


def _standard_signature(delivery: Delivery, secrets: Sequence[str], now: datetime) -> str:
    if "webhook-signature" not in delivery.headers:
        return "webhook-signature is missing"
    keys = [key_of(secret) or secret.encode() for secret in secrets]
    if is_signed(delivery.headers, delivery.body, keys, now=now):
        return ""
    return "The signature is too old, or not made with a secret of this webhook"


def _header(*names: str) -> Callable[[Delivery, Payload], str]:
    def event_of(delivery: Delivery, _: Payload) -> str:
        return next((delivery.headers[name] for name in names if name in delivery.headers), "")

    return event_of


def _gitlab_event(_: Delivery, payload: Payload) -> str:
    # Hooks of projects call it `object_kind`, those of groups and of the system `event_name`.
    return text_at(payload, "event_name") or text_at(payload, "object_kind")


def _read_github(event: str, payload: Payload) -> Said:
    home = _urls(payload, ("repository", "html_url"), ("repository", "clone_url"))
    if event == "push":
        return _pushed(payload, home)
    if event in _GITHUB_PEOPLE:
        return _of_github_people(payload)
    if event not in _GITHUB_LISTED:
        return Ignored(why=f"Nothing is read anew for the event {event or 'without a name'}")
    old_name = text_at(payload, "changes", "repository", "name", "from")
    if home and old_name:
        home = (*home, f"{home[0].rpartition('/')[0]}/{old_name}")
    account = _urls(payload, ("organization", "html_url"), ("installation", "account", "html_url"))
    is_organization = text_at(payload, "installation", "account", "type") == "Organization"
    login = text_at(payload, "installation", "account", "login") if is_organization else ""
    people = (login,) if login and event == "installation" else ()
    return Touched(repositories=home or account, listed=True, people=people)


def _of_github_people(payload: Payload) -> Said:
    login, action = text_at(payload, "organization", "login"), text_at(payload, "action")
    if action in _GITHUB_SAME_PEOPLE:
        return Ignored(why=f"Nobody comes or goes with {action}")
    return Touched(people=(login,)) if login else Ignored(why="It is of no organization")


def _read_gitea(event: str, payload: Payload) -> Said:
    home = _urls(payload, ("repository", "html_url"), ("repository", "clone_url"))
    if event == "push":
        return _pushed(payload, home)
    if event != "repository":
        return Ignored(why=f"Nothing is read anew for the event {event or 'without a name'}")
    return Touched(repositories=home, listed=True)


def _read_gitlab(event: str, payload: Payload) -> Said:
    home = _urls(payload, ("project", "web_url"), ("project", "git_http_url"))
    if event in ("push", "repository_update"):
        return _pushed(payload, home)
    if event in _GITLAB_MEMBERS:
        return Touched(people=("",))
    if event in _GITLAB_GROUPS:
        paths = (text_at(payload, key) for key in ("full_path", "old_full_path"))
        return Touched(people=tuple(path for path in paths if path) or ("",))
    if event not in _GITLAB_LISTED:
        return Ignored(why=f"Nothing is read anew for the event {event or 'without a name'}")
    # System hooks name paths only: whose they are, the hook itself says.
    paths = (text_at(payload, key) for key in ("path_with_namespace", "old_path_with_namespace"))
    return Touched(repositories=(*home, *(f"/{path}" for path in paths if path)), listed=True)


def _read_standard(_: str, payload: Payload) -> Said:
    """`repository` or `repositories` by URL; `revision`; `listed` if they may have come or gone."""
    many = payload.get("repositories")
    urls = [text_at(payload, "repository"), *(many if isinstance(many, list) else [])]
    found = tuple(url for url in urls if isinstance(url, str) and url)
    if not found:
        return Ignored(why="It names no repository")
    revision = text_at(payload, "revision") if len(found) == 1 else ""
    return Touched(repositories=found, revision=revision, listed=payload.get("listed") is True)


def _pushed(payload: Payload, repository: tuple[str, ...]) -> Said:
    if text_at(payload, "ref").startswith("refs/tags/"):
        return Ignored(why="A tag changes no branch")
    commit = text_at(payload, "after")
    return Touched(repositories=repository, revision="" if commit == _NO_COMMIT else commit)


def _urls(payload: Payload, *paths: tuple[str, ...]) -> tuple[str, ...]:
    found = (text_at(payload, *path) for path in paths)
    return tuple(dict.fromkeys(url for url in found if url))


_FORGES: Mapping[str, _Forge] = {
    "github": _Forge(_hub_signature, _header("x-github-event"), _read_github),
    "gitlab": _Forge(_gitlab_proof, _gitlab_event, _read_gitlab),
    "gitea": _Forge(
        _gitea_signature,
        _header("x-gitea-event", "x-forgejo-event", "x-gogs-event"),
        _read_gitea,
    ),
    "signed": _Forge(_standard_signature, _header(), _read_standard),
}

TYPES = tuple(_FORGES)
"""Whose deliveries are understood; `signed`: of whoever signs after Standard Webhooks."""
