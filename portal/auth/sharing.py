"""Which pages of other sites may ask the APIs, and the headers by which their browser lets them.

Only who shows a token is answered there, or everybody where everybody may ask: the cookie of who signed
in here is for our own pages, and no answer allows other sites to send it.
"""

from __future__ import annotations

from catalog.globs import compile_glob
from portal.config import Sharing

PREFIX = "/api/"
"""Pages have no business with other pages."""

_Headers = list[tuple[str, str]]


class Sharers:
    """The other sites that the operator named."""

    def __init__(self, sharing: Sharing | None) -> None:
        self._sharing = sharing
        origins = sharing.origins if sharing else ()
        globs = (compile_glob(one, ignore_case=True, dot=True) for one in origins)
        self._globs = tuple(glob for glob in globs if glob is not None)

    def may_ask(self, origin: str | None, path: str) -> bool:
        """Whether a page of `origin` may ask for `path`, which is below the base path."""
        # `null` is the origin of every page that has none.
        if origin is None or "://" not in origin or not path.startswith(PREFIX):
            return False
        return any(glob.matches(origin) for glob in self._globs)

    def headers(self, origin: str | None, path: str) -> _Headers:
        """What an answer says of this; the same answer may not be shown to another origin."""
        if self._sharing is None or not path.startswith(PREFIX):
            return []
        found = [("Vary", "Origin")]
        if origin is not None and self.may_ask(origin, path):
            found.append(("Access-Control-Allow-Origin", origin))
            if self._sharing.exposed:
                found.append(("Access-Control-Expose-Headers", ",".join(self._sharing.exposed)))
        return found

    def permission(self, asked: str) -> _Headers:
        """What a browser is told that asks beforehand, with the headers that the page is to send."""
        if self._sharing is None:
            return []
        found = [("Access-Control-Allow-Methods", ",".join(self._sharing.methods))]
        if headers := ",".join(self._sharing.headers) or asked:
            found.append(("Access-Control-Allow-Headers", headers))
        if self._sharing.seconds is not None:
            found.append(("Access-Control-Max-Age", str(self._sharing.seconds)))
        return found
