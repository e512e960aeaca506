"""The Markdown of a page of documentation as safe HTML, with its headings.

It comes from repositories: raw HTML is let through as far as the sanitizer knows it, every address is
decided on here, and what takes a parser long is shown as it is written. Images are links: the policy
of the portal loads none from elsewhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import unescape

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markupsafe import Markup, escape

from catalog.documentation import without_front_matter

TAGS = frozenset(
    {
        *("a", "blockquote", "br", "code", "dd", "del", "details", "dl", "dt", "em", "hr", "kbd"),
        *("li", "ol", "p", "pre", "s", "strong", "sub", "summary", "sup", "ul"),
        *("table", "tbody", "td", "th", "thead", "tr", "h2", "h3", "h4", "h5", "h6"),
    }
)
LONGEST_INLINE = 5_000
"""Characters of one paragraph that are parsed: brackets cost the square of their number."""
MOST_WORK = 30_000
"""What a page may cost, in units that take about 40 microseconds, and 100 in the worst of texts; a page
of 256 KiB as people write them has about 24,000."""
MOST_HEADINGS = 200
"""Headings that are listed beside a page."""
ID = "doc-"
"""Begins the ids of headings, so that none of them is one of the page around."""

Follow = Callable[[str], str]
"""Where an address on the page leads: '' where it can lead nowhere."""

_ADMONITION = re.compile(r'([ ]{0,3})(?:!!!|\?\?\?\+?)[ ]+([\w-]+)[^"\n]*(?:"([^"\n]*)")?[^"\n]*')
_ALERT = re.compile(r"(\s{0,3}>\s?)\[!(\w+)\][ \t]*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_RAW_HEADING = re.compile(r"<(/?)h[1-6]\b[^<>]*>", re.IGNORECASE)
_RAW_IMAGE = re.compile(r"<img\b[^<>]*>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_TABLE = '<div class="scroll" tabindex="0" role="region" aria-label="Table">'


@dataclass(frozen=True, kw_only=True, slots=True)
class Heading:
    """A heading that can be linked to."""

    id: str
    text: str
    level: int
    """1 is the highest of the page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendered:
    """A page to be shown."""

    html: Markup
    headings: tuple[Heading, ...]


def render(text: str, title: str, follow: Follow) -> Rendered:
    """The page without the heading that is its title, which stands above it."""
    parser = _parser()
    tokens = parser.parse(_quoted(without_front_matter(text)))
    tokens = _without_title(tokens, title)
    headings = _headings(tokens)
    ids = frozenset(heading.id for heading in headings)
    for token in tokens:
        _defuse(token)
    rendered = parser.renderer.render(tokens, parser.options, {})

    def attribute(tag: str, name: str, value: str) -> str | None:
        if (tag, name) == ("a", "href"):
            return _address(value, ids, follow) or None
        if name == "id":
            return value if value in ids else None
        return value

    clean = nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes={
            "*": set(),  # else it is `lang` and `title`
            "a": {"href"},
            "details": {"open"},
            "ol": {"start"},
            **{f"h{n}": {"id"} for n in range(2, 7)},
        },
        set_tag_attribute_values={"pre": {"tabindex": "0"}, "th": {"scope": "col"}},
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    # Nothing else in it looks like this: text is escaped, and addresses are quoted.
    clean = clean.replace("<table>", f"{_TABLE}<table>").replace("</table>", "</table></div>")
    shown = tuple(heading for heading in headings if heading.level <= 3)[:MOST_HEADINGS]
    return Rendered(html=Markup(clean), headings=shown)  # noqa: S704 - sanitized right above


def is_costly(text: str) -> bool:
    """Whether a text has so much markup that rendering it would hold up others: it is shown as text."""
    marks = sum(map(text.count, "[]*_~`|&!"))
    return 3 * text.count("\n") + marks + 8 * text.count("<") > MOST_WORK


