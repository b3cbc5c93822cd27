"""The content of a source: from this machine, from the cache by its digest, or, if that was asked for, from afar."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import PolicyError, UsageError
from ..evaluator.archive import read_archive, write_archive
from ..evaluator.bundle import read_packed
from ..evaluator.layout import MANIFEST, Layout, describe, layout_of
from ..evaluator.policy_files import read_file, read_folder
from ..files import read_limited, write_atomic
from .cache import Cache
from .lock import RENEW, Locked
from .signatures import SUFFIXES
from .source import Kind, Source, offline

_MAX_SIGNATURE_BYTES = 1024 * 1024
_LOCK_IT = "run 'probatum policy lock --online', or name the digest itself"


@dataclass(frozen=True)
class Access:
    """How sources may be reached.

    Args:
        base: folder that relative paths are relative to.
        cache: of what was fetched.
        online: the network may be used.
        resolve: branches, tags and addresses without a digest may be resolved: what ``policy lock`` does.
    """

    base: Path
    cache: Cache
    online: bool = False
    resolve: bool = False


@dataclass(frozen=True)
class Content:
    """What a source holds.

    Args:
        find: finds the policies in it; only called when it is known who signed them, because it parses what it finds.
        present: paths of its files that a signature inside must cover.
        read: content of a path; None when there is no such file.
        archive: the bundle's bytes; None for a folder.
        pin: commit or digest that fixes a remote source; empty for files of this machine.
        beside: suffix to content of the signature files beside the bundle.
    """

    find: Callable[[], Layout]
    present: tuple[str, ...]
    read: Callable[[str], bytes | None]
    archive: bytes | None = None
    pin: str = ""
    beside: Mapping[str, bytes] = field(default_factory=dict)


def content_of(source: Source, locked: Locked | None, access: Access) -> Content:
    """Get the content of a source.

    Args:
        source: which.
        locked: its entry in the lock file, if there is one.
        access: how.

    Raises:
        UsageError: it must be locked first.
        PolicyError: it is not here, cannot be fetched, is no policy, or is not what its digest says.
    """
    if source.kind is Kind.FOLDER:
        return _folder(source, access.base / source.place)
    if source.kind is Kind.BUNDLE:
        path = access.base / source.place
        return _bundle(read_packed(path), source.shown, beside=_beside(path))
    pin = _pin(source, locked, access)
    data = _cached(source, locked, pin, access)
    if data is None:
        data = _fetched(source, pin, access)
        _check_archive(source, locked, data)
        access.cache.put(data)
    sha256 = hashlib.sha256(data).hexdigest()
    beside = _beside(access.cache.beside(sha256)) if source.kind is Kind.HTTP else {}
    return _bundle(data, source.shown, pin=pin or sha256, beside=beside)


def _folder(source: Source, root: Path) -> Content:
    sources = read_folder(root)
    if not sources:
        raise PolicyError(f"{source.shown} holds no policies", remedy="give a folder with controls/ in it, or a bundle")

    kept = dict(sources)  # what decides is read once, so that what is checked is what is used
    if (root / MANIFEST).exists():
        kept[MANIFEST] = read_file(root / MANIFEST)

    def read(name: str) -> bytes | None:
        path = root / name
        inside = path.resolve().is_relative_to(root.resolve()) and not Path(name).is_absolute()
        return kept[name] if name in kept else read_file(path) if inside and path.is_file() else None

    def find() -> Layout:
        return Layout(sources, "", *describe(kept.get(MANIFEST), source.shown))

    return Content(find, tuple(kept), read)


def _bundle(data: bytes, shown: str, *, pin: str = "", beside: Mapping[str, bytes] | None = None) -> Content:
    entries = read_archive(data, shown)
    return Content(lambda: layout_of(entries, shown), tuple(entries), entries.get, data, pin, beside or {})


def _pin(source: Source, locked: Locked | None, access: Access) -> str:
    """What fixes the content; empty where an address is resolved by fetching it."""
    if source.pin:
        return source.pin
    reachable = access.online or not source.remote
    if access.resolve:
        if not reachable:
            raise offline(source)
        return _resolved(source, access)
    if locked is None:
        named = f"the branch or tag {source.ref}" if source.ref else "an address without a digest"
        why = f"it names {named}, whose content can change"
        raise UsageError(f"{source.shown} is not fixed", why=why, remedy=_LOCK_IT)
    now = _resolved(source, access) if reachable else ""
    if now not in ("", locked.pin):
        why = f"locked is {locked.pin}, and it is {now} now"
        raise PolicyError(f"{source.shown} has moved", why=why, remedy=RENEW)
    return locked.pin


def _resolved(source: Source, access: Access) -> str:
    if source.kind is Kind.GIT:
        from . import git

        return git.resolve(source)
    if source.kind is Kind.OCI:
        from .oci import Registry
        from .web import Web

        return Registry(source, access.cache, Web()).resolve()
    return ""


def _cached(source: Source, locked: Locked | None, pin: str, access: Access) -> bytes | None:
    """The bundle from the cache, where its digest is known; ``policy lock --online`` looks for new signatures, too."""
    if access.resolve and access.online:
        return None
    if locked is not None and locked.archive:
        return access.cache.get(locked.archive)
    return access.cache.get(pin) if source.kind is Kind.HTTP and pin else None


def _fetched(source: Source, pin: str, access: Access) -> bytes:
    if source.kind is Kind.OCI:
        from .oci import Registry
        from .web import Web

        return Registry(source, access.cache, Web() if access.online else None).bundle(pin)
    if source.remote and not access.online:
        raise offline(source)
    if source.kind is Kind.GIT:
        from . import git

        return write_archive(git.files_of(source, pin))
    return _downloaded(source, pin, access)


def _downloaded(source: Source, pin: str, access: Access) -> bytes:
    """A bundle, and the signatures that lie beside it on the server, which go beside it in the cache."""
    from .web import Web, basic

    query = f"?{source.query}" if source.query else ""
    headers, small = basic(source.user), Web(max_bytes=_MAX_SIGNATURE_BYTES)
    answer = Web().get(f"{source.place}{query}", headers, shown=source.shown)
    if answer.status != 200:
        raise PolicyError(
            f"cannot fetch {source.shown}", why=f"the server answers {answer.status}", remedy="check the address"
        )
    found = hashlib.sha256(answer.body).hexdigest()
    if pin and found != pin:
        raise PolicyError(
            f"{source.shown} is not what its digest says", why=f"it has the SHA-256 {found}", remedy=RENEW
        )
    for suffix in SUFFIXES:
        signature = small.get(f"{source.place}{suffix}{query}", headers, shown=f"{source.place}{suffix}")
        if signature.status == 200:
            path = access.cache.beside(found)
            write_atomic(path.with_name(path.name + suffix), signature.body)
    return answer.body


def _beside(path: Path) -> dict[str, bytes]:
    places = {suffix: path.with_name(path.name + suffix) for suffix in SUFFIXES}
    return {suffix: read_limited(place, _MAX_SIGNATURE_BYTES) for suffix, place in places.items() if place.is_file()}


def _check_archive(source: Source, locked: Locked | None, data: bytes) -> None:
    """What was fetched is what the lock file names, before anything of it is read."""
    found = hashlib.sha256(data).hexdigest()
    if locked is not None and locked.archive != found:
        raise PolicyError(
            f"{source.shown} is not what was locked",
            why=f"locked is the bundle sha256:{locked.archive}, and it is sha256:{found} now",
            remedy=RENEW,
        )
