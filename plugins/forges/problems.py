"""Why a forge gives nothing, in words for the one who configured it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from catalog.problems import quote
from plugins.contract import Forge, Problem

_LEAST = {
    "github": "a fine-grained token with read access to contents and metadata, or scope `repo`",
    "gitlab": "a token with scopes `read_api` and `read_repository`, of a user with role Reporter",
    "gitea": "a token with `read:repository` and `read:organization`",
}

_LEAST_OF_PEOPLE = {
    "github": "a fine-grained token with read access to the members of the organization, a classic "
    "one with scopes `read:org`, `read:user` and `user:email`, or an App with read access to members",
    "gitlab": "a token with scope `read_api`, of a user who sees the groups and their members",
    "gitea": "a token with `read:organization` and `read:user`, of a member of the organization",
}


def about_people(forge: Forge, problem: Problem) -> Problem:
    """The same problem, where it is people that were asked for."""
    if problem.code not in ("NOT_PERMITTED", "NOT_FOUND") or not problem.found:
        return problem
    hint = f"Check the name and the credentials under integrations.{forge.type}: they need "
    return replace(
        problem, hint=f"{hint}{_LEAST_OF_PEOPLE[forge.type]}. Who was read before stays."
    )


def not_permitted(forge: Forge, what: str) -> Problem:
    """401, or a 403 that is no limit."""
    return Problem(
        code="NOT_PERMITTED",
        message=f"{forge.host} does not let us read {what}."[:300],
        hint=f"Check that the credentials under integrations.{forge.type} are valid: they need "
        f"{_LEAST[forge.type]}. What was read before stays.",
        found=quote(what),
    )


def not_found(forge: Forge, what: str) -> Problem:
    """404, which forges also say where credentials may not read."""
    hint = "Check the name. Forges say this also where the credentials may not read: they need "
    return Problem(
        code="NOT_FOUND",
        message=f"{forge.host} has no {what}, or does not show it."[:300],
        hint=f"{hint}{_LEAST[forge.type]}.",
        found=quote(what),
    )


def no_credentials(forge: Forge) -> Problem:
    """The forge answers nobody who does not sign in."""
    return Problem(
        code="NOT_PERMITTED",
        message=f"{forge.host} lists nothing without a token.",
        hint=f"Set a token under integrations.{forge.type}: {_LEAST[forge.type]}.",
    )


def no_organizations(forge: Forge) -> Problem:
    """No organization is named, and no App says where it is installed."""
    return Problem(
        code="NOT_FOUND",
        message=f"No organization of {forge.host} is named, and no GitHub App is configured.",
        hint="Name them under catalog.providers.githubOrg, as orgs.",
    )


def no_group(forge: Forge) -> Problem:
    """Nobody reads all the world's users."""
    return Problem(
        code="NOT_FOUND",
        message=f"Users and groups of {forge.host} are read of one group, and none is named.",
        hint="Set group beside orgEnabled under catalog.providers.gitlab.",
    )


def stranger(forge: Forge, what: str) -> Problem:
    """Who is no member is shown those who want to be seen, and no error."""
    return Problem(
        code="NOT_PERMITTED",
        message=f"The user of the token is no member of {what} on {forge.host}."[:300],
        hint="Use a token of a member, or a GitHub App: to others only some members are shown. Who was "
        "read before stays.",
    )


def bad_app_key(forge: Forge, app: str) -> Problem:
    """The key cannot sign."""
    return Problem(
        code="FORGE_APP_KEY",
        message=f"The private key of GitHub App {quote(app)} for {forge.host} is no RSA key in PEM.",
        hint="Set privateKey under integrations.github to the file that GitHub gave, with its lines.",
    )


def no_such_app(forge: Forge, app: str) -> Problem:
    """A provider is of an App that nobody has configured."""
    return Problem(
        code="NOT_FOUND",
        message=f"There is no GitHub App {quote(app)} for {forge.host} in the configuration.",
        hint="Add it under integrations.github, in apps of this host, or name an organization instead.",
        found=quote(app),
    )


def app_not_installed(forge: Forge, app: str, owner: str) -> Problem:
    """The owner has let go an App that a provider names, or it may not sign in for this owner."""
    return Problem(
        code="NOT_PERMITTED",
        message=f"GitHub App {quote(app)} is not installed for {quote(owner)} on {forge.host}.",
        hint="Install it, or let its allowedInstallationOwners name the owner. No other App stands in. "
        "What was read before stays.",
        found=quote(owner),
    )


def app_suspended(forge: Forge, app: str, owner: str) -> Problem:
    """The owner has turned it off."""
    return Problem(
        code="NOT_PERMITTED",
        message=f"GitHub App {quote(app)} is suspended for {quote(owner)} on {forge.host}.",
        hint="Let the owner unsuspend it. What was read before stays.",
        found=quote(owner),
    )


def limited(forge: Forge, until: float) -> Problem:
    """The forge wants fewer requests; nothing is asked before `until`, seconds since 1970."""
    when = datetime.fromtimestamp(until, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return Problem(
        code="RATE_LIMITED",
        message=f"{forge.host} takes no more requests for now; it is asked again after {when}.",
        hint="What was read before stays. Read less often (catalog.processingInterval), or use "
        "credentials with a higher limit.",
    )


def spared(forge: Forge) -> Problem:
    """The rest of what may be asked is for reading repositories."""
    return Problem(
        code="RATE_LIMITED",
        message=f"What {forge.host} lets us ask is nearly used up; the rest is for the catalog.",
        hint="It goes on by itself. Ask less often (plumbline.facts.forges.every), or use "
        "credentials with a higher limit.",
    )


def bad_answer(forge: Forge, why: str) -> Problem:
    """An answer that is not what the forge's API says."""
    return Problem(
        code="FORGE_ANSWER",
        message=f"{forge.host} gives an answer that cannot be used: {why}."[:300],
        hint="Check the API's URL under integrations, and what stands in front of it.",
    )


def incomplete(forge: Forge, why: str) -> Problem:
    """A listing that may lack repositories."""
    return Problem(
        code="FORGE_INCOMPLETE",
        message=f"{forge.host} does not list everything: {why}."[:300],
        hint="Nothing is removed. Check what the credentials may see.",
    )


def out_of_time(forge: Forge, allowed: timedelta) -> Problem:
    """A reading that its schedule gives no more time."""
    return Problem(
        code="FORGE_INCOMPLETE",
        message=f"{forge.host} has not told everything within {allowed.total_seconds():g} s, "
        "the schedule.timeout of the provider.",
        hint="Nothing is removed. Give it more time, or let it find less.",
    )


def moved(forge: Forge, path: str, there: str) -> Problem:
    """A repository that has another name now."""
    return Problem(
        code="FORGE_MOVED",
        message=f"{quote(path)} is called {quote(there)} now on {forge.host}."[:300],
        hint="A provider finds it under its new name; a location that names it needs the new one.",
        found=quote(path),
        expected=quote(there),
    )


def empty(forge: Forge, path: str) -> Problem:
    """A repository without a commit on the branch that is wanted."""
    return Problem(
        code="REPOSITORY_EMPTY",
        message=f"{quote(path)} has no commit on {forge.host}."[:300],
        hint="Push the first commit, or set the default branch.",
        found=quote(path),
    )


def no_such_forge(target: str) -> Problem:
    """No forge is configured that has this."""
    return Problem(
        code="HOST_NOT_ALLOWED",
        message=f"No integration is configured for {quote(target)}.",
        hint="Configure the host under integrations.",
        found=quote(target),
    )
