"""Which policies a run uses: what the command line gives, else what the manifest states, held to the lock file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import default_cache
from .fetch import Access
from .lock import FILE_NAME, read_lock
from .open import Wanted

if TYPE_CHECKING:
    from ..attestations.trust.policy import TrustPolicy


@dataclass(frozen=True)
class Given:
    """What the command line gives.

    Args:
        sources: of packs, relative to the working folder; they take the place of the manifest's.
        built_in: lay them on the built-in policies; None where the manifest decides.
        locked: hold them to the lock file; None where its presence decides.
    """

    sources: tuple[str, ...] = ()
    built_in: bool | None = None
    locked: bool | None = None


@dataclass(frozen=True)
class Stated:
    """What the manifest states.

    Args:
        root: its folder, where the lock file lies; None without a manifest.
        sources: of packs, relative to its folder.
        built_in: lay them on the built-in policies.
    """

    root: Path | None = None
    sources: tuple[str, ...] = ()
    built_in: bool = True


def choose(
    given: Given,
    stated: Stated,
    *,
    online: bool,
    trust: TrustPolicy | None,
    now: datetime,
    resolve: bool = False,
) -> Wanted:
    """The policies of a run.

    Args:
        given: by the command line.
        stated: by the manifest.
        online: the network may be used.
        trust: who may sign policies.
        now: for the ages of signatures.
        resolve: as they are now, whatever the lock file says: what ``policy lock`` writes.

    Raises:
        UsageError: the lock file cannot be read.
        PolicyError: the lock file is malformed.
    """
    base = Path() if given.sources or stated.root is None else stated.root
    found = None if stated.root is None or resolve else read_lock(stated.root / FILE_NAME)
    held = given.locked is not False and not resolve
    return Wanted(
        sources=given.sources or stated.sources,
        access=Access(base, default_cache(), online, resolve),
        now=now,
        built_in=stated.built_in if given.built_in is None else given.built_in,
        lock=found if held else None,
        locked=held and (given.locked is True or found is not None),
        unheld=found is not None and not held,
        trust=trust,
    )
