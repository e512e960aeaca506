"""Walks and reads a plain folder without ever leaving it: no symlink is followed at any component.

Everything is opened relative to a folder that is already open, so that swapping a folder for a
link meanwhile leads nowhere (hostile-input row G05). Devices, sockets and pipes are left out.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from catalog.problems import Problem, quote
from plugins.contract import Blob, TreeFile, Unreadable
from plugins.gitstore.objects import no_such_file, too_large
from plugins.local.places import cannot_read, shown

MOST_FILES = 200_000
"""Files of one folder; above, its snapshot is refused instead of cut."""

DEEPEST = 100
"""Folders inside each other."""

NOT_WALKED = frozenset({".git", "node_modules", ".venv", "__pycache__"})
"""Folders that hold what tools made."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
_NOTHING_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)

_PIECE = 1024 * 1024
"""Bytes that are read at once of a file that grows while it is read."""


def walk(folder: Path) -> tuple[TreeFile, ...] | Problem:
    """Every regular file below `folder`, sorted by path, or why there are too many of them.

    Raises `OSError` where the folder, or one inside it that has not just vanished, cannot be read:
    a snapshot is whole or it is none.
    """
    files: list[TreeFile] = []
    # The folder itself may be reached over symlinks: the operator wrote that path.
    with _opened(os.open(folder, _FOLDER & ~os.O_NOFOLLOW)) as root:
        waiting: list[tuple[str, ...]] = [()]
        while waiting:
            parts = waiting.pop()
            try:
                opened = _open_beneath(root, parts)
            except OSError as error:
                if parts and error.errno in _NOTHING_THERE:
                    continue  # it went, or became a link, since its parent was read
                raise
            with _opened(opened) as current:
                waiting.extend(_read_folder(current, parts, files))
            if len(files) > MOST_FILES or len(parts) > DEEPEST:
                return _too_much(folder)
    files.sort(key=lambda file: file.path)
    return tuple(files)


