"""The source for repositories on forges: those that providers find, and those that operators name.

What there is comes from the forge's API, the content by git with the same credentials. Repositories
that strangers name never come here, because git connects to what it likes (design 2a.9).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from catalog.globs import compile_glob
from plugins.contract import (
    Blob,
    Complete,
    Failed,
    Forge,
    ForgeProvider,
    Listing,
    Partial,
    Problem,
    ReadingRule,
    Repository,
    Snapshot,
    Unreadable,
)
from plugins.forges import problems
from plugins.forges.deadlines import within
from plugins.forges.heads import Heads, head_of, project_at
from plugins.forges.places import project_place
from plugins.forges.projects import Found, Hosting, Project
from plugins.git.addresses import Address
from plugins.git.mirrors import mirror_of, snapshot_of
from plugins.gitstore.commands import GitError
from plugins.gitstore.objects import read_blobs
from plugins.web.client import CheckedClient
from plugins.web.singles import no_cache


class RepositorySource:
    """Repositories of the configured forges, read from bare copies in a cache."""

    name = "forge"
    checked = False

    def __init__(
        self,
        hostings: Mapping[Forge, Hosting],
        providers: Sequence[ForgeProvider],
        *,
        cache: Path,
    ) -> None:
        self._hostings, self._cache = hostings, cache
        self._providers = {provider.target: provider for provider in providers}
        hosts = {provider.host for provider in providers}
        self._forges = [forge for forge in hostings if forge.signs_in or forge.host in hosts]
        self._heads = Heads()
        self._clients = {
            forge: CheckedClient([ReadingRule(host=urlsplit(forge.web_url).netloc.lower())])
            for forge in hostings
        }

    def accepts(self, target: str) -> bool:
        """Whether `target` is a provider's, or a repository on a forge that we sign in to."""
        return target in self._providers or project_place(self._forges, target) is not None

    def list(self, target: str) -> Listing:
        """What a provider finds, or the one repository once its forge has answered."""
        if target in self._providers:
            return self._find(self._providers[target])
        place = project_place(self._forges, target)
        if place is None:
            return Failed(problem=problems.no_such_forge(target))
        forge, path = place
        project = self._head(forge, path, None, "")
        if isinstance(project, Problem):
            return Failed(problem=project)
        self._heads.keep(target.rstrip("/"), project.branch, None)
        one = Repository(url=target.rstrip("/"), name=path, head=head_of(project, None))
        return Complete(repositories=(one,), evidence=f"the head is {project.commit}")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """The branch that is wanted as it is now; the forge is asked unless it has just said so."""
        place = project_place(self._forges, repository.url)
        if place is None:
            return Failed(problem=problems.no_such_forge(repository.url))
        forge, path = place
        hosting = self._hostings[forge]
        branch, provider = self._heads.known(repository.url) or ("", self._provider_of(*place))
        project: Project | Problem
        if repository.head:
            project, target = project_at(repository.head, path)
            provider = self._providers.get(target)
            if not project.commit:
                project = self._marked(forge, project, provider)
        else:
            project = self._head(forge, path, provider, branch)
        if isinstance(project, Problem):
            return Failed(problem=project)
        address = _address(hosting, forge, path, provider)
        if isinstance(address, Problem):
            return Failed(problem=address)
        mirror = mirror_of(self._cache / "git", repository.url)
        ref = f"refs/heads/{project.branch}" if project.branch else "HEAD"
        try:
            snapshot = snapshot_of(
                mirror, address, repository, project.commit, ref=ref, client=self._clients[forge]
            )
        except GitError as error:
            return Failed(problem=error.problem)
        except OSError as error:
            return Failed(problem=no_cache(error))
        if isinstance(snapshot, Failed):
            return snapshot
        shown = hosting.shown(path, project.branch or "HEAD")
        head = head_of(project, provider)
        return _named(replace(snapshot, shown=shown, head=head), provider)

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The files as they are in the snapshot's commit; asks the forge nothing."""
        mirror = mirror_of(self._cache / "git", snapshot.repository.url)
        return read_blobs(mirror, snapshot, paths, max_bytes=max_bytes)

    def _head(
        self, forge: Forge, path: str, provider: ForgeProvider | None, branch: str
    ) -> Project | Problem:
        """A repository with a commit, under the name that it has now."""
        project = self._hostings[forge].head(path, provider, branch)
        if isinstance(project, Problem):
            return project
        if project.path.lower() != path.lower():
            return problems.moved(forge, path, project.path)
        return project if project.commit else problems.empty(forge, path)

    def _marked(
        self, forge: Forge, listed: Project, provider: ForgeProvider | None
    ) -> Project | Problem:
        """A listed repository, with the commit that what the listing said stands for."""
        project = self._head(forge, listed.path, provider, listed.branch)
        return project if isinstance(project, Problem) else replace(project, mark=listed.mark)

    def _find(self, provider: ForgeProvider) -> Listing:
        forge = next((one for one in self._hostings if one.host == provider.host), None)
        if forge is None:
            return Failed(problem=problems.no_such_forge(provider.target))
        hosting = self._hostings[forge]
        with within(provider.timeout):
            found = hosting.projects(provider)
        if not found.pages and found.problem is not None:
            return Failed(problem=found.problem)
        wanted = []
        for project in found.projects:
            if hosting.wants(provider, project):
                url = f"{forge.web_url}/{project.path}"
                self._heads.keep(url, project.branch, provider)
                head = head_of(project, provider)
                wanted.append(Repository(url=url, name=project.path, head=head))
        problem = found.problem
        if problem is None and not found.projects:
            # Nobody configures an owner of nothing: it is credentials that see nothing (F35, F37).
            problem = problems.incomplete(forge, "no repository is visible")
        if problem is not None:
            return Partial(repositories=tuple(wanted), problem=problem)
        return Complete(repositories=tuple(wanted), evidence=_evidence(found, len(wanted)))

    def _provider_of(self, forge: Forge, path: str) -> ForgeProvider | None:
        """The provider that a repository is of, where no listing has said so in this process."""
        return next(
            (
                provider
                for provider in self._providers.values()
                if provider.host == forge.host and self._hostings[forge].covers(provider, path)
            ),
            None,
        )


def _named(snapshot: Snapshot, provider: ForgeProvider | None) -> Snapshot:
    """With the paths that a provider takes for descriptors."""
    if provider is None:
        return snapshot
    wanted = provider.catalog_path.lstrip("/")
    glob = compile_glob(wanted, dot=True)
    paths = [file.path for file in snapshot.files]
    named = [path for path in paths if path == wanted or (glob and glob.matches(path))]
    return replace(snapshot, named=tuple(named), only_named=True)


def _address(
    hosting: Hosting, forge: Forge, path: str, provider: ForgeProvider | None
) -> Address | Problem:
    signed = hosting.git_user(path, provider)
    if isinstance(signed, Problem):
        return signed
    user, password = signed
    url = f"{forge.web_url}/{path}.git"
    return Address(url=url, protocol=urlsplit(url).scheme, user=user, password=password)


def _evidence(found: Found, wanted: int) -> str:
    return f"{found.pages} pages, {len(found.projects)} repositories, {wanted} pass the filters"
