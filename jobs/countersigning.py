"""A second person signs: what is there is verified and shown, and gains a signature over the very same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from ..attestations.attestor import Attestor, KeyAttestor
from ..attestations.countersign import countersign, countersignature
from ..attestations.documents import dsse
from ..attestations.keys.signing_key import SigningKey
from ..attestations.package.files import LIMITS
from ..attestations.package.names import VERDICT, find_signed
from ..attestations.package.put import as_folder, put
from ..attestations.package.write import Detach
from ..attestations.revocation.signed_payload import envelope_in, payload_of
from ..attestations.statement import parse_statement
from ..attestations.trust.different import different_signers
from ..attestations.trust.file import load_trust
from ..attestations.trust.one_signature import for_one_signature
from ..attestations.trust.policy import TrustPolicy
from ..attestations.trust.predicates import VSA
from ..attestations.verify.envelope import check_envelope, joined
from ..attestations.verify.package import CheckedPackage
from ..attestations.verify.report import Row, VerificationReport
from ..attestations.verify.target import MAX_DOCUMENT, Target, target_of
from ..errors import TrustError, UsageError
from ..files import read_limited
from ..verification import Countersignature, countersignatures
from .audit import Audit, verify
from .revocation_sources import with_revocations


@dataclass(frozen=True)
class Looked:
    """What was verified, to be signed as it is.

    Args:
        report: of the verification, in which one allowed signer is enough: others are still to sign.
        path: a package's folder or ZIP file, or an envelope's file.
        document: the signed bytes that were verified: the verdict's file, or the envelope's.
        package: None for an envelope, and for a package that was not verified.
        others: the countersignatures of the package.
        asked: what was asked of it.
    """

    report: VerificationReport
    path: Path
    document: bytes
    asked: Audit
    package: CheckedPackage | None = None
    others: Sequence[Countersignature] = ()


def look(target: Path, asked: Audit) -> Looked:
    """Verify what is to be countersigned, as far as it is signed.

    Args:
        target: a verdict package, or an attestation in a DSSE envelope.
        asked: what `verify` would be asked.

    Raises:
        UsageError: it is of another kind, or cannot be read.
        TrustError: it can gain no signature, or nothing can be trusted.
    """
    kind = target_of(target)
    if kind in (Target.PACKAGE, Target.ZIP):
        return _package(target, replace(asked, countersigning=True))
    if kind is Target.ATTESTATION:
        return _attestation(target, replace(asked, countersigning=True))
    raise UsageError(
        f"{target} cannot be countersigned", why=f"it is: {kind}", remedy="give a package, or an attestation"
    )


def sign(looked: Looked, attestor: Attestor, detached: Mapping[str, Detach] = MappingProxyType({})) -> Path:
    """Sign what was verified, too.

    Args:
        looked: what was verified.
        attestor: who signs; must be allowed in the trust policy under which it was verified, where that is a file.
        detached: endings of the names of files that are made from a verdict's countersignature.

    Returns:
        The file that holds the signature; inside the package, if that is one.

    Raises:
        UsageError: whoever signs has done so already, or what was asked for does not go together.
        TrustError: it was not verified, was changed since, or who signs may not.
    """
    if not looked.report.ok:
        raise TrustError(f"{looked.path} is not signed", why="it is not verified", remedy="find out what changed")
    trust = _trusted(looked.asked)
    if looked.package is not None:
        return looked.path / _into_package(looked, looked.package, attestor, detached, trust)
    if not isinstance(attestor, KeyAttestor) or detached:
        why = "its envelope gains the signature, and only signatures of keys stand side by side there"
        raise UsageError(
            f"{looked.path} is countersigned with --key alone", why=why, remedy="leave the other options out"
        )
    if trust is not None:
        _refuse_strange_keys(looked, attestor.keys, trust)
    countersign(looked.path, looked.document, attestor.keys)
    return looked.path


def _trusted(asked: Audit) -> TrustPolicy | None:
    """The trust policy that who signs must be allowed in; None where only keys are trusted for what is there."""
    if asked.trust is None:
        return None
    return with_revocations(load_trust(asked.trust), asked.revocations, online=asked.online, now=asked.now)


def _into_package(
    looked: Looked,
    package: CheckedPackage,
    attestor: Attestor,
    detached: Mapping[str, Detach],
    trust: TrustPolicy | None,
) -> str:
    if isinstance(attestor, KeyAttestor):
        _refuse_repeated(looked, attestor.keys)
    elif trust is None:
        why = "nobody could tell whether an identity or a certificate counts, and what an identity signs is published"
        raise UsageError("without a trust policy only keys sign", why=why, remedy="give --trust")
    path, data = countersignature(payload_of(package.verdict, source=VERDICT), attestor)
    if trust is not None:
        _refuse_in_vain(path, data, attestor, package, for_one_signature(trust), looked.asked)
    with as_folder(looked.path) as folder:
        name = find_signed(VERDICT, {entry.name for entry in folder.iterdir()})
        if name is None or read_limited(folder / name, LIMITS.max_bytes) != package.verdict:
            why = "it was changed since it was verified"
            raise TrustError(f"{looked.path} is not signed", why=why, remedy="look at it again")
    put(looked.path, {path: data, **{f"{path}{end}": make(data) for end, make in detached.items()}})
    return path


def _refuse_repeated(looked: Looked, keys: Sequence[SigningKey]) -> None:
    """One key counts once, also by way of a certificate over it."""
    for data in (looked.document, *(other.data for other in looked.others)):
        envelope = dsse.from_document(envelope_in(data, source=str(looked.path)), source=str(looked.path))
        for key in keys:
            if envelope.signers([key.public]):
                why = f"{key.public.id} has signed it, and one key counts once"
                raise UsageError(f"{key.origin} has signed already", why=why, remedy="have somebody else sign it")


def _refuse_in_vain(
    path: str, data: bytes, attestor: Attestor, package: CheckedPackage, trust: TrustPolicy, asked: Audit
) -> None:
    """A signature of a stranger would make the package worthless; one more of the same signer says nothing."""
    checked = check_envelope(data, name=path, predicate_type=VSA, trust=trust, now=asked.now)
    if checked.statement is None:
        wrong = "; ".join(row.detail for row in checked.rows if row.ok is False)
        raise TrustError(
            f"{attestor.origin} may not sign the verdict",
            why=f"{asked.trust} would refuse what it signed: {wrong}",
            remedy="add the signer to the trust policy, or have one sign that is there",
        )
    if different_signers(trust, joined(package.known, checked.known)) <= different_signers(trust, package.known):
        why = f"{asked.trust} counts it once, with who signed already"
        raise UsageError(f"{attestor.origin} has signed already", why=why, remedy="have somebody else sign it")


def _package(path: Path, asked: Audit) -> Looked:
    kept: list[tuple[CheckedPackage, Sequence[Countersignature]]] = []

    def keep(package: CheckedPackage) -> Iterable[Row]:
        kept.append((package, countersignatures(package.files.digests(), package.files.read)))
        return ()

    report = verify(path, replace(asked, checks=(*asked.checks, keep)))
    if not kept:
        return Looked(report, path, b"", asked)
    package, others = kept[0]
    return Looked(report, path, package.verdict, asked, package, others)


def _attestation(path: Path, asked: Audit) -> Looked:
    """Verify a copy, so that the bytes that were verified are at hand."""
    data = read_limited(path, MAX_DOCUMENT)
    dsse.parse(data, source=str(path), canonical=True, limits=LIMITS)
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(data)
        return Looked(verify(copy, asked), path, data, asked)


def _refuse_strange_keys(looked: Looked, keys: Sequence[SigningKey], policy: TrustPolicy) -> None:
    """Under a policy that does not know a key, its signature would make the document worthless."""
    payload = dsse.parse(looked.document, source=str(looked.path), limits=LIMITS).payload
    about = parse_statement(payload, source=str(looked.path), limits=LIMITS)["predicateType"]
    allowed = {signer for role in policy.roles_for(about) for signer in role.signers}
    for key in keys:
        if policy.signer_of(key.public) not in allowed:
            raise TrustError(
                f"{key.origin} may not sign {about}",
                why=f"{policy.source} does not allow {key.public.id} to, and would refuse what it signed",
                remedy="add the key to the trust policy, or sign with one that is there",
            )