def _parser() -> MarkdownIt:
    """A parser of its own for each page: several threads render at once."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    parser.options["maxNesting"] = 20
    parser.core.ruler.before("inline", "long", _leave_long)
    return parser


def _leave_long(state: StateCore) -> None:
    """Show what is too long to be parsed as it is written."""
    for token in state.tokens:
        if token.type == "inline" and len(token.content) > LONGEST_INLINE:
            token.type, token.tag = "text", ""


def _quoted(text: str) -> str:
    """Admonitions of MkDocs and alerts of forges as quotes that begin with their name."""
    lines: list[str] = []
    fence, inside = "", False
    for line in text.split("\n"):
        marker = _FENCE.match(line)
        if not inside and marker:
            closes = fence and marker[1].startswith(fence)
            fence = "" if closes else fence or marker[1]
        if fence:
            lines.append(line)
            continue
        if inside and (line.startswith("    ") or not line.strip()):
            lines.append(f"> {line[4:]}" if line.strip() else ">")
            continue
        if inside:
            inside = False
            lines.append("")
        if found := _ADMONITION.fullmatch(line):
            name = found[2].capitalize() if found[3] is None else found[3]
            lines += ["", f"> **{name}**" if name else ">", ">"]
            inside = True
        elif alert := _ALERT.fullmatch(line):
            lines += [f"{alert[1]}**{alert[2].capitalize()}**", alert[1].rstrip()]
        else:
            lines.append(line)
    return "\n".join(lines)


def _without_title(tokens: list[Token], title: str) -> list[Token]:
    begins = len(tokens) > 2 and tokens[0].type == "heading_open" and tokens[0].tag == "h1"
    return tokens[3:] if begins and _plain(tokens[1]) == title else tokens


def _headings(tokens: Sequence[Token]) -> list[Heading]:
    """Number the headings below that of the page, without a step left out, and give them ids."""
    found: list[Heading] = []
    used: dict[str, int] = {}
    above: list[int] = []
    for place, token in enumerate(tokens):
        if token.type != "heading_open":
            continue
        written = int(token.tag[1])
        above = [one for one in above if one < written]
        above.append(written)
        token.tag = tokens[place + 2].tag = f"h{min(6, len(above) + 2)}"
        text = _plain(tokens[place + 1])
        slug = _slug(text)
        count = used.get(slug, 0)
        used[slug] = count + 1
        id_ = f"{ID}{slug}-{count}" if count else f"{ID}{slug}"
        token.attrs["id"] = id_
        if text:
            found.append(Heading(id=id_, text=text, level=len(above)))
    return found


def _slug(text: str) -> str:
    """As forges make them: links on a page are written for those."""
    kept = (c for c in unicodedata.normalize("NFC", text.lower()) if c.isalnum() or c in " -_")
    return "".join(kept).replace(" ", "-")[:100]


def _plain(token: Token) -> str:
    texts = [one.content for one in token.children or () if one.type in ("text", "code_inline")]
    return " ".join("".join(texts).split())


def _defuse(token: Token) -> None:
    """Take from a token what the page has no place for."""
    token.attrs.pop("style", None)  # alignment of table columns; the policy forbids it
    if token.type == "text" and token.children is not None:
        token.children = None
    if token.type == "html_block":
        token.content = _tamed(token.content)
    if token.children:
        token.children = _children(token.children)


def _children(children: Sequence[Token]) -> list[Token]:
    """The same with links for images; in a link an image is its words."""
    found: list[Token] = []
    depth = 0
    for child in children:
        depth += child.nesting if child.type in ("link_open", "link_close") else 0
        if child.type == "html_inline":
            child.content = _tamed(child.content)
        if child.type != "image":
            found.append(child)
            continue
        source = str(child.attrs.get("src", ""))
        words = Token("text", "", 0, content=child.content or _name(source) or "image")
        if depth:
            found.append(words)
        else:
            opening = Token("link_open", "a", 1, attrs={"href": source})
            found += [opening, words, Token("link_close", "a", -1)]
    return found


def _name(address: str) -> str:
    return address.partition("?")[0].rpartition("/")[2]


def _tamed(html: str) -> str:
    """Raw HTML with its headings as strong paragraphs, and its images as their words."""
    html = _RAW_HEADING.sub(lambda tag: "</strong></p>" if tag[1] else "<p><strong>", html)
    return _RAW_IMAGE.sub(_words, html)


def _words(tag: re.Match[str]) -> str:
    alt = _ALT.search(tag[0])
    return str(escape(unescape(alt[1] or alt[2] or ""))) if alt else ""


def _address(value: str, ids: frozenset[str], follow: Follow) -> str:
    """Where a link leads, without a character that could be taken for markup; '': nowhere."""
    if value.startswith("#"):
        wanted = ID + value[1:].lower()
        return f"#{wanted}" if wanted in ids else ""
    found = follow(value)
    return found.replace("<", "%3C").replace(">", "%3E").replace('"', "%22")
