"""Waivers that carry a signature: who granted each, and which do not count for want of one (decision 0017)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ..attestations.documents.verifier import TrustVerifier
from ..attestations.trust.policy import TrustPolicy
from ..attestations.trust.predicates import WAIVER
from ..collectors.manifest import Manifest
from ..collectors.report_store import ReportStore
from ..collectors.signed.named_files import media_type
from ..errors import TrustError, UsageError
from ..evaluator.waivers import REFUSED, SIGNED_SHA256, SIGNERS
from ..files import read_limited
from ..verification import EnvelopeVerifier

ROLE = "waiver"
SIGNED = "signed"
"""Field of a waiver that names the statement which signs it, relative to the manifest."""
_ADDED = (SIGNERS, SIGNED_SHA256, REFUSED)
_MAX_BYTES = 4 * 1024 * 1024


def vouched(
    manifest: Manifest, trust: TrustPolicy | None, now: datetime, *, keep: ReportStore | None = None
) -> Manifest:
    """The manifest with waivers that say who signed them.

    Where the trust policy has a role ``waiver``, a waiver without the signature of one of its signers does not count.
    A signature that a waiver names must hold in any case.

    Args:
        manifest: with the waivers as they are written; what they say of their own signers is dropped.
        trust: who may grant waivers; None when nobody is trusted.
        now: for ages.
        keep: gets the documents that sign waivers, so that they can be verified again.
    """
    return replace(manifest, waivers=tuple(_vouched(manifest, trust, now, keep or ReportStore())))


def as_written(waiver: Mapping[str, Any]) -> dict[str, Any]:
    """A waiver without what says who signed it: what is signed."""
    return {key: value for key, value in waiver.items() if key not in (SIGNED, *_ADDED)}


def _vouched(
    manifest: Manifest, trust: TrustPolicy | None, now: datetime, keep: ReportStore
) -> Iterator[Mapping[str, Any]]:
    required = trust is not None and ROLE in trust.roles
    for waiver in manifest.waivers:
        written = {key: value for key, value in waiver.items() if key not in _ADDED}
        if SIGNED not in waiver and not required:
            yield written
            continue
        try:
            signers, data = _signers(manifest, waiver, trust, now)
            kept = keep.add(data, media_type(str(waiver[SIGNED])))
            yield {**written, SIGNERS: signers, SIGNED_SHA256: kept["sha256"]}
        except TrustError as error:
            yield {**written, REFUSED: str(error)}


def _signers(
    manifest: Manifest, waiver: Mapping[str, Any], trust: TrustPolicy | None, now: datetime
) -> tuple[list[str], bytes]:
    """Who signed a waiver, and the document that says so; raises when nobody did who may."""
    place = waiver.get(SIGNED)
    if not isinstance(place, str):
        raise TrustError("it is not signed", why="the trust policy demands that by its role `waiver`")
    if trust is None:
        raise TrustError(f"{place} cannot be verified", why="there is no trust policy")
    data = _read(manifest.root, place)
    return waiver_signers(data, waiver, str(manifest.pipeline["name"]), TrustVerifier(trust, now)), data


def waiver_signers(data: bytes, waiver: Mapping[str, Any], pipeline: str, verifier: EnvelopeVerifier) -> list[str]:
    """Who signed a waiver.

    Args:
        data: the document that is said to sign it.
        waiver: as the manifest has it, naming that document.
        pipeline: name of the pipeline that it is for.
        verifier: the trust policy at work.

    Raises:
        TrustError: nobody did who may.
    """
    place = str(waiver.get(SIGNED))
    found = verifier.verify(data, source=place)
    if not found.verified:
        raise TrustError(f"{place} is signed by nobody who may grant waivers", why=found.reason)
    if found.about != WAIVER or ROLE not in found.roles:
        raise TrustError(f"{place} signs no waiver", why=f"it is {found.about} of the role {found.role}")
    predicate = (found.statement or {}).get("predicate")
    said: Mapping[str, Any] = predicate if isinstance(predicate, Mapping) else {}
    if said.get("pipeline") != pipeline:
        raise TrustError(f"{place} is for another pipeline", why=f"it names {said.get('pipeline')!r}")
    if said.get("waiver") != as_written(waiver):
        raise TrustError(f"{place} signs another waiver", why=_difference(said.get("waiver"), as_written(waiver)))
    return list(found.signers)


def _read(root: Path, place: str) -> bytes:
    path = (root / place).resolve()
    if not path.is_relative_to(root.resolve()):
        raise TrustError(f"{place} lies outside the pipeline's folder")
    try:
        return read_limited(path, _MAX_BYTES)
    except UsageError as error:  # without the absolute path, which differs between machines
        raise TrustError(f"{place} cannot be read", why=error.why) from error


def _difference(signed: Any, written: Mapping[str, Any]) -> str:
    other = signed if isinstance(signed, Mapping) else {}
    names = sorted(key for key in {*other, *written} if other.get(key) != written.get(key))
    return f"they differ in {', '.join(names)}"
