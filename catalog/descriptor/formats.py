"""The formats of Backstage's envelope, as questions: is this text a name, a tag, a label key?

Source: catalog-model 1.10.1, reference sections 2.2 and 2.3. It decides; what to say to the author
is `catalog.descriptor.validation`.
"""

from __future__ import annotations

import re
from functools import lru_cache

LONGEST_NAME = 63
"""Characters of a name, a namespace, a kind, a tag, or one label of a DNS name."""
LONGEST_PREFIX = 253
"""Characters of the DNS name before the slash of a label or annotation key."""

_NAME = re.compile(r"(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_NAMESPACE = re.compile(r"[a-z0-9]+(?:-+[a-z0-9]+)*")
_TAG = re.compile(r"[a-z0-9:+#]+(?:-[a-z0-9:+#]+)*")
_KIND = re.compile(r"[a-zA-Z][a-z0-9A-Z]*")
_VERSION = re.compile(r"[a-z0-9A-Z]+")


def is_name(text: str) -> bool:
    """Whether `text` can be a `metadata.name`, or the part of a key after its slash."""
    return len(text) <= LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Whether `text` can be a `metadata.namespace`: lower case only, whatever the docs say."""
    return len(text) <= LONGEST_NAME and _NAMESPACE.fullmatch(text) is not None


def is_kind(text: str) -> bool:
    """Whether `text` has the form of a kind; a foreign one may have it too."""
    return len(text) <= LONGEST_NAME and _KIND.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def is_tag(text: str) -> bool:
    """Whether `text` can be a tag. A colon is allowed, though Backstage's message omits it."""
    return len(text) <= LONGEST_NAME and _TAG.fullmatch(text) is not None


@lru_cache(maxsize=8192)
def is_key(text: str) -> bool:
    """Whether `text` can be the key of a label or an annotation: `[prefix/]name`."""
    prefix, slash, name = text.rpartition("/")
    return is_name(name) and (not slash or is_dns_name(prefix))


def is_label_value(text: str) -> bool:
    """Whether `text` can be the value of a label."""
    return not text or is_name(text)


@lru_cache(maxsize=1024)
def is_api_version(text: str) -> bool:
    """Whether `text` has the form of an `apiVersion`: `[prefix/]version`."""
    prefix, slash, version = text.rpartition("/")
    return (
        len(version) <= LONGEST_NAME
        and _VERSION.fullmatch(version) is not None
        and (not slash or is_dns_name(prefix))
    )


def is_dns_name(text: str) -> bool:
    """Whether `text` is a lower-case DNS name."""
    return len(text) <= LONGEST_PREFIX and all(is_namespace(label) for label in text.split("."))
