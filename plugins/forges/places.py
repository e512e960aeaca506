"""Places on forges: which configured forge a URL is of, and which repository or file it names.

A URL has to be below the forge's own pages, and to name the repository in the one way in which it is
called: what could be read as another repository by the API is none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from catalog.scm import ForgeFile, forge_file
from plugins.contract import Forge, Problem
from plugins.forges.projects import is_path
from plugins.web.urls import WebUrl, parse_url

_FORMS = {
    "github": ("blob", "tree", "raw", "edit"),
    "gitlab": ("-/blob", "-/tree", "-/raw", "-/edit", "blob", "tree", "raw", "edit"),
    "gitea": ("src/branch",),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class FilePlace:
    """A file, or a pattern of files, at a branch."""

    forge: Forge
    project: str
    ref: str
    """Branch, tag or commit."""
    path: str
    url: ForgeFile

    @property
    def is_pattern(self) -> bool:
        """Whether it may name several files."""
        return "*" in self.path

    def at(self, path: str) -> str:
        """URL of another path of the same branch."""
        return self.url.at(path)


def file_place(forges: Sequence[Forge], target: str) -> FilePlace | None:
    """The file that a URL names on one of the forges; None where it names none."""
    file = forge_file(target.partition("#")[0])
    if file is None:
        return None
    path, ref = unquote(file.path), unquote(file.branch)
    is_plain = path.isprintable() and not {"", ".", ".."} & set(path.split("/"))
    for forge in forges:
        project = _below(forge, file.home)
        if project and is_plain and file.form in _FORMS[forge.type] and _is_ref(ref):
            return FilePlace(forge=forge, project=project, ref=ref, path=path, url=file)
    return None


def project_place(forges: Sequence[Forge], target: str) -> tuple[Forge, str] | None:
    """The forge of a repository's URL, and the path of the repository; None: it names none."""
    for forge in forges:
        project = _below(forge, target.rstrip("/").removesuffix(".git"))
        if project is not None and (forge.type == "gitlab" or project.count("/") == 1):
            return forge, project
    return None


def _below(forge: Forge, url: str) -> str | None:
    """The path of the repository whose page a URL is."""
    home, there = parse_url(forge.web_url), parse_url(url)
    if isinstance(home, Problem) or isinstance(there, Problem):
        return None
    if there.query or "#" in url or not _is_same(home, there):
        return None
    base = home.path.rstrip("/")
    project = there.path.removeprefix(f"{base}/")
    # As it was written, too: what was cleaned up above is another place to somebody else.
    is_there = there.path.startswith(f"{base}/") and url.endswith(f"{base}/{project}")
    return project if is_there and is_path(project) and "/-/" not in project else None


def _is_same(one: WebUrl, other: WebUrl) -> bool:
    return (one.scheme, one.authority) == (other.scheme, other.authority)


def _is_ref(ref: str) -> bool:
    steps = set(ref.split("/"))
    return bool(ref) and ref.isprintable() and not {"", ".", ".."} & steps and ref[0] != "-"
