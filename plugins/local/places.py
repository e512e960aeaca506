"""What a path on the disk stands for: a descriptor, one repository, or a folder of repositories.

The rule is design 2a.9. Identity is a URL, `file:///folder`; a target that is a file is its folder
with the file's name as the fragment, because it names that descriptor and no other.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote as quote_url
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from catalog.globs import compile_glob, is_file_glob
from catalog.problems import quote
from plugins.contract import Complete, Failed, Listing, Partial, Problem, Repository, Severity
from plugins.gitstore.commands import GitError
from plugins.gitstore.folders import find_git_dir

DESCRIPTORS = ("catalog-info.yaml", "catalog-info.yml", ".backstage")
"""Names that make the folder in which they are one repository."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a repository lies."""

    folder: Path
    named: str = ""
    """The descriptor that the target names, if it is a file."""


def place_of(url: str) -> Place:
    """The folder behind a repository's URL; raises `ValueError` where it is no `file:///` URL."""
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        raise ValueError(url)
    folder = os.fsdecode(unquote_to_bytes(parts.path.rstrip("/") or "/"))
    return Place(folder=Path(folder), named=unquote(parts.fragment))


def list_target(target: str) -> Listing:
    """The repositories at a path, relative to the working directory unless absolute, or a URL."""
    path = Path(target)
    try:
        if target.startswith("file://"):
            place = place_of(target)
            path = place.folder / place.named
        path = Path(os.path.abspath(path))
        if is_file_glob(target) and not path.exists():
            return _matching(path)
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return Complete(repositories=(_file(path),), evidence="the descriptor file exists")
        if not stat.S_ISDIR(mode):
            return Failed(problem=_neither(path))
        if _is_repository(path):
            one = Repository(url=_url(path), name=path.name or "/")
            return Complete(repositories=(one,), evidence="the folder is one repository")
        return _children(path)
    except (OSError, ValueError) as error:
        return Failed(problem=cannot_read(path, error))


def _matching(pattern: Path) -> Listing:
    """The files that a pattern names, each read by itself (Backstage's `file` locations)."""
    compiled = compile_glob(str(pattern))
    fixed = next((p for p in pattern.parents if not is_file_glob(str(p))), Path("/"))
    found: list[Repository] = []
    unreadable: list[Path] = []
    walk = os.walk(fixed, onerror=lambda error: unreadable.append(Path(error.filename)))
    for folder, folders, names in walk:
        folders[:] = sorted(name for name in folders if name != ".git")
        for path in (os.path.join(folder, name) for name in sorted(names)):
            if compiled is not None and compiled.matches(path) and not os.path.islink(path):
                found.append(_file(Path(path)))
    if unreadable:
        return Partial(repositories=tuple(found), problem=_unreadable(unreadable))
    if not found:
        return Partial(repositories=(), problem=_no_match(pattern))
    return Complete(repositories=tuple(found), evidence=f"{len(found)} files match the pattern")


def _file(path: Path) -> Repository:
    return Repository(url=_url(path.parent) + "#" + quote_url(path.name), name=path.name)


def _no_match(pattern: Path) -> Problem:
    return Problem(
        code="NOTHING_FOUND",
        severity=Severity.WARNING,
        message=f"No file matches {quote(pattern)}.",
        hint="Check the pattern: `*` stands for one folder or a part of a name, `**` for any.",
    )


def _children(folder: Path) -> Listing:
    """The folders inside `folder`; hidden ones and symlinks are not repositories."""
    found: list[Repository] = []
    unreadable: list[Path] = []
    with os.scandir(folder) as entries:
        names = sorted(
            entry.name
            for entry in entries
            if not entry.name.startswith(".") and entry.is_dir(follow_symlinks=False)
        )
    for name in names:
        child = folder / name
        if _is_readable(child):
            found.append(Repository(url=_url(child), name=shown(name)))
        else:
            unreadable.append(child)
    if unreadable:
        return Partial(repositories=tuple(found), problem=_unreadable(unreadable))
    if not found:
        # More often a wrong path or a disk that is not mounted than a last repository that went.
        return Partial(repositories=(), problem=_nothing(folder))
    return Complete(repositories=tuple(found), evidence=f"folder read, {len(found)} repositories")


def _is_repository(folder: Path) -> bool:
    if any(os.path.lexists(folder / name) for name in DESCRIPTORS):
        return True
    try:
        return find_git_dir(folder) is not None
    except GitError:
        return True  # its snapshot says what is wrong with its `.git`


def _is_readable(folder: Path) -> bool:
    try:
        os.close(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC))
    except OSError:
        return False
    return True


def _url(path: Path) -> str:
    return "file://" + quote_url(os.fsencode(path))


def shown(path: str) -> str:
    """The path as text; bytes of a name that are not UTF-8 are shown escaped (row G08)."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def cannot_read(path: Path, error: OSError | ValueError) -> Problem:
    """The problem of what the system does not let us read; `ValueError`: the text is no path."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        code, hint = "NOT_FOUND", "Check the path; a relative one starts at the working directory."
    elif isinstance(error, PermissionError):
        code, hint = "NOT_PERMITTED", "Let the user that runs the portal read it."
    else:
        code, hint = "CANNOT_READ", "Check the disk, and that nothing changes the folder meanwhile."
    reason = "it is no path"
    if isinstance(error, OSError):
        reason = (error.strerror or type(error).__name__).lower()
    return Problem(code=code, message=f"Cannot read {quote(path)}: {reason}.", hint=hint)


def _neither(path: Path) -> Problem:
    return Problem(
        code="CANNOT_READ",
        message=f"{quote(path)} is neither a file nor a folder.",
        hint="Name a folder of repositories, a repository, or a descriptor file.",
    )


def _unreadable(folders: list[Path]) -> Problem:
    others = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
    return Problem(
        code="NOT_PERMITTED",
        severity=Severity.WARNING,
        message=f"Cannot read {quote(folders[0])}{others}; the other folders were listed.",
        hint="Let the user that runs the portal read it.",
    )


def _nothing(folder: Path) -> Problem:
    return Problem(
        code="NOTHING_FOUND",
        severity=Severity.WARNING,
        message=f"{quote(folder)} holds no descriptor, no repository and no folders.",
        hint="Check the path, and that the disk is mounted.",
    )
