"""Who is asking, what they may do, and whether a request may be heard at all.

The web edge (`portal.api.guard`) asks; sessions are kept by `portal.db.access.sessions`.
"""

from portal.auth.callers import (
    Caller,
    Machine,
    Nobody,
    Person,
    Refused,
    User,
    actor_of,
    allows,
    asker_of,
    may_push,
    refusal,
    tokens_refused,
)
from portal.auth.permissions import Needed, needed_for
from portal.auth.sharing import Sharers
from portal.auth.sites import SAFE_METHODS, is_known_host, is_same_site
from portal.auth.tokens import Tokens

__all__ = [
    "SAFE_METHODS",
    "Caller",
    "Machine",
    "Needed",
    "Nobody",
    "Person",
    "Refused",
    "Sharers",
    "Tokens",
    "User",
    "actor_of",
    "allows",
    "asker_of",
    "is_known_host",
    "is_same_site",
    "may_push",
    "needed_for",
    "refusal",
    "tokens_refused",
]
