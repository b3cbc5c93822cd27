"""URLs of indexes and packages, without the secrets that are written into them."""

from __future__ import annotations

import re
from typing import overload

_AUTHORITY = re.compile(r"^([^/?#]*:)?//([^/?#]*)")
_HOST = re.compile(r"(?:\[[^\]]*\]|[^:\[\]]*)(?::\d*)?")
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
    scheme, _, host, rest = _parts(url)
    path, mark, fragment = rest.partition("#")
    return f"{scheme}{host}{path.partition('?')[0] if scheme else path}{mark}{fragment}"


def has_credentials(url: str) -> bool:
    """Whether a URL holds a secret itself, and not only the name of a variable that does."""
    scheme, user, _, _ = _parts(url)
    if (not scheme or "ssh" in scheme) and ":" not in user:
        return False
    return any(part and not _VARIABLE.fullmatch(part) for part in user.split(":"))


def _parts(url: str) -> tuple[str, str, str, str]:
    """What stands before the user (``https://``), the user with the password, the host, and the rest."""
    found = _AUTHORITY.match(url)
    if found is None:  # git@host:path, or a host without its scheme
        first, slash, rest = url.partition("/")
        user, _, host = first.rpartition("@")
        return "", user, host, f"{slash}{rest}"
    scheme, authority, rest = f"{found.group(1) or ''}//", found.group(2), url[found.end() :]
    if "@" not in authority and "@" in rest and not _HOST.fullmatch(authority):  # a password that is not escaped
        user, _, after = f"{authority}{rest}".rpartition("@")
        host = re.split("[/?#]", after, maxsplit=1)[0]
        return scheme, user, host, after[len(host) :]
    user, _, host = authority.rpartition("@")
    return scheme, user, host, rest


def cleaned(text: str) -> str:
    """Any text with the URLs in it cleaned, for messages."""
    return _ANY.sub(lambda found: clean(found.group()), text)
