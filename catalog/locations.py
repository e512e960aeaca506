"""Location refs and the URLs of files: how a file of a repository is named to people and clients.

Sources of the forms: Backstage catalog 4.0.0, reference sections 2.6, 2.7 and 4.10. The branch is
written `HEAD`, which the forges resolve to the default branch: the name of a location must not
change with every commit.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from catalog.scm import edit_url, source_location, tree_url
from catalog.sources import Snapshot

VIEW_URL = "backstage.io/view-url"
EDIT_URL = "backstage.io/edit-url"
SOURCE_LOCATION = "backstage.io/source-location"


def describe_file(snapshot: Snapshot, path: str) -> tuple[str, Mapping[str, str]]:
    """The location ref of a file, and the annotations that its entities get unless they set them."""
    if snapshot.direct:
        return _describe_url(snapshot.direct)
    if snapshot.shown:
        return _describe_url(snapshot.shown + quote(path))
    repository = snapshot.repository.url
    if repository.startswith("file://"):
        folder = unquote(urlsplit(repository).path)
        return "file:" + posixpath.join(folder, path), {}
    view = file_url(repository, path)
    folder = posixpath.dirname(path)
    tree = file_url(repository, folder + "/" if folder else "", form="tree")
    annotations = {
        VIEW_URL: view,
        EDIT_URL: file_url(repository, path, form="edit"),
        SOURCE_LOCATION: f"url:{tree}",
    }
    return f"url:{view}", annotations


def _describe_url(url: str) -> tuple[str, Mapping[str, str]]:
    """Of a file with a URL of its own: what else there is to say of it only a forge's URL tells."""
    target = tree_url(url)
    annotations = {VIEW_URL: target}
    edit, source = edit_url(target), source_location(target)
    if edit is not None:
        annotations[EDIT_URL] = edit
    if source is not None:
        annotations[SOURCE_LOCATION] = source
    return f"url:{target}", annotations


def file_url(repository: str, path: str, *, form: str = "blob") -> str:
    """Where a forge shows a file (`blob`), a folder (`tree`) or its editor (`edit`)."""
    base = web_url(repository)
    host = urlsplit(base).hostname or ""
    marker = f"-/{form}" if "gitlab" in host else form
    return f"{base}/{marker}/HEAD/{quote(path)}"


def web_url(repository: str) -> str:
    """The page of a repository on its forge, from its clone URL (https, ssh or scp-like)."""
    url = repository.removesuffix("/").removesuffix(".git")
    if "://" not in url and ":" in url:  # git@host:org/repo
        host, path = url.split(":", 1)
        return f"https://{host.rpartition('@')[2]}/{path}"
    parts = urlsplit(url)
    if parts.scheme in ("ssh", "git"):
        return f"https://{parts.hostname}{parts.path}"
    return url
