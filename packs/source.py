"""How a source of policies is written, and what of it may be shown.

- ``policies/acme`` or ``acme.tar.gz``: a folder or an OPA bundle on this machine;
- ``git+https://host/repo@<commit>#folder``, also ``git+ssh`` and ``git+file``; or a branch or tag, to be locked;
- ``oci://registry/name@sha256:<digest>``, or ``oci://registry/name:tag`` to be locked;
- ``https://host/acme.tar.gz#sha256=<digest>``, or without the digest to be locked.

Plain ``http`` is for this machine only. Credentials (``user:password@`` and a query) are used and never shown: not in
an error, an assessment or a lock file.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import SplitResult, unquote, urlsplit

from ..errors import PolicyError, UsageError
from ..evaluator.names import odd_characters
from .pack import BUILT_IN

_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_REF = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]*")
_FOLDER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*")
_REPOSITORY = re.compile(r"/[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
_PACKED = (".tar.gz", ".tgz")
_FORMS = "a folder, a .tar.gz bundle, git+https://, git+ssh://, git+file://, oci:// or https://"


class Kind(StrEnum):
    """Where a source is."""

    FOLDER = "folder"
    BUNDLE = "bundle"
    GIT = "git"
    OCI = "oci"
    HTTP = "http"


@dataclass(frozen=True)
class Source:
    """A source of policies.

    Args:
        kind: where it is.
        place: path or URL, without credentials, pin and folder.
        pin: commit or SHA-256 that fixes the content; empty for what is here, and for what must be locked.
        ref: branch, tag or OCI tag, where that is named instead of a pin.
        folder: below the top of a git repository.
        user: credentials, ``user:password``; never shown.
        query: of the URL; never shown.
    """

    kind: Kind
    place: str
    pin: str = ""
    ref: str = ""
    folder: str = ""
    user: str = field(default="", repr=False)
    query: str = field(default="", repr=False)

    @property
    def remote(self) -> bool:
        """The network is needed to reach it."""
        return self.kind in (Kind.GIT, Kind.OCI, Kind.HTTP) and not self.place.startswith("file://")

    @property
    def shown(self) -> str:
        """The source as it is recorded: without credentials."""
        return self.pinned(self.pin)

    @property
    def name(self) -> str:
        """The last part of where it is, for a pack that states no name."""
        last = (self.folder or self.place).rstrip("/").rpartition("/")[2]
        for end in (*_PACKED, ".git"):
            last = last.removesuffix(end)
        return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip(".-") or "policies"

    def pinned(self, pin: str) -> str:
        """The source with a given pin instead of its own."""
        fixed = pin or self.ref
        if self.kind is Kind.GIT:
            return f"git+{self.place}@{fixed}" + (f"#{self.folder}" if self.folder else "")
        if self.kind is Kind.OCI:
            return f"oci://{self.place}" + (f"@sha256:{pin}" if pin else f":{self.ref}")
        return self.place + (f"#sha256={pin}" if pin and self.kind is Kind.HTTP else "")


def parse_source(text: str) -> Source:
    """Read a source.

    Args:
        text: as the manifest or the command line has it.

    Raises:
        UsageError: it is none; what it says of credentials is not repeated.
    """
    if not text.strip() or (odd := odd_characters(text) if "://" in text else ""):
        raise UsageError("a source of policies is wrong", why=f"it has {odd}" if text.strip() else "it is empty")
    if text == BUILT_IN:
        raise UsageError(
            f"{BUILT_IN} is no source",
            why="it is what the pack of the installed release is called",
            remedy=f"leave it out, for other packs lie on it anyway; a folder of that name is ./{BUILT_IN}",
        )
    if "://" not in text:
        return Source(Kind.BUNDLE if text.endswith(_PACKED) else Kind.FOLDER, text)
    scheme = text.partition("://")[0].lower()
    try:
        url = urlsplit(text.removeprefix("git+"))
        url.port  # noqa: B018  it is read for its check
    except ValueError as error:
        raise UsageError("a source of policies is no URL", why=f"it begins with {scheme}://") from error
    if scheme in ("git+https", "git+http", "git+ssh", "git+file"):
        return _git(url)
    if scheme == "oci":
        return _oci(url)
    if scheme in ("https", "http"):
        return _http(url)
    raise UsageError(f"policies cannot come from {scheme}://", why=f"they come from {_FORMS}")


def is_loopback(host: str | None) -> bool:
    """True for this machine: ``localhost``, or an address of the loopback network."""
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def offline(source: Source) -> PolicyError:
    """The error of a source that is not here and may not be fetched."""
    return PolicyError(
        f"{source.shown} is not in the cache",
        why="it is remote, and the network is used only where that is asked for",
        remedy="run 'probatum policy lock --online' once: it is then found by its digest",
    )


def _git(url: SplitResult) -> Source:
    path, at, ref = url.path.rpartition("@")
    shown = _shown(url, path or url.path)
    if not at:
        raise _wrong(f"git+{shown}", "it names no commit", "write git+https://host/repo@<commit>#folder")
    if not _REF.fullmatch(ref) or ".." in ref:
        raise _wrong(f"git+{shown}", f"{ref!r} is no commit, branch or tag", "write the commit's 40 hexadecimal digits")
    if url.fragment and (not _FOLDER.fullmatch(url.fragment)):
        raise _wrong(f"git+{shown}", f"{url.fragment!r} is no folder below its top", "write #path/of/folder")
    if url.query:
        raise _wrong(f"git+{shown}", "it has a query", "leave it out")
    _check_place(url, f"git+{shown}", needs_host=url.scheme != "file")
    if url.scheme == "ssh":  # the user of ssh is part of the address, and no secret
        user = f"{url.username}@" if url.username else ""
        return Source(Kind.GIT, f"ssh://{user}{_host(url)}{path}", *_pin(ref, _COMMIT), url.fragment)
    return Source(Kind.GIT, shown, *_pin(ref, _COMMIT), url.fragment, _user(url))


def _oci(url: SplitResult) -> Source:
    path, at, digest = url.path.partition("@")
    tag = ""
    if not at:
        path, _, tag = path.partition(":")
    shown = f"{_host(url)}{path}"
    if not _REPOSITORY.fullmatch(path) or url.query or url.fragment:
        raise _wrong(f"oci://{shown}", "the repository is wrong", "write oci://registry/name@sha256:<digest>")
    if at and not _SHA256.fullmatch(digest.removeprefix("sha256:")):
        raise _wrong(f"oci://{shown}", "the digest is wrong", "write oci://registry/name@sha256:<digest>")
    if not at and not _TAG.fullmatch(tag):
        raise _wrong(f"oci://{shown}", "it names neither digest nor tag", "write oci://registry/name@sha256:<digest>")
    if not url.hostname:
        raise _wrong(f"oci://{shown}", "it names no registry", "write oci://registry/name@sha256:<digest>")
    return Source(Kind.OCI, shown, digest.removeprefix("sha256:"), tag, user=_user(url))


def _http(url: SplitResult) -> Source:
    shown = _shown(url, url.path)
    _check_place(url, shown)
    name, _, digest = url.fragment.partition("=")
    if url.fragment and (name != "sha256" or not _SHA256.fullmatch(digest)):
        raise _wrong(shown, "what follows # is no digest", "write #sha256=<64 hexadecimal digits>")
    if not url.path.endswith(_PACKED):
        raise _wrong(shown, "it does not end in .tar.gz", "give the URL of an OPA bundle")
    return Source(Kind.HTTP, shown, digest, user=_user(url), query=url.query)


def _check_place(url: SplitResult, shown: str, *, needs_host: bool = True) -> None:
    if needs_host and not url.hostname:
        raise _wrong(shown, "it names no host", "write the whole URL")
    if url.scheme == "http" and not is_loopback(url.hostname):
        raise _wrong(shown, "plain http can be changed on its way", "use https")
    if not needs_host and url.netloc:
        raise _wrong(shown, "a file has no host", "write git+file:///path/of/repository@<commit>")


def _shown(url: SplitResult, path: str) -> str:
    return f"{url.scheme}://{_host(url)}{path}"


def _host(url: SplitResult) -> str:
    return url.netloc.rpartition("@")[2]


def _user(url: SplitResult) -> str:
    if url.username is None:
        return ""
    return f"{unquote(url.username)}:{unquote(url.password or '')}"


def _pin(ref: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    return (ref, "") if pattern.fullmatch(ref) else ("", ref)


def _wrong(shown: str, why: str, remedy: str) -> UsageError:
    return UsageError(f"the source of policies {shown} is wrong", why=why, remedy=remedy)
