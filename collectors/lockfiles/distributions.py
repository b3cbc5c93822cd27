"""What file names and URLs of distributions say about name and version."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

VCS = ("git", "hg", "svn", "bzr")
_REVISION = re.compile(r"@([0-9a-f]{40}|[0-9a-f]{64})$")


def name_and_version(filename: str) -> tuple[str | None, str | None]:
    """Name and version of a wheel or source distribution, or None twice."""
    try:
        if filename.endswith(".whl"):
            name, version, _, _ = parse_wheel_filename(filename)
        else:
            name, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None, None
    return str(name), str(version)


def fragment_of(url: str) -> dict[str, str]:
    """The ``key=value`` pairs after ``#``, such as ``egg`` and ``sha256``."""
    pairs = (part.partition("=") for part in url.partition("#")[2].split("&"))
    return {key: unquote(value) for key, _, value in pairs if value}


def last_part(url: str) -> str:
    """The file name at the end of a URL or path."""
    return unquote(urlsplit(url.partition("#")[0]).path).rstrip("/").rpartition("/")[2]


def is_vcs(url: str) -> bool:
    """Whether a URL is pip's ``git+https://…`` or the like."""
    scheme = url.partition("://")[0].lower()
    return scheme.partition("+")[0] in VCS and ("+" in scheme or scheme == "git")


def has_commit(url: str) -> bool:
    """Whether a version-control URL names one whole commit: ``…@<40 or 64 hexadecimal digits>``."""
    return _REVISION.search(url.partition("#")[0].partition("?")[0]) is not None


def normalised(name: str) -> str:
    """A name as PEP 503 writes it."""
    return str(canonicalize_name(name))
