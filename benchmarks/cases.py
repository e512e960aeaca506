"""The read cases: what Backstage's frontend and scripts ask for, and what the answers have to be.

A case is a number of requests and a check of their answers against the corpus, so that a server
cannot be fast by being wrong. Sampled with a fixed seed: every server gets the same requests.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import orjson
import requests

SEARCHED = "metadata.name,metadata.title,spec.profile.displayName"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request to a catalog, and what is expected of it."""

    path: str
    """With its query, below `/api/catalog`."""
    check: Callable[[Any], bool]
    """Whether the JSON of the answer is right."""
    body: bytes = b""
    """Of a POST; empty: a GET."""

    def raw(self, host: str, prefix: str, headers: dict[str, str]) -> bytes:
        """As it goes over the wire."""
        lines = [f"{'POST' if self.body else 'GET'} {prefix}{self.path} HTTP/1.1", f"Host: {host}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """The entities that a server should have, by kind: what the checks know."""

    refs: list[str]
    seed: int = 1
    by_kind: dict[str, list[str]] = field(default_factory=dict)

    def sample(self, refs: Sequence[str], count: int) -> list[str]:
        """Some of the refs, always the same."""
        return random.Random(self.seed).sample(refs, min(count, len(refs)))


def corpus_of(refs: list[str], seed: int = 1) -> Corpus:
    """The corpus of a manifest's refs."""
    by_kind: dict[str, list[str]] = {}
    for ref in refs:
        by_kind.setdefault(ref.partition(":")[0], []).append(ref)
    return Corpus(refs=refs, seed=seed, by_kind=by_kind)


def cases(corpus: Corpus, first_page: Callable[[str], Any]) -> dict[str, list[Request]]:
    """Every case by name. `first_page` answers a path: the cursor comes from the server itself."""
    components = sorted(_name(ref) for ref in corpus.by_kind["component"])
    groups = corpus.by_kind["group"]
    words = sorted({part for name in components for part in name.split("-")[:2]})
    page = _by_query(filter="kind=component", orderField="metadata.name,asc", limit=20)
    cursor = first_page(page)["pageInfo"]["nextCursor"]
    return {
        "page20": [Request(path=page, check=_page(components[:20], len(components)))],
        "page20-cursor": [
            Request(path=_by_query(cursor=cursor, limit=20), check=_page(components[20:40]))
        ],
        "page20-fulltext": [_searched(word, components) for word in corpus.sample(words, 200)],
        "page20-owner": [_owned(ref) for ref in corpus.sample(groups, 200)],
        "count-limit0": [
            Request(
                path=_by_query(filter="kind=component", limit=0), check=_page([], len(components))
            )
        ],
        "by-name": [_named(ref) for ref in corpus.sample(corpus.refs, 2000)],
        "ancestry": [_ancestry(ref) for ref in corpus.sample(corpus.refs, 500)],
        "by-refs-100": [
            _batch(random.Random(f"{corpus.seed}/{n}").sample(corpus.refs, 100)) for n in range(50)
        ],
        "facets-kind-type": [_facets(corpus)],
        "facets-ui-tags": [_tags(len(components))],
        "list-groups": [_list("?filter=kind%3Dgroup", groups)],
        "list-all": [_list("", corpus.refs)],
    }


def _by_query(**query: Any) -> str:
    return "/entities/by-query?" + urlencode(query, quote_via=quote)


def _name(ref: str) -> str:
    return ref.partition("/")[2]


def _ref(entity: Any) -> str:
    metadata = entity["metadata"]
    return f"{entity['kind']}:{metadata['namespace']}/{metadata['name']}".lower()


def _page(names: Sequence[str], total: int | None = None) -> Callable[[Any], bool]:
    def check(answer: Any) -> bool:
        shown = [entity["metadata"]["name"] for entity in answer["items"]]
        return shown == list(names) and total in (None, answer["totalItems"])

    return check


def _searched(word: str, components: Sequence[str]) -> Request:
    least = sum(word in name for name in components)

    def check(answer: Any) -> bool:
        texts = (orjson.dumps([e["metadata"], e["spec"]]).lower() for e in answer["items"])
        return answer["totalItems"] >= least and all(word.encode() in text for text in texts)

    query = {"fullTextFilterTerm": word, "fullTextFilterFields": SEARCHED}
    path = _by_query(filter="kind=component", orderField="metadata.name,asc", limit=20, **query)
    return Request(path=path, check=check)


def _owned(group: str) -> Request:
    def check(answer: Any) -> bool:
        owner = {"type": "ownedBy", "targetRef": group}
        return all(owner in entity["relations"] for entity in answer["items"])

    wanted = f"kind=component,relations.ownedBy={group}"
    return Request(
        path=_by_query(filter=wanted, orderField="metadata.name,asc", limit=20), check=check
    )


def _named(ref: str) -> Request:
    return Request(path=_by_name(ref), check=lambda answer: _ref(answer) == ref.lower())


def _by_name(ref: str) -> str:
    kind, _, rest = ref.partition(":")
    return f"/entities/by-name/{kind}/{rest}"


def _ancestry(ref: str) -> Request:
    return Request(
        path=_by_name(ref) + "/ancestry",
        check=lambda answer: answer["rootEntityRef"] == ref.lower() and bool(answer["items"]),
    )


def _batch(refs: list[str]) -> Request:
    return Request(
        path="/entities/by-refs",
        body=orjson.dumps({"entityRefs": refs}),
        check=lambda answer: (
            [_ref(entity) for entity in answer["items"]] == [ref.lower() for ref in refs]
        ),
    )


def _facets(corpus: Corpus) -> Request:
    def check(answer: Any) -> bool:
        counts = {row["value"].lower(): row["count"] for row in answer["facets"]["kind"]}
        kinds = {kind: len(refs) for kind, refs in corpus.by_kind.items()}
        return kinds.items() <= counts.items() and bool(answer["facets"]["spec.type"])

    return Request(path="/entity-facets?facet=kind&facet=spec.type", check=check)


def _tags(components: int) -> Request:
    def check(answer: Any) -> bool:
        counts = [row["count"] for row in answer["facets"]["metadata.tags"]]
        return 0 < max(counts) <= components

    return Request(path="/entity-facets?facet=metadata.tags&filter=kind%3Dcomponent", check=check)


def _list(query: str, refs: Sequence[str]) -> Request:
    expected = {ref.lower() for ref in refs}
    return Request(
        path=f"/entities{query}", check=lambda answer: expected <= {_ref(e) for e in answer}
    )


def ask(session: requests.Session, base: str, request: Request) -> Any:
    """The answer's JSON. Raises `requests.HTTPError`."""
    if request.body:
        headers = {"Content-Type": "application/json"}
        answer = session.post(base + request.path, request.body, headers=headers, timeout=300)
    else:
        answer = session.get(base + request.path, timeout=300)
    answer.raise_for_status()
    return orjson.loads(answer.content)
