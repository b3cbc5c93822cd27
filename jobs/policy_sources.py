"""The policies of a run, and the lock file that pins them: what a manifest and a command line say, put together."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..collectors.manifest import Manifest
from ..errors import UsageError
from ..files import write_atomic
from ..packs.choose import Given, Stated, choose
from ..packs.lock import FILE_NAME, Lock, Locked, read_lock
from ..packs.open import Opened, open_packs

if TYPE_CHECKING:
    from ..attestations.trust.policy import TrustPolicy


def open_policies(
    manifest: Manifest | None, given: Given, *, online: bool, trust: TrustPolicy | None, now: datetime
) -> Opened:
    """The policies of a run: the packs that the command line names, else the manifest's, on the built-in ones.

    Args:
        manifest: of the pipeline; None where there is none.
        given: what the command line says.
        online: the network may be used.
        trust: who may sign policies.
        now: for the ages of signatures.

    Raises:
        UsageError: a source is wrong or not locked.
        PolicyError: a pack is not here, is malformed, is not what was locked, or contradicts another one.
        TrustError: a signature does not hold, or is missing where the trust policy asks for one.
    """
    return open_packs(choose(given, _stated(manifest), online=online, trust=trust, now=now))


def lock_policies(
    manifest: Manifest, given: Given, *, online: bool, trust: TrustPolicy | None, now: datetime
) -> dict[str, Any]:
    """Write the lock file beside a manifest, of what its packs hold now.

    Args:
        manifest: of the pipeline.
        given: what the command line says.
        online: the network may be used.
        trust: who may sign policies.
        now: for the ages of signatures.

    Returns:
        ``file``; ``packs``, each with what is locked, ``signers`` and ``change`` (``new``, ``changed`` or
        ``unchanged``); ``gone``, the sources that the last lock file named besides.

    Raises:
        UsageError: no pack is named, a source is wrong, or the file cannot be written.
        PolicyError: a pack is not here, is malformed, or contradicts another one; the last lock file is malformed.
        TrustError: a signature does not hold, or is missing where the trust policy asks for one.
    """
    wanted = choose(given, _stated(manifest), online=online, trust=trust, now=now, resolve=True)
    if not wanted.sources:
        raise UsageError(
            "there is nothing to lock",
            why="neither the manifest nor the command line names policies; the built-in ones come with the release",
            remedy="add 'policies: [SOURCE]' to the manifest, or say --policies SOURCE",
        )
    opened = open_packs(wanted)
    path = manifest.root / FILE_NAME
    before = read_lock(path)
    lock = Lock(opened.entries, path)
    write_atomic(path, lock.to_bytes())
    last = {} if before is None else {entry.source: entry for entry in before.entries}
    signers = {pack.source: list(pack.signature.signers) for pack in opened.packs}
    packs = [
        {**entry.to_document(), "signers": signers[entry.source], "change": _change(entry, last)}
        for entry in opened.entries
    ]
    return {"file": str(path), "packs": packs, "gone": sorted(last.keys() - signers.keys())}


def _change(entry: Locked, last: dict[str, Locked]) -> str:
    if entry.source not in last:
        return "new"
    return "unchanged" if last[entry.source] == entry else "changed"


def _stated(manifest: Manifest | None) -> Stated:
    if manifest is None:
        return Stated()
    return Stated(manifest.root, manifest.policies, manifest.built_in_policies)
