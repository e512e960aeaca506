"""URLs of files on forges: what a target beside one means, where it is edited, what contains it.

Known by their form, because one form serves every host that runs the same forge: GitHub
`/org/repo/blob/<branch>/path`, GitLab `/group/.../-/blob/<branch>/path`, Gitea and Forgejo
`/org/repo/src/branch/<branch>/path`, also below a path of the host's. Source of what follows from
each: Backstage's integrations 2.1.2 (reference 4.10).
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote, urljoin, urlsplit

_FORMS = (
    re.compile(r"(/[^/]+(?:/[^/]+)+)/(-/(?:blob|tree|raw|edit))/([^/]+)/(.+)"),
    re.compile(r"(/[^/]+/[^/]+)/(blob|tree|raw|edit)/([^/]+)/(.+)"),
    re.compile(r"(/[^/]+(?:/[^/]+)+)/(src/branch)/([^/]+)/(.+)"),
)
_EDIT = {"-/": "-/edit", "src/branch": "_edit"}
_COMMIT = re.compile(r"\b[0-9a-fA-F]{40,}\b")


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgeFile:
    """The URL of a file or folder on a forge, taken apart."""

    home: str
    """URL of the repository, without trailing slash."""
    form: str
    """What stands between repository and branch: `blob`, `-/blob`, `src/branch`, ..."""
    branch: str
    """One segment: a branch with slashes cannot be told from a path."""
    path: str
    query: str

    def at(self, path: str, *, form: str = "") -> str:
        """The URL of another path of the same repository and branch."""
        return f"{self.home}/{form or self.form}/{self.branch}/{path}{self.query}"


def forge_file(url: str) -> ForgeFile | None:
    """The parts of a file's URL; None where it has the form of no forge."""
    try:
        parts = urlsplit(url)
    except ValueError:  # an address in brackets that is none
        return None
    for form in _FORMS:
        found = form.fullmatch(parts.path)
        if parts.scheme in ("http", "https") and found:
            return ForgeFile(
                home=f"{parts.scheme}://{parts.netloc}{found[1]}",
                form=found[2],
                branch=found[3],
                path=found[4],
                query=f"?{parts.query}" if parts.query else "",
            )
    return None


def resolve_url(target: str, base: str) -> str | None:
    """What `target` means in a file at URL `base`; None where it leads out of the repository.

    An absolute URL is itself, `/x` on a forge begins at the repository's root, everything else lies
    beside the file.
    """
    if "://" in target:
        return target
    file = forge_file(base)
    if file is None:
        try:
            return urljoin(base, target)
        except ValueError:
            return None
    folder = "" if target.startswith("/") else posixpath.dirname(file.path)
    path = posixpath.normpath(posixpath.join(folder, target.lstrip("/")))
    if any(step == ".." for step in unquote(unquote(path)).split("/")):
        return None
    return file.at(path)


def same_repository(one: str, other: str) -> bool:
    """Whether two URLs are files of one repository; True also where one of them is on no forge."""
    first, second = forge_file(one), forge_file(other)
    return first is None or second is None or first.home.lower() == second.home.lower()


def tree_url(url: str) -> str:
    """The URL under which GitHub's files are known: `tree` for `blob` (reference, trap 10)."""
    file = forge_file(url)
    return file.at(file.path, form="tree") if file and file.form == "blob" else url


def edit_url(url: str) -> str | None:
    """Where a file is edited; None where that cannot be told, or the URL names a commit."""
    file = forge_file(url)
    if file is None or _COMMIT.search(url):
        return None
    prefix = next((edit for start, edit in _EDIT.items() if file.form.startswith(start)), "edit")
    return file.at(file.path, form=prefix)


def source_location(url: str) -> str | None:
    """The location ref of the folder that holds a file, with a trailing slash; None as above."""
    file = forge_file(url)
    if file is None:
        return None
    folder = posixpath.dirname(file.path)
    form = re.sub("blob|raw|edit", "tree", file.form)
    return f"url:{file.at(f'{folder}/' if folder else '', form=form)}"
