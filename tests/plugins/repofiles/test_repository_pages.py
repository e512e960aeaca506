"""The documenter `repo`: which files are the pages of an entity, in which order, under which titles."""

from __future__ import annotations

import pytest
from pluginworld import view

from plugins.contract import Outline
from plugins.repofiles.mkdocs import MOST_ENTRIES
from plugins.repofiles.pages import UNLISTED, RepositoryPages
from plugins.testing import outlines, subject

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: {kind}
metadata: {{name: pay, annotations: {annotations}}}
spec: {{type: service, lifecycle: production, owner: a, children: []}}
"""


def outline(
    files: dict[str, str],
    ref: str = "",
    *,
    at: str = "catalog-info.yaml",
    kind: str = "Component",
    whole: bool = True,
) -> Outline:
    annotations = f'{{backstage.io/techdocs-ref: "{ref}"}}' if ref else "{}"
    one = subject(DESCRIPTOR.format(kind=kind, annotations=annotations), file=at)
    return outlines(RepositoryPages(), [one], view(files, whole=whole))[0]


def paths(found: Outline) -> list[str]:
    return [page.path for page in found.pages]


def test_without_a_navigation_the_readme_is_first_and_indexes_lead_their_folders() -> None:
    files = dict.fromkeys(
        ("README.md", "docs/b.md", "docs/index.md", "docs/how-to/x.md", "docs/how-to/README.md",
         "docs/a.md", "docs/img/x.png", "other/y.md", "CHANGELOG.md"),
        "",
    )  # fmt: skip
    found = outline(files)
    assert paths(found) == [
        "README.md",
        "docs/index.md",
        "docs/a.md",
        "docs/b.md",
        "docs/how-to/README.md",
        "docs/how-to/x.md",
    ]
    assert [page.section for page in found.pages] == ["", "", "", "", "How to", "How to"]


def test_a_readme_that_is_no_markdown_is_no_page() -> None:
    assert paths(outline({"README.rst": "", "docs/a.rst": ""})) == []


def test_decisions_beside_the_docs_are_pages() -> None:
    found = outline({"adr/0002-b.md": "", "adr/0001-a.md": "", "docs/a.md": ""})
    assert paths(found) == ["docs/a.md", "adr/0001-a.md", "adr/0002-b.md"]
    assert found.pages[-1].section == "Decisions"
    assert paths(outline({"docs/adr/0001-a.md": ""})) == ["docs/adr/0001-a.md"]


MKDOCS = """\
site_name: Payments
nav:
  - Home: index.md
  - Guides:
      - Deploy it: how-to/deploy.md
      - "Deeper":
          - how-to/deep.md
  - https://example.com/elsewhere.md
  - Gone: gone.md
  - Out: ../../secret.md
  - "Twice": index.md
markdown_extensions:
  - pymdownx.emoji:
      emoji_index: !!python/name:materialx.emoji.twemoji
extra: !ENV [A, b]
"""


def test_a_navigation_says_order_titles_and_sections_whatever_tags_stand_elsewhere() -> None:
    files = dict.fromkeys(
        ("docs/index.md", "docs/how-to/deploy.md", "docs/how-to/deep.md", "docs/z.md", "README.md"),
        "",
    )
    found = outline({**files, "mkdocs.yml": MKDOCS})
    assert [(page.path, page.title, page.section) for page in found.pages] == [
        ("docs/index.md", "Home", ""),
        ("docs/how-to/deploy.md", "Deploy it", "Guides"),
        ("docs/how-to/deep.md", "", "Guides / Deeper"),
        ("README.md", "", UNLISTED),
        ("docs/z.md", "", UNLISTED),
    ]


def test_mkdocs_names_the_folder() -> None:
    assert paths(outline({"mkdocs.yml": "docs_dir: handbook\n", "handbook/a.md": ""})) == [
        "handbook/a.md"
    ]


@pytest.mark.parametrize(
    "config",
    [
        "nav: 3\n",
        "nav: [[[[a]]]]\n",
        "nav: !ENV [x]\n",
        "docs_dir: ../..\nnav: {a: b}\n",
        "docs_dir: /etc\n",
        "nav:\n" + "  - a.md\n" * (MOST_ENTRIES + 10),
        "nav: " + "[" * 50_000,
        "nav:\n  - \0: a.md\n",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin-1"),
    ],
)
def test_whatever_mkdocs_is_told_the_pages_of_the_folder_are_there(config: str) -> None:
    assert paths(outline({"mkdocs.yml": config, "docs/a.md": ""})) == ["docs/a.md"]


MONOREPO = dict.fromkeys(
    ("README.md", "docs/shared.md", "services/a/README.md", "services/a/docs/a.md",
     "services/a/catalog-info.yaml", "services/b/main.py", "services/b/catalog-info.yaml"),
    "",
)  # fmt: skip


def test_a_service_has_its_own_pages_or_the_ones_of_its_repository() -> None:
    at = "services/{}/catalog-info.yaml".format
    assert paths(outline(MONOREPO, at=at("a"))) == ["services/a/README.md", "services/a/docs/a.md"]
    assert paths(outline(MONOREPO, at=at("b"))) == ["README.md", "docs/shared.md"]


@pytest.mark.parametrize(
    ("ref", "expected"),
    [
        ("dir:.", "docs/shared.md"),
        ("dir:docs", "docs/shared.md"),
        ("dir:./services/a", "services/a/docs/a.md"),
        ("url:https://git.example.org/shop/payments/tree/main/services/a", "services/a/docs/a.md"),
    ],
)
def test_techdocs_ref_names_the_folder(ref: str, expected: str) -> None:
    found = outline(MONOREPO, ref)
    assert expected in paths(found)
    assert found.note == ""


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("dir:../..", "leads out"),
        ("dir:/etc", "leads out"),
        ("dir:nowhere", "there is nothing"),
        ("url:https://git.example.org/other/repo/tree/main/docs", "is not in the repository"),
        ("url:javascript:alert(1)", "is not in the repository"),
        ("docs", "neither"),
    ],
)
def test_a_techdocs_ref_that_is_not_followed_is_said(ref: str, why: str) -> None:
    found = outline(MONOREPO, ref)
    assert why in found.note
    assert "docs/shared.md" in paths(found), "what there is anyway stays"


def test_a_file_that_was_read_by_itself_has_no_pages_and_says_so_where_it_names_some() -> None:
    alone = {"shop.yaml": "", "README.md": "# Taken in\n"}
    silent = outline(alone, at="shop.yaml", whole=False)
    named = outline(alone, "dir:.", at="shop.yaml", whole=False)
    assert (silent.pages, silent.note, named.pages) == ((), "", ())
    assert "this file alone" in named.note


def test_people_and_places_have_pages_where_they_name_them_only() -> None:
    assert paths(outline(MONOREPO, kind="Group")) == []
    assert "docs/shared.md" in paths(outline(MONOREPO, "dir:.", kind="Group"))


def test_entities_of_a_folder_share_one_outline_and_one_reading_of_the_tree() -> None:
    one = subject(DESCRIPTOR.format(kind="Component", annotations="{}"))
    other = subject(DESCRIPTOR.format(kind="System", annotations="{}"))
    files = view({"README.md": "", "docs/a.md": "", "mkdocs.yml": "nav: [a.md]\n"})
    first, second = outlines(RepositoryPages(), [one, other], files)
    assert first is second
    assert files.reads == ["mkdocs.yml"], "pages are read by the portal"
