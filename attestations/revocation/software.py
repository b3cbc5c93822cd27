"""A software package that is asked about, and whether what some evidence names is it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...errors import UsageError

if TYPE_CHECKING:
    from packageurl import PackageURL

PYPI = "pypi"
IMAGES = ("docker", "oci")
_RUNS = re.compile(r"[-_.]+")
_DIGEST = re.compile(r"[a-z0-9]+:[0-9a-f]{32,}")


@dataclass(frozen=True)
class Software:
    """A piece of software, as somebody names it.

    Args:
        name: with its namespace, if it has one, such as ``numpy`` or ``@angular/core``.
        ecosystem: type of a package URL, such as ``pypi``; None where nobody says.
        versions: each way in which its version is told (an image has a tag, a digest or both); empty for none.
        repository: of an image or a package, where its URL names one.
    """

    name: str
    ecosystem: str | None = None
    versions: tuple[str, ...] = ()
    repository: str = ""

    def __str__(self) -> str:
        told = " ".join((self.name, *self.versions))
        return told if self.ecosystem in (None, PYPI) else f"{self.ecosystem} {told}"


def asked_software(text: str) -> Software:
    """What a user asks about: ``NAME``, ``NAME==VERSION``, ``NAME@VERSION`` or a package URL.

    Raises:
        UsageError: it is a malformed package URL, or names nothing.
    """
    if text.startswith("pkg:"):
        try:
            return from_purl(text)
        except ValueError as error:
            raise UsageError(f"{text!r} is no package URL", why=str(error), remedy=_REMEDY) from error
    name, equals, version = text.partition("==")
    if not equals and "@" in text[1:]:  # the first character may be that of a scope: @angular/core
        name, _, version = text.rpartition("@")
    if not name.strip() or (version == "" and name != text):
        raise UsageError(f"{text!r} names no package", why="its name or its version is empty", remedy=_REMEDY)
    return Software(name.strip(), versions=(version.strip(),) if version.strip() else ())


def from_purl(text: str) -> Software:
    """The software that a package URL names (https://github.com/package-url/purl-spec).

    Raises:
        ValueError: it is none.
    """
    from packageurl import PackageURL

    url: PackageURL = PackageURL.from_string(text)
    name = f"{url.namespace}/{url.name}" if url.namespace else url.name
    qualifiers: Mapping[str, str] = url.qualifiers if isinstance(url.qualifiers, Mapping) else {}
    versions = (url.version,) if url.version else ()
    return Software(name, url.type, versions, qualifiers.get("repository_url", ""))


def from_image(reference: str) -> Software:
    """The software that a container image is, by the reference under which it is pulled: ``HOST/NAME:TAG@DIGEST``."""
    place, _, digest = reference.partition("@")
    head, slash, last = place.rpartition("/")
    last, _, tag = last.partition(":")
    return Software(f"{head}{slash}{last}", IMAGES[0], tuple(part for part in (tag, digest) if part))


def same_name(asked: Software, found: Software) -> bool:
    """Whether something may be what is asked about, whatever its version.

    Who asks by a plain name asks for everything of that name; what does not say of which ecosystem it is may be of any.
    """
    if asked.ecosystem in IMAGES and found.ecosystem in IMAGES:
        return _same_image(asked, found)
    if asked.ecosystem is not None and found.ecosystem is not None:
        normal = asked.ecosystem == PYPI
        one, other = ((_normal(item.name) if normal else item.name) for item in (asked, found))
        return asked.ecosystem == found.ecosystem and one == other
    wanted = _normal(asked.name)
    return wanted in (_normal(found.name), _normal(found.name.rpartition("/")[2]))


def same_version(asked: Software, found: Software) -> bool | None:
    """Whether something has the version that is asked about, if one is; None where it does not tell its version."""
    if not asked.versions:
        return True
    pairs = [(one, other) for one in asked.versions for other in found.versions if _is_digest(one) is _is_digest(other)]
    return any(_equal(one, other) for one, other in pairs) if pairs else None


def _is_digest(version: str) -> bool:
    return _DIGEST.fullmatch(version) is not None


def _same_image(asked: Software, found: Software) -> bool:
    """By as much of its path as is asked for; the host is compared where the URL names it."""
    place = found.name.split("/")
    parts = asked.name.split("/")
    repository = asked.repository.rstrip("/")
    if repository and found.name not in (repository, f"{repository}/{asked.name}"):
        return False
    return place[-len(parts) :] == parts


def _equal(one: str, other: str) -> bool:
    """By PEP 440 where both are versions of it, so that 1.0 is 1.0.0."""
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _normal(name: str) -> str:
    """PEP 503."""
    return _RUNS.sub("-", name).lower()


_REMEDY = "write NAME, NAME==VERSION or a package URL such as pkg:pypi/requests@2.31.0"
