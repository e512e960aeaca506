"""What is wrong with the structure of a page, as far as its source can tell."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Structure(HTMLParser):
    """Collects faults while a page is fed to it."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []
        self.ids: list[str] = []
        self.fragments: list[str] = []
        self.named: list[str] = []
        """Ids of what names or explains something else."""
        self.headings: list[int] = []
        self.labels: set[str] = set()
        self.controls: list[tuple[str, dict[str, str | None]]] = []
        self.landmarks: list[str] = []
        self._open: list[str] = []
        self._texts: list[tuple[str, dict[str, str | None], list[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self._open.append(tag)
        for name in given:
            if name == "style" or name.startswith("on"):
                self.faults.append(f"<{tag} {name}>: the policy forbids it")
        if tag == "script" and not (
            given.get("type") == "module" and "/static/plumbline.js?v=" in (given.get("src") or "")
        ):
            self.faults.append("a script that is not ours")
        if tag in ("style", "iframe", "object", "img"):
            self.faults.append(f"<{tag}> is not wanted")
        href = given.get("href") or ""
        if href.lower().lstrip().startswith(("javascript:", "data:", "vbscript:")):
            self.faults.append(f"link to {href}")
        if href.startswith("#") and tag == "a":
            self.fragments.append(href[1:])
        if given.get("id"):
            self.ids.append(str(given["id"]))
        for name in ("aria-describedby", "aria-labelledby"):
            self.named += (given.get(name) or "").split()
        if tag in HEADINGS:
            self.headings.append(int(tag[1]))
        if tag in ("header", "nav", "main", "footer", "form", "aside"):
            self.landmarks.append(tag)
        if tag == "nav" and not given.get("aria-label"):
            self.faults.append("a nav has no name")
        if tag == "th" and "scope" not in given:
            self.faults.append("a th has no scope")
        if tag == "label":
            self.labels.add(given.get("for") or "")
        if tag in ("input", "select", "textarea") and given.get("type") != "hidden":
            self.controls.append((tag, given))
        if tag == "svg" and not (given.get("aria-hidden") == "true" or given.get("aria-label")):
            self.faults.append("an svg is neither hidden nor named")
        if tag in ("a", "button", "summary"):
            self._texts.append((tag, given, []))

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes <{self._open[-1] if self._open else ''}>")
        else:
            self._open.pop()
        if tag in ("a", "button", "summary") and self._texts:
            name, given, texts = self._texts.pop()
            if not "".join(texts).strip() and not given.get("aria-label"):
                self.faults.append(f"a {name} has no text: {given}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_data(self, data: str) -> None:
        for _, _, texts in self._texts:
            texts.append(data)


def faults(html: str) -> list[str]:
    """Everything that is wrong; empty for a page as it should be."""
    page = Structure()
    page.feed(html)
    page.close()
    found = list(page.faults)
    found += [f"<{tag}> is never closed" for tag in page._open]
    found += [f"id {one} is there twice" for one in {i for i in page.ids if page.ids.count(i) > 1}]
    found += [f"#{one} leads nowhere" for one in page.fragments if one not in page.ids]
    found += [
        f"nothing has the id {one}, which is to be read" for one in {*page.named} - {*page.ids}
    ]
    if page.headings.count(1) != 1:
        found.append(f"{page.headings.count(1)} h1")
    steps = zip(page.headings, page.headings[1:], strict=False)
    found += [f"h{a} is followed by h{b}" for a, b in steps if b > a + 2]
    found += [
        f"{tag} {given.get('name')} has no label"
        for tag, given in page.controls
        if given.get("id") not in page.labels
    ]
    found += [
        f"no {one}" for one in ("header", "nav", "main", "footer") if one not in page.landmarks
    ]
    if '<html lang="en">' not in html:
        found.append("no language")
    return found
