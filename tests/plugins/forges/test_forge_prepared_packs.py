"""The forge of the tests answers for many repositories at once what git itself would."""

import gzip
from pathlib import Path

import requests

from plugins.git import packs
from tests.forge.running import RunningForge
from tests.plugins.pluginworld import run_plain_git

FILES = {"catalog-info.yaml": "NAME: {}\n" * 200, "README.md": "# NAME\n", "same.md": "# NAME\n"}


def test_what_is_prepared_is_what_git_says(forge: RunningForge, tmp_path: Path) -> None:
    forge.order("fill", owner="acme", count=2, files=FILES)
    commit = run_plain_git(
        Path(forge.order("places", path="acme/r-2")[0]).parents[3], "rev-parse", "main"
    )
    body = packs.request(commit)
    prepared = fetched(forge, body)
    by_git = fetched(forge, gzip.compress(body), {"content-encoding": "gzip"})
    assert prepared.shallow == by_git.shallow
    assert prepared.commit() == by_git.commit()
    assert objects(tmp_path / "one", prepared) == objects(tmp_path / "two", by_git)


def fetched(forge: RunningForge, body: bytes, more: dict[str, str] | None = None) -> packs.Pack:
    answer = requests.post(
        f"{forge.url}/acme/r-2.git/git-upload-pack",
        data=body,
        headers={**packs.HEADERS, **(more or {})},
        auth=("any", "good"),
        timeout=30,
    )
    assert answer.headers["content-type"] == packs.TYPE
    found = packs.pack_of(answer.content)
    assert found is not None
    return found


def objects(folder: Path, pack: packs.Pack) -> str:
    """The ids, kinds and sizes of all objects of a pack."""
    folder.mkdir()
    run_plain_git(folder, "init", "--quiet")
    (folder / "pack").write_bytes(pack.content)
    run_plain_git(folder, "index-pack", "--strict", "-o", ".git/objects/pack/pack-1.idx", "pack")
    (folder / "pack").rename(folder / ".git/objects/pack/pack-1.pack")
    return run_plain_git(folder, "cat-file", "--batch-all-objects", "--batch-check")
