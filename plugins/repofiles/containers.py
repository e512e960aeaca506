"""The Dockerfile: whether its last stage runs as another user than root, on pinned images."""

from __future__ import annotations

import re
from dataclasses import dataclass

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.repofiles.states import Facts, not_looked, path_or_missing
from plugins.repofiles.tree import Tree, name_of

_NAME = re.compile(r"(?:Dockerfile|Containerfile)(?:[._-][\w.-]+)?|[\w-]+\.[Dd]ockerfile")
_NOT_IT = (".dockerignore", ".md", ".tmpl", ".j2")
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)\s+(.*)", re.DOTALL)
_FROM = re.compile(r"(?:--\S+\s+)*(?P<image>\S+)(?:\s+as\s+(?P<stage>\S+))?\s*", re.IGNORECASE)
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_VARIABLE = re.compile(r"\$\{?(\w+)(?::-([^}]*))?\}?")
_LONGEST_VALUE = 200
"""Characters of a variable that is filled in, and five times that of a text it is filled into."""

_ROOT = frozenset({"root", "0", ""})


@dataclass(frozen=True, kw_only=True, slots=True)
class Dockerfile:
    """What a Dockerfile says of its images and its user, variables filled in where they can be."""

    images: tuple[tuple[str, int], ...]
    """Images it starts from, with the line; not its own stages, not `scratch`."""
    base: str
    """The image below the last stage."""
    user: tuple[str, int] | None
    """The last stage's last USER, with the line."""


def facts(tree: Tree, directory: str) -> Facts:
    """`repo.dockerfile.*`."""
    candidates = tree.matching(directory, _is_dockerfile)
    path = min(candidates, key=lambda path: (path.count("/"), len(path), path), default=None)
    looked_for = "Dockerfile, Containerfile"
    if path is None:
        missing = Missing(looked_for=looked_for)
        return {f"repo.dockerfile.{n}": missing for n in ("path", "non_root", "pinned_base")}
    text = tree.text(path)
    found = path_or_missing(path, looked_for)
    if isinstance(text, FailedFact):
        states: tuple[FactState, FactState] = (text, text)
    else:
        read = read_dockerfile(text)
        states = _non_root(read, path), _pinned(read, path)
    return {
        "repo.dockerfile.path": found,
        "repo.dockerfile.non_root": states[0],
        "repo.dockerfile.pinned_base": states[1],
    }


def _non_root(read: Dockerfile, path: str) -> FactState:
    if read.user is None:
        # Without USER the base image decides; only its name can tell.
        return Known(value="nonroot" in read.base or "rootless" in read.base, path=path)
    user, line = read.user
    name = user.partition(":")[0]
    if "$" in name:
        return not_looked(f"{path}:{line}: the user is given when the image is built")
    return Known(value=name not in _ROOT, path=path, line=line)


def _pinned(read: Dockerfile, path: str) -> FactState:
    for image, line in read.images:
        if "$" in image:
            return not_looked(f"{path}:{line}: the image is given when the image is built")
        if not _DIGEST.search(image):
            return Known(value=False, path=path, line=line)
    return Known(value=True, path=path)


def read_dockerfile(text: str) -> Dockerfile:
    """The images and the user of a Dockerfile. Never raises; what it cannot read it leaves out."""
    images: list[tuple[str, int]] = []
    stages: dict[str, tuple[str, tuple[str, int] | None]] = {}
    variables: dict[str, str] = {}
    base, stage = "", ""
    user: tuple[str, int] | None = None
    for line, name, rest in _instructions(text):
        match name:
            case "ARG" | "ENV":
                variables.update(_assignments(rest))
            case "FROM" if found := _FROM.fullmatch(rest):
                image = _fill(found["image"], variables)
                base, user = stages.get(image.lower(), (image, None))
                if image.lower() not in stages and image != "scratch":
                    images.append((image, line))
                stage = (found["stage"] or "").lower()
            case "USER":
                user = (_fill(rest.strip().strip("\"'"), variables), line)
            case _:
                continue
        if stage:
            stages[stage] = (base, user)
    return Dockerfile(images=tuple(images), base=base, user=user)


def _instructions(text: str) -> list[tuple[int, str, str]]:
    """Line, name and rest of each instruction, continued lines joined."""
    found = []
    pending, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        start = start if pending else number
        stripped = line.rstrip()
        if stripped.endswith(("\\", "`")):
            pending += stripped[:-1] + " "
            continue
        instruction = _INSTRUCTION.fullmatch(pending + stripped)
        if instruction:
            found.append((start, instruction[1].upper(), instruction[2].strip()))
        pending = ""
    return found


def _assignments(rest: str) -> dict[str, str]:
    """`NAME=value` pairs; a name without value stays unknown."""
    pairs = (word.partition("=") for word in rest.split() if "=" in word)
    return {name: value.strip("\"'") for name, _, value in pairs if len(value) <= _LONGEST_VALUE}


def _fill(text: str, variables: dict[str, str]) -> str:
    """`text` with the variables that have a value; the others stay as written."""
    if len(text) > 5 * _LONGEST_VALUE:
        return text
    return _VARIABLE.sub(lambda m: variables.get(m[1]) or m[2] or m[0], text)


def _is_dockerfile(path: str) -> bool:
    name = name_of(path)
    return (
        _NAME.fullmatch(name) is not None
        and not name.endswith(_NOT_IT)
        and ".devcontainer" not in path.split("/")
    )
