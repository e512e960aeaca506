"""Filters of the templates: times, counts, and Markdown made safe.

Markdown comes from repositories and from authors of scorecards. Raw HTML in it is text; what is
rendered is sanitized once more; links lead to the web or to a mailbox, and images are left out.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import lru_cache

import nh3
from flask import Blueprint
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from portal.ui.models.charts.graph import words
from portal.ui.models.looks import plural
from scorecards.lifecycle import in_words

LONGEST_MARKDOWN = 10_000
"""Characters that are rendered; that more was there is said."""

TAGS = frozenset({"a", "blockquote", "br", "code", "em", "h4", "h5", "h6", "hr", "strong"}) | {
    *("li", "ol", "p", "pre", "table", "tbody", "td", "th", "thead", "tr", "ul")
}
WEB = ("http://", "https://", "mailto:")
_MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|[`*]+|^#+ *", re.MULTILINE)
_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def install(pages: Blueprint) -> None:
    """Make the filters known to the templates."""
    for name, function in (
        ("when", when),
        ("day", day),
        ("moment", moment),
        ("lasts", lasts),
        ("ahead", ahead),
        ("life", in_words),
        ("markdown", markdown),
        ("plain", plain),
        ("plural", plural),
        ("safe_url", safe_url),
        ("words", words),
        ("ticks", ticks),
        ("revision", short_revision),
        ("lower_first", lower_first),
    ):
        pages.add_app_template_filter(function, name)


def lasts(value: timedelta) -> str:
    """'15 min', '1 hour', '2 days': in the largest unit that says it exactly."""
    for unit, word in ((_DAY, "day"), (_HOUR, "hour")):
        if value >= unit and not value % unit:
            return plural(value // unit, word)
    return f"{value / _MINUTE:.3g} min"


def ago(value: datetime, now: datetime) -> str:
    """'12 min ago'; the date itself after 30 days, and for what lies ahead of a minute or more."""
    age = now - value
    if age < -_MINUTE or age > 30 * _DAY:
        return f"{value.day} {value:%b %Y}"
    if age < _MINUTE:
        return "just now"
    if age < _HOUR:
        return f"{age // _MINUTE} min ago"
    if age < 2 * _DAY:
        return f"{plural(age // _HOUR, 'hour')} ago"
    return f"{plural(age // _DAY, 'day')} ago"


def when(value: datetime, now: datetime) -> Markup:
    """The age of a time, with the time itself for machines and on hovering."""
    return _time(value, ago(value, now))


def day(value: datetime, now: datetime) -> Markup:
    """The day of a time; without the year in the last eleven months."""
    recent = timedelta(0) <= now - value < 330 * _DAY
    return _time(value, f"{value.day} {value:%b}" if recent else f"{value.day} {value:%b %Y}")


def moment(value: datetime) -> Markup:
    """The time itself, to the minute."""
    return _time(value, f"{value.day} {value:%b %Y, %H:%M} UTC")


def ahead(value: datetime, now: datetime) -> Markup:
    """How far ahead a time is: 'today', 'in 5 days'; 'overdue' where it has passed."""
    days = (value.date() - now.date()).days
    if value < now:
        return _time(value, "overdue")
    return _time(value, f"in {plural(days, 'day')}" if days else "today")


def _time(value: datetime, text: str) -> Markup:
    return Markup('<time datetime="{}" title="{}">{}</time>').format(
        value.strftime("%Y-%m-%dT%H:%M:%SZ"), value.strftime("%Y-%m-%d %H:%M UTC"), text
    )


def safe_url(url: str) -> bool:
    """Whether a link may lead there."""
    return url.lower().startswith(WEB)


def _attribute(tag: str, name: str, value: str) -> str | None:
    if (tag, name) == ("a", "href"):
        return value if safe_url(value) else None
    return None


@lru_cache(maxsize=1)
def _renderer() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    parser.options["maxNesting"] = 20
    return parser


@lru_cache(maxsize=512)
def markdown(text: str) -> Markup:
    """Safe HTML of a Markdown text. Its headings begin below those of the page."""
    parser = _renderer()
    tokens = parser.parse(text[:LONGEST_MARKDOWN])
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 3)}"
        token.attrs.pop("style", None)  # alignment of table columns; the policy forbids it
    rendered = parser.renderer.render(tokens, parser.options, {})
    clean = nh3.clean(
        rendered,
        tags=set(TAGS),
        attributes={"a": {"href"}},
        attribute_filter=_attribute,
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener noreferrer nofollow",
    )
    if len(text) > LONGEST_MARKDOWN:
        clean += escape("… shortened here; the source has all of it.")
    return Markup(clean)  # noqa: S704 - sanitized right above


def plain(text: str) -> str:
    """Markdown as one line of text: for places where there is room for a sentence."""
    return " ".join(_MARKUP.sub(r"\1", text).split())


def ticks(text: str) -> Markup:
    """Plain text in which what stands between backticks is code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one without its partner
        return escape(text)
    pieces = (
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )
    return Markup("").join(pieces)


def short_revision(revision: str) -> str:
    """The beginning of a commit or digest, without the reader's edition in front of it."""
    return revision.rpartition("/")[2][:12]


def lower_first(text: str) -> str:
    """A sentence to follow a colon; abbreviations keep their capitals."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
