"""From the sources that a manifest or a command line names to one set of policies, every pack checked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import PolicyError, UsageError
from ..evaluator.policies import PolicySet
from .fetch import Access, Content, content_of
from .layers import stack
from .lock import FILE_NAME, RENEW, Lock, Locked
from .pack import BUILT_IN, Pack
from .signatures import Signed, check_signatures, unsigned
from .source import Source, parse_source

if TYPE_CHECKING:
    from ..attestations.trust.policy import TrustPolicy


@dataclass(frozen=True)
class Wanted:
    """Which policies are wanted.

    Args:
        sources: as the manifest or the command line has them, the lowest first.
        access: how they may be reached.
        now: for the ages of signatures.
        built_in: lay them on the built-in pack.
        lock: the lock file; None when there is none, or it is not to be held to.
        locked: refuse what the lock file does not name.
        unheld: there is a lock file, and it is not to be held to; recorded.
        trust: who may sign policies.
    """

    sources: tuple[str, ...]
    access: Access
    now: datetime
    built_in: bool = True
    lock: Lock | None = None
    locked: bool = False
    unheld: bool = False
    trust: TrustPolicy | None = None


@dataclass(frozen=True)
class Opened:
    """Policies, ready to be evaluated.

    Args:
        policies: all packs as one set.
        packs: the lowest first.
        entries: what a lock file of these packs says, one per source.
        unheld: there is a lock file, and it was not to be held to.
    """

    policies: PolicySet
    packs: tuple[Pack, ...]
    entries: tuple[Locked, ...] = ()
    unheld: bool = False

    @property
    def documents(self) -> list[dict[str, Any]]:
        """The packs as assessments and evidence have them."""
        return [dict(pack.to_document()) for pack in self.packs]

    @property
    def bypasses(self) -> list[dict[str, str]]:
        """What may weaken the run: a replaced control can be stricter, and nobody can prove that it is."""
        found = [
            {"code": "control_replaced", "message": f"the pack {pack.name} replaces {control}"}
            for pack in self.packs
            for control in pack.replaces
        ]
        if self.unheld:
            found.append({"code": "lock_ignored", "message": f"policies are not held to the {FILE_NAME} that is there"})
        return found


def built_in_pack() -> Pack:
    """The pack that comes with the installed release, and is as trusted as that is."""
    return Pack(BUILT_IN, __version__, BUILT_IN, PolicySet.built_in(), pinned=True, built_in=True)


def open_packs(wanted: Wanted) -> Opened:
    """Open every pack, check it against the lock file and the trust policy, and lay it on those before.

    Raises:
        UsageError: a source is wrong, named twice, or not locked.
        PolicyError: a pack is not here, is malformed, is not what was locked, or contradicts another one.
        TrustError: a signature does not hold, or is missing where the trust policy asks for one.
    """
    sources = [parse_source(text) for text in wanted.sources]
    _check_once(sources)
    opened = [_open(source, wanted) for source in sources]
    packs = ([built_in_pack()] if wanted.built_in else []) + [pack for pack, _ in opened]
    if not packs:
        raise UsageError("there are no policies", why="not even the built-in ones are wanted", remedy="name some")
    _check_names(packs)
    stacked = stack([(pack.name, pack.policies) for pack in packs])
    packs = [replace(pack, replaces=stacked.replaces[pack.name]) for pack in packs]
    return Opened(stacked.policies, tuple(packs), tuple(entry for _, entry in opened), wanted.unheld)


def _open(source: Source, wanted: Wanted) -> tuple[Pack, Locked]:
    locked = wanted.lock.get(source) if wanted.lock is not None else None
    if wanted.locked and locked is None:
        where = wanted.lock.path if wanted.lock is not None else FILE_NAME
        missing = f"{where} does not name it" if wanted.lock is not None else f"there is no {FILE_NAME}"
        raise UsageError(
            f"{source.shown} is not locked", why=missing, remedy="run 'probatum policy lock', and review it"
        )
    content = content_of(source, locked, wanted.access)
    pack = _pack(source, content, wanted)
    if locked is not None:
        _check_digest(pack, locked)
    return replace(pack, pinned=bool(content.pin) or locked is not None, locked=locked is not None), Locked.of(
        pack, content.pin
    )


def _pack(source: Source, content: Content, wanted: Wanted) -> Pack:
    archive = "" if content.archive is None else hashlib.sha256(content.archive).hexdigest()
    signed = Signed(
        source.shown,
        content.present,
        content.read,
        None if content.archive is None else (content.archive, archive),
        content.beside,
    )
    signature = check_signatures(signed, wanted.trust, wanted.now)
    if not signature.signers and wanted.trust is not None and wanted.trust.require_signed_policies:
        raise unsigned(source.shown, signature.reason)
    layout = content.find()
    policies = PolicySet(layout.sources)
    return Pack(layout.name or source.name, layout.version, source.shown, policies, archive, signature=signature)


def _check_digest(pack: Pack, locked: Locked) -> None:
    pairs = (("the policies", locked.digest, pack.policies.digest), ("the bundle", locked.archive, pack.archive))
    for what, wanted, found in pairs:
        if wanted != found:
            why = f"locked: {what} sha256:{wanted or '(none)'}; found: sha256:{found or '(none)'}"
            raise PolicyError(f"{pack.source} is not what was locked", why=why, remedy=RENEW)


def _check_once(sources: Sequence[Source]) -> None:
    shown = [source.shown for source in sources]
    for name in shown:
        if shown.count(name) > 1:
            raise UsageError(f"{name} is named twice", why="a pack lies once on the others", remedy="name it once")


def _check_names(packs: Sequence[Pack]) -> None:
    by_name: dict[str, Pack] = {}
    for pack in packs:
        earlier = by_name.setdefault(pack.name.casefold(), pack)
        if earlier is not pack:
            raise PolicyError(
                f"two packs are called {pack.name}",
                why=f"{earlier.source} and {pack.source}",
                remedy='state another name in the manifest of one: .manifest with {"metadata": {"name": "…"}}',
            )