def _read_folder(
    folder: int, parts: tuple[str, ...], files: list[TreeFile]
) -> Iterator[tuple[str, ...]]:
    """Adds the folder's files to `files`; yields the folders inside it."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in NOT_WALKED:
                    yield (*parts, entry.name)
            elif entry.is_file(follow_symlinks=False):
                try:
                    about = entry.stat(follow_symlinks=False)
                except FileNotFoundError:
                    continue
                files.append(_file(shown("/".join((*parts, entry.name))), about))


def look_at(folder: Path, paths: Iterable[str]) -> tuple[TreeFile, ...]:
    """Those of these paths at which `walk` would find a file; nothing beside them is looked at.

    Raises `OSError` where it cannot be told.
    """
    found: list[TreeFile] = []
    with _opened(os.open(folder, _FOLDER & ~os.O_NOFOLLOW)) as root:
        for path in paths:
            *above, name = path.split("/")
            if not _is_below(path) or NOT_WALKED.intersection(above):
                continue
            try:
                with _opened(_open_beneath(root, tuple(above))) as parent:
                    about = os.stat(name, dir_fd=parent, follow_symlinks=False)
            except OSError as error:
                if error.errno not in _NOTHING_THERE:
                    raise
                continue
            if stat.S_ISREG(about.st_mode):
                found.append(_file(path, about))
    return tuple(found)


def _file(path: str, about: os.stat_result) -> TreeFile:
    token = f"{about.st_size}-{about.st_mtime_ns}"
    return TreeFile(path=path, token=token, size=about.st_size)


def _is_below(path: str) -> bool:
    """Whether a path is one below a folder, each part of it a name."""
    parts = path.split("/")
    return "\0" not in path and all(parts) and not {".", ".."}.intersection(parts)


def digest(files: tuple[TreeFile, ...]) -> str:
    """A revision for files without a commit: changes with every path, size and time."""
    total = hashlib.sha256()
    for file in files:
        total.update(f"{file.path}\0{file.token}\0".encode())
    return total.hexdigest()


def read_files(
    folder: Path, paths: Iterable[str], *, max_bytes: int
) -> Iterator[Blob | Unreadable]:
    """The contents of regular files below `folder`, in the order of `paths`."""
    with closing(_Beneath(folder)) as beneath:
        for path in paths:
            yield _read_file(beneath, path, max_bytes)


def _read_file(beneath: _Beneath, path: str, max_bytes: int) -> Blob | Unreadable:
    parts = tuple(path.split("/"))
    if not _is_below(path):
        return Unreadable(path=path, problem=no_such_file(path))
    try:
        with _opened(beneath.open(parts)) as file:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                return Unreadable(path=path, problem=_not_regular(path))
            if about.st_size > max_bytes:
                return Unreadable(path=path, problem=too_large(path, about.st_size, max_bytes))
            content = _content(file, about.st_size, max_bytes)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Unreadable(path=path, problem=_not_regular(path))
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return Unreadable(path=path, problem=no_such_file(path))
        return Unreadable(path=path, problem=cannot_read(Path(path), error))
    if len(content) > max_bytes:  # it has grown meanwhile
        return Unreadable(path=path, problem=too_large(path, len(content), max_bytes))
    return Blob(path=path, content=content)


def _content(file: int, size: int, max_bytes: int) -> bytes:
    """All that is in an open file of about this size; of one that grows, a little more than the most."""
    content = os.read(file, size + 1)
    if len(content) == size:
        return content
    parts = [content]
    left = max_bytes + 1 - len(content)
    while left > 0 and (more := os.read(file, min(left, _PIECE))):
        parts.append(more)
        left -= len(more)
    return b"".join(parts)


class _Beneath:
    """Opens files below a folder. The folder of the last one is kept: the next mostly lies in it too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root: int | None = None
        self._last: tuple[tuple[str, ...], int] | None = None

    def open(self, parts: tuple[str, ...]) -> int:
        """A descriptor of the file that `parts` lead to. Raises `OSError`."""
        if self._root is None:
            # The folder itself may be reached over symlinks: the operator wrote that path.
            self._root = os.open(self._folder, _FOLDER & ~os.O_NOFOLLOW)
        if len(parts) == 1:
            return os.open(parts[0], _FILE, dir_fd=self._root)
        return os.open(parts[-1], _FILE, dir_fd=self._inside(self._root, parts[:-1]))

    def _inside(self, root: int, parts: tuple[str, ...]) -> int:
        if self._last is not None:
            known, folder = self._last
            if known == parts:
                return folder
            self._last = None
            os.close(folder)
        folder = _open_beneath(root, parts)
        self._last = parts, folder
        return folder

    def close(self) -> None:
        """Close what is open."""
        for descriptor in (self._root, self._last and self._last[1]):
            if descriptor is not None:
                os.close(descriptor)
        self._root = self._last = None


def _open_beneath(root: int, parts: tuple[str, ...]) -> int:
    """A descriptor of the folder that `parts` lead to, opened one component at a time."""
    current = root
    for part in parts:
        try:
            following = os.open(part, _FOLDER, dir_fd=current)
        finally:
            if current != root:
                os.close(current)
        current = following
    return current if parts else os.dup(root)


@contextmanager
def _opened(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _not_regular(path: str) -> Problem:
    return Problem(
        code="SYMLINK_NOT_ALLOWED",
        message=f"{quote(path)} is a symlink, lies behind one, or is no regular file.",
        hint="Put the file itself there.",
        file=path,
    )


def _too_much(folder: Path) -> Problem:
    return Problem(
        code="SOURCE_TOO_LARGE",
        message=f"{quote(folder)} has more than {MOST_FILES:,} files, or folders {DEEPEST} deep.",
        hint="Name the folders that hold repositories, or make the folder a git repository.",
    )
