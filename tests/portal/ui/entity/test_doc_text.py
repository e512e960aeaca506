"""Markdown of repositories as HTML: nothing hostile survives, and nothing takes long."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.documentation import LARGEST_PAGE
from catalog.scm import forge_file
from portal.ui.models.entity.doc_text import TAGS, Rendered, is_costly, render
from portal.ui.models.entity.docs import Links, file_url

HOME = forge_file("https://github.com/acme/pay/blob/main/catalog-info.yaml")
LINKS = Links(
    at="docs/how-to/deploy.md",
    pages=frozenset({"docs/how-to/deploy.md", "docs/index.md", "docs/a b.md", "README.md"}),
    page_url="/catalog/component/default/pay?tab=docs&page=",
    home=HOME,
)
PAGE = "/catalog/component/default/pay?tab=docs&amp;page="


def html(text: str) -> str:
    return str(render(text, "Title", LINKS).html)


@pytest.mark.parametrize(
    ("address", "leads"),
    [
        ("../index.md", f"{PAGE}docs/index.md"),
        ("../index.md#Install", f"{PAGE}docs/index.md#doc-install"),
        ("../a%20b.md", f"{PAGE}docs/a%20b.md"),
        ("/docs/index.md", f"{PAGE}docs/index.md"),
        ("../index", f"{PAGE}docs/index.md"),
        ("../", f"{PAGE}docs/index.md"),
        ("../../", f"{PAGE}README.md"),
        ("../../src/main.py", "https://github.com/acme/pay/blob/main/src/main.py"),
        ("../other.md?raw=1", "https://github.com/acme/pay/blob/main/docs/other.md"),
        ("https://example.com/a?b=c&d", "https://example.com/a?b=c&amp;d"),
        ("mailto:a@example.com", "mailto:a@example.com"),
        ("#install", "#doc-install"),
        ("../../../secret", ""),
        ("#nowhere", ""),
        ("//evil.example.com/x", ""),
        ("ftp://example.com", ""),
        ("javascript:alert(1)", ""),
        ("vbscript:x", ""),
        ("blob:x", ""),
        ("data:text/html,x", ""),
        ("http:", ""),
        ("../../..", ""),
        ("https://[", ""),
    ],
)
def test_addresses_lead_to_pages_to_the_forge_or_nowhere(address: str, leads: str) -> None:
    for text in (f"[x]({address})\n\n# Install", f'<a href="{address}">x</a>\n\n# Install'):
        found = html(text)
        if leads:
            assert f'href="{leads}"' in found
        else:
            assert "href" not in found


def test_without_a_forge_other_files_are_text() -> None:
    links = Links(at="README.md", pages=frozenset({"README.md"}), page_url="/?page=", home=None)
    found = str(render("[code](src/x.py) [self](README.md)", "", links).html)
    assert "src/x.py" not in found
    assert 'href="/?page=README.md"' in found


def test_files_are_shown_in_the_forms_of_forges() -> None:
    gitlab = forge_file("https://gitlab.com/a/b/-/tree/main/x/")
    gitea = forge_file("https://gitea.example.com/a/b/src/branch/main/x")
    assert file_url(gitlab, "d/e f.md") == "https://gitlab.com/a/b/-/blob/main/d/e%20f.md"
    assert file_url(gitea, "y.md") == "https://gitea.example.com/a/b/src/branch/main/y.md"


def test_an_image_is_a_link_and_in_a_link_its_words() -> None:
    assert ">A diagram</a>" in html("![A diagram](../flow.png)")
    assert "https://github.com/acme/pay/blob/main/docs/flow.png" in html("![](../flow.png)")
    badge = html("[![build](https://ci.example.com/b.svg)](https://ci.example.com)")
    assert badge.count("<a ") == 1
    assert ">build</a>" in badge
    assert "b.svg" not in badge
    assert html('<img src="x.png" alt="The &lt;logo&gt;">') == "The &lt;logo&gt;"


def test_headings_are_below_the_title_without_a_step_left_out() -> None:
    found = render("# Title\n\n# One\n\n#### Deep\n\n## Two\n\n## Two\n", "Title", LINKS)
    assert [(one.id, one.text, one.level) for one in found.headings] == [
        ("doc-one", "One", 1),
        ("doc-deep", "Deep", 2),
        ("doc-two", "Two", 2),
        ("doc-two-1", "Two", 2),
    ]
    assert '<h3 id="doc-one">One</h3>' in found.html
    assert '<h4 id="doc-deep">Deep</h4>' in found.html


def test_admonitions_and_alerts_are_quotes() -> None:
    found = html('!!! warning "Take care"\n    It moves *money*.\n\nAfter.\n\n??? tip\n    Hm\n')
    assert (
        "<blockquote>\n<p><strong>Take care</strong></p>\n<p>It moves <em>money</em>.</p>" in found
    )
    assert "</blockquote>\n<p>After.</p>" in found
    assert "<strong>Tip</strong>" in found
    assert "<strong>Warning</strong></p>\n<p>Body" in html("> [!WARNING]\n> Body")
    assert "!!! note" in html("```\n!!! note\n    x\n```")


def test_code_is_as_it_is_written_and_can_be_scrolled_by_keyboard() -> None:
    found = html("```mermaid\ngraph TD; A-->B<script>\n```")
    assert found == '<pre tabindex="0"><code>graph TD; A--&gt;B&lt;script&gt;\n</code></pre>\n'
    assert '<div class="scroll" tabindex="0"' in html("| a |\n|---|\n| b |\n")


VECTORS = [
    "<script>alert(1)</script>",
    "<SCRIPT SRC=//x></SCRIPT>",
    "<scr<script>ipt>alert(1)</script>",
    "<style>*{display:none}</style>",
    '<iframe src="javascript:alert(1)"></iframe>',
    "<object data=x></object><embed src=x><applet>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)><animate onbegin=alert(1)></svg>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    '<a href="jAvAsCrIpT:alert(1)">x</a>',
    '<a href="java\tscript:alert(1)">x</a>',
    '<a href="&#106;avascript:alert(1)">x</a>',
    '<a href="x" onclick="alert(1)" style="x" target="_blank" id="main">x</a>',
    "[x](javascript:alert(1))",
    "[x](<java\nscript:alert(1)>)",
    "![x](javascript:alert(1))",
    "[x]: javascript:alert(1)\n[x]",
    "<javascript:alert(1)>",
    "<base href=//x><link rel=stylesheet href=//x><meta http-equiv=refresh content=0>",
    "<form action=//x><input autofocus onfocus=alert(1)><button formaction=//x>y</button></form>",
    '<h1 id="main">x</h1><h2 id="find" onmouseover=alert(1)>y</h2>',
    "<h3 id=main\n\nword\n\n>",
    "</div></main></body><div id=main>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
    "<details ontoggle=alert(1) open><summary>x</summary></details>",
    "<table background=//x><td style=x>",
    "<template><script>alert(1)</script></template>",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php echo 1 ?>",
    "<p title='</p>' lang=x>y",
    '<img alt="<script>alert(1)</script>">',
    "<video src=x onerror=alert(1)><audio src=x><source src=x>",
    "# <script>alert(1)</script>\n",
    '```"><script>alert(1)</script>\nx\n```',
]


class Audit(HTMLParser):
    """Notes everything that a page must not hold."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS | {"div"}:
            self.faults.append(f"<{tag}>")
        if tag not in ("br", "hr"):
            self.open.append(tag)
        for name, value in attrs:
            told = value or ""
            known = {
                "href": told.startswith(("http://", "https://", "mailto:", "#doc-", "/catalog/")),
                "id": told.startswith("doc-"),
                "class": told == "scroll" and tag == "div",
                "tabindex": told == "0",
                "role": told == "region" and tag == "div",
                "aria-label": told == "Table" and tag == "div",
                "rel": told == "noopener noreferrer nofollow",
                "scope": told == "col",
                "start": tag == "ol",
                "open": tag == "details",
            }
            if not known.get(name):
                self.faults.append(f"<{tag} {name}={told!r}>")

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("br", "hr") and (not self.open or self.open.pop() != tag):
            self.faults.append(f"</{tag}> closes something else")


