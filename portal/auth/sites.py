"""Whether a request may be heard at all: where it says it goes, and where it comes from."""

from __future__ import annotations

from urllib.parse import urlsplit

from portal.config import Settings, is_loopback

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def is_known_host(host: str, settings: Settings) -> bool:
    """Whether a `Host` header names this portal: against DNS rebinding, while everyone may ask.

    A page of a foreign site can make a name of its own point at the loopback address, but it cannot
    make the browser send another name than that.
    """
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return False
    return bool(name) and (is_loopback(name or "") or name in settings.allowed_hosts)


def is_same_site(
    *, fetch_site: str | None, origin: str | None, host: str, settings: Settings
) -> bool:
    """Whether an unsafe request comes from our own pages, or from no page at all.

    Browsers say so by `Sec-Fetch-Site`, older ones by `Origin` alone; other programs send neither.
    """
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    own = {f"http://{host}", f"https://{host}"}
    if settings.base_url:
        parts = urlsplit(settings.base_url)
        own = {f"{parts.scheme}://{parts.netloc}"} | (
            {f"http://{host}"} if not settings.is_https else set()
        )
    return origin in own
