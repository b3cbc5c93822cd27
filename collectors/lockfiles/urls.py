"""URLs of indexes and packages, without the secrets that are written into them."""

from __future__ import annotations

import re
from typing import overload

_AUTHORITY = re.compile(r"^([A-Za-z0-9+.-]*:)?//([^/?#]*)")
_ANY = re.compile(r"(?<![A-Za-z0-9+.-])[A-Za-z0-9+.-]*://\S+")
_VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


@overload
def clean(url: str) -> str: ...
@overload
def clean(url: None) -> None: ...
def clean(url: str | None) -> str | None:
    """A URL without user, password and query.

    All three may hold a secret, and none says where the package comes from. The fragment stays: it names a hash, an egg
    or a subdirectory. Whatever is no URL, such as a path, is returned as it is.
    """
    if url is None:
        return None
    found = _AUTHORITY.match(url)
    if found is None:  # git@host:path, or a host without its scheme
        first, slash, rest = url.partition("/")
        return f"{first.rpartition('@')[2]}{slash}{rest}"
    scheme, authority = found.group(1) or "", found.group(2).rpartition("@")[2]
    rest = url[found.end() :]
    path, mark, fragment = rest.partition("#")
    return f"{scheme}//{authority}{path.partition('?')[0]}{mark}{fragment}"


def has_credentials(url: str) -> bool:
    """Whether a URL holds a secret itself, and not only the name of a variable that does."""
    found = _AUTHORITY.match(url)
    user, at, _ = (found.group(2) if found else url.partition("/")[0]).rpartition("@")
    ssh = found is None or "ssh" in (found.group(1) or "")
    literal = [part for part in user.split(":") if part and not _VARIABLE.fullmatch(part)]
    return bool(at) and bool(literal) and not (ssh and ":" not in user)


def cleaned(text: str) -> str:
    """Any text with the URLs in it cleaned, for messages."""
    return _ANY.sub(lambda found: clean(found.group()), text)