def faults(rendered: Rendered) -> list[str]:
    audit = Audit()
    audit.feed(str(rendered.html))
    audit.close()
    return [*audit.faults, *(f"<{tag}> stays open" for tag in audit.open)]


@pytest.mark.parametrize("vector", VECTORS)
def test_nothing_hostile_survives(vector: str) -> None:
    for text in (
        vector,
        f"a {vector} b",
        f"# {vector}",
        f"| a |\n|---|\n| {vector} |\n",
        f"> {vector}",
    ):
        found = render(text, "", LINKS)
        assert faults(found) == [], found.html


PIECES = st.sampled_from(
    [*VECTORS, "[", "](", ")", "<", ">", "#", " ", "\n", "\n\n", "    ", "|", "*", "_", "`", "```\n",
     "!!! note\n", "> [!TIP]\n", "<a href=", "<h1 ", "<table>", "</table>", "'", '"', "&", "\\", "a",
     "javascript:", "- ", "<details>", "<div>", "![", "http://x", "\0", "\u2028", "\U0001f680"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_whatever_a_page_holds_nothing_hostile_survives(text: str) -> None:
    assert faults(render(text, "", LINKS)) == []


ENDLESS = {
    "brackets": "![[",
    "brackets in paragraphs": "![[" * 2600 + "\n\n",
    "emphasis": "*a_ ",
    "quotes": "> " * 100 + "a\n",
    "lists": "- " * 100 + "a\n",
    "items": "1. a\n",
    "references": "[a]: b\n",
    "headings": "# a\n",
    "admonitions": "!!! note\n    x\n",
    "details": "<details>",
    "raw headings": "<h1 ",
    "images": "<img ",
    "comments": "<!--",
    "underscores": "_a" * 3900 + "\n\n",
    "tildes": "~~a" * 2600 + "\n\n",
    "cells": "|a" * 500 + "\n" + "|-" * 500 + "\n" + ("|b" * 500 + "\n") * 100,
    "ticks": "`" * 50 + " ",
    "fences": "```\n",
    "front matter": "---\n",
    "entities": "&" * 7900 + "\n\n",
}


@pytest.mark.parametrize("piece", ENDLESS.values(), ids=ENDLESS.keys())
def test_a_hostile_page_does_not_hold_up_others(piece: str) -> None:
    """Of the largest page that is still laid out; what is more than that is shown as it is written."""
    text = (piece * (LARGEST_PAGE // len(piece) + 1))[:LARGEST_PAGE]
    while is_costly(text):
        text = text[: len(text) * 3 // 4]
    began = time.thread_time()
    render(text, "", LINKS)
    assert time.thread_time() - began < 8, len(text)


def test_a_large_page_as_people_write_it_is_laid_out(shared) -> None:
    text = (shared / "reference" / "backstage-catalog.md").read_text()
    assert not is_costly((text * 10)[:LARGEST_PAGE])
