"""A second person signs: what is there is verified and shown, and gains a signature over the very same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..attestations.countersign import countersign, verdict_to_countersign
from ..attestations.documents import dsse
from ..attestations.documents.dsse import Envelope
from ..attestations.keys.signing_key import SigningKey
from ..attestations.package.files import LIMITS
from ..attestations.statement import parse_statement
from ..attestations.verify.package import CheckedPackage
from ..attestations.verify.report import Row, VerificationReport
from ..attestations.verify.target import MAX_DOCUMENT, Target, target_of
from ..errors import TrustError, UsageError
from ..files import read_limited
from .audit import Audit, verify


@dataclass(frozen=True)
class Looked:
    """What was verified, to be signed as it is.

    Args:
        report: of the verification, in which one allowed signer is enough: others are still to sign.
        path: the envelope's file.
        document: its bytes, the ones that were verified.
        beside: folder for the unfinished file; None for the envelope's own.
    """

    report: VerificationReport
    path: Path
    document: bytes
    beside: Path | None = None


def look(target: Path, asked: Audit) -> Looked:
    """Verify what is to be countersigned, as far as it is signed.

    Args:
        target: a verdict package in a folder, or an attestation in a DSSE envelope.
        asked: what `verify` would be asked.

    Raises:
        UsageError: it is of another kind, or cannot be read.
        TrustError: it can gain no signature, or nothing can be trusted.
    """
    asked = replace(asked, countersigning=True)
    kind = target_of(target)
    if kind is Target.PACKAGE:
        return _package(target, asked)
    if kind is Target.ATTESTATION:
        return _attestation(target, asked)
    why = f"it is: {kind}"
    raise UsageError(f"{target} cannot be countersigned", why=why, remedy="give a package's folder or an attestation")


def sign(looked: Looked, keys: Sequence[SigningKey], trust: Path | None) -> Envelope:
    """Add signatures to what was verified.

    Args:
        looked: what was verified.
        keys: who signs.
        trust: trust policy file under which it will be verified; each key must be allowed in it.

    Returns:
        The envelope with all of its signatures.

    Raises:
        UsageError: a key has signed already, or the file cannot be written.
        TrustError: it was not verified, was changed since, or a key may not sign it.
    """
    if not looked.report.ok:
        raise TrustError(f"{looked.path} is not signed", why="it is not verified", remedy="find out what changed")
    if trust is not None:
        _refuse_strangers(looked, keys, trust)
    return countersign(looked.path, looked.document, keys, beside=looked.beside)


def _package(folder: Path, asked: Audit) -> Looked:
    path, verified = verdict_to_countersign(folder), b""

    def keep(package: CheckedPackage) -> Iterable[Row]:
        nonlocal verified
        verified = package.verdict
        return ()

    report = verify(folder, replace(asked, checks=(*asked.checks, keep)))
    return Looked(report, path, verified, folder.resolve().parent)


def _attestation(path: Path, asked: Audit) -> Looked:
    """Verify a copy, so that the bytes that were verified are at hand."""
    data = read_limited(path, MAX_DOCUMENT)
    dsse.parse(data, source=str(path), canonical=True, limits=LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(data)
        return Looked(verify(copy, asked), path, data)


def _refuse_strangers(looked: Looked, keys: Sequence[SigningKey], trust: Path) -> None:
    """Under a policy that does not know a key, its signature would make the document worthless."""
    from ..attestations.trust.file import load_trust

    policy = load_trust(trust)
    payload = dsse.parse(looked.document, source=str(looked.path), limits=LIMITS).payload
    about = parse_statement(payload, source=str(looked.path), limits=LIMITS)["predicateType"]
    allowed = {signer for role in policy.roles_for(about) for signer in role.signers}
    for key in keys:
        if policy.signer_of(key.public) not in allowed:
            raise TrustError(
                f"{key.origin} may not sign {about}",
                why=f"{trust} does not allow {key.public.id} to, and would refuse what it signed",
                remedy="add the key to the trust policy, or sign with one that is there",
            )
