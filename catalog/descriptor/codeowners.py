"""CODEOWNERS: what its lines say, and whose a path is.

Source of the grammar: the documentation of GitHub, GitLab and Gitea. A pattern is one of a `.gitignore`,
without ranges and negation; the last one that fits a path decides, and one without owners says that
nobody owns it. GitLab has sections in brackets, whose owners hold for rules without some. A line with a
fault is skipped, as on GitHub.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from catalog.globs import Glob, compile_glob

FOLDERS = (".github", "", "docs", ".gitlab", ".gitea")
"""Where the file may be, in the order in which forges look."""

LARGEST = 3 * 1024 * 1024
"""Bytes; of a larger one GitHub takes no notice."""

_OWNER = re.compile(
    r"@@?[A-Za-z0-9][\w.-]*(?:/[\w./-]+)?"  # user, org/team, group/subgroup, @@role
    r"|[^\s@]+@[^\s@]+\.[^\s@]+"  # email
)
_LONGEST_OWNER = 320
_SECTION = re.compile(r"\^?\[[^\]]+\](?:\[\d+\])?\s*(?P<owners>.*)")
_FIELD = re.compile(r"(?:\\.|[^\s\\])+")
_EVERYTHING = frozenset({"*", "**", "/**", "/", "**/*", "/**/*"})


@dataclass(frozen=True, kw_only=True, slots=True)
class OwnerRule:
    """One line: whose the paths are that it fits."""

    pattern: str
    owners: tuple[str, ...]
    """As they are written, in their order; empty: nobody's."""

    def fits(self, path: str) -> bool:
        """Whether a path, relative to the repository, is among those that are meant."""
        if self.pattern in _EVERYTHING:
            return True
        glob = _glob(self.pattern)
        return glob is not None and glob.matches(path)


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeOwners:
    """A CODEOWNERS file, read."""

    owners: tuple[str, ...]
    """Sorted, without repeats."""
    catch_all: int | None
    """Line of the last rule for everything, if it names an owner."""
    fault: int | None
    """The first line that forges refuse or ignore; 0 for a file without any rule."""
    rules: tuple[OwnerRule, ...]
    """Those without a fault, in their order."""

    def rule_for(self, path: str) -> OwnerRule | None:
        """The rule that decides whose a path is; None: there is none."""
        return next((rule for rule in reversed(self.rules) if rule.fits(path)), None)


def read_codeowners(text: str) -> CodeOwners:
    """The rules of a CODEOWNERS file."""
    owners: set[str] = set()
    section_owners: list[str] = []
    catch_all: int | None = None
    fault: int | None = None
    count = 0
    rules: list[OwnerRule] = []
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            section_owners, wrong = _owners(section["owners"])
        else:
            found = _FIELD.match(line)
            pattern = found[0] if found else ""
            named, wrong = _owners(line[len(pattern) :])
            wrong = wrong or pattern.startswith("!") or not pattern
            count += 1
            named = named or section_owners
            owners.update(named)
            if not wrong:
                rules.append(OwnerRule(pattern=pattern, owners=tuple(named)))
            if pattern in _EVERYTHING:
                catch_all = number if named else None
        owners.update(section_owners)
        if wrong and fault is None:
            fault = number
    if fault is None and not count:
        fault = 0
    return CodeOwners(
        owners=tuple(sorted(owners)), catch_all=catch_all, fault=fault, rules=tuple(rules)
    )


def _owners(text: str) -> tuple[list[str], bool]:
    """The owners in the rest of a line, and whether anything there is none."""
    words = text.split("#", 1)[0].split()
    good = [word for word in words if len(word) <= _LONGEST_OWNER and _OWNER.fullmatch(word)]
    return good, len(good) < len(words)


@lru_cache(maxsize=4096)
def _glob(pattern: str) -> Glob | None:
    """What a pattern fits, below what it fits as well: it may be the name of a folder."""
    plain = re.sub(r"\\(.)", r"\1", pattern)
    core = plain.strip("/")
    is_rooted = "/" in plain.rstrip("/")
    start = core if is_rooted else f"**/{core}"
    # GitHub: `docs/*` fits what is directly in there, and nothing further down.
    whole = start if core.rpartition("/")[2] == "*" else f"{start}/**"
    return compile_glob(whole.replace("[", "[[]"), dot=True, braces=False)
