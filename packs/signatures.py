"""Who signed a pack, by the trust policy: OPA's signature inside it, or signatures of its file beside it.

A signature by nobody who is trusted is no signature: the pack is unsigned, and says why. A signature of somebody who is
trusted, over something else, is an attack or an accident, and always an error.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import strict_json
from ..attestations.trust.predicates import POLICY_BUNDLE
from ..errors import EvidenceError, ProbatumError, TrustError
from .pack import OPA_SIGNATURES, Signature

if TYPE_CHECKING:
    from ..attestations.trust.policy import TrustPolicy
    from .opa_signature import Claims

SUFFIXES = (".dsse.json", ".sigstore.json", ".sig")
ROLE = "policy"


@dataclass(frozen=True)
class Signed:
    """What a signature could cover.

    Args:
        source: what to call the pack.
        present: paths of its files that must be covered.
        read: content of a path; None when there is no such file.
        archive: the bundle's bytes and their SHA-256; None for a folder.
        beside: suffix to content of the signature files beside the bundle.
    """

    source: str
    present: Iterable[str]
    read: Callable[[str], bytes | None]
    archive: tuple[bytes, str] | None = None
    beside: Mapping[str, bytes] = field(default_factory=dict)


def check_signatures(signed: Signed, trust: TrustPolicy | None, now: datetime) -> Signature:
    """Who signed a pack.

    Args:
        signed: the pack.
        trust: who may sign policies; None trusts nobody.
        now: for ages.

    Raises:
        TrustError: a signature is malformed, or somebody trusted signed something else.
    """
    inside = signed.read(OPA_SIGNATURES)
    if inside is None and not signed.beside:
        return Signature(reason="it has no signature")
    if trust is None:
        return Signature(reason="there is no trust policy that says who may sign policies")
    found = [] if inside is None else [_inside(signed, inside, trust, now)]
    found += [_beside(signed, suffix, data, trust, now) for suffix, data in sorted(signed.beside.items())]
    good = [signature for signature in found if signature.signers]
    if not good:
        return Signature(reason="; ".join(signature.reason for signature in found))
    signers = sorted({signer for signature in good for signer in signature.signers})
    return Signature(tuple(signers), good[0].form)


def _inside(signed: Signed, document: bytes, trust: TrustPolicy, now: datetime) -> Signature:
    from ..attestations.trust.roles import allow
    from .opa_signature import check_files, check_token

    claims = check_token(document, trust.keys.values(), source=signed.source, now_seconds=now.timestamp())
    if claims is None:
        return Signature(reason=f"{OPA_SIGNATURES} is signed by no key of {trust.source}")
    check_files(claims, signed.present, signed.read, source=signed.source)
    signers = [name for key in claims.keys if (name := trust.signer_of(key)) is not None]
    allowed = allow(trust, POLICY_BUNDLE, signers, _dated(claims), now)
    return Signature(allowed.signers, "opa") if ROLE in allowed.roles else Signature(reason=allowed.reason or _NO_ROLE)


def _beside(signed: Signed, suffix: str, data: bytes, trust: TrustPolicy, now: datetime) -> Signature:
    assert signed.archive is not None, "only a bundle has a file that signatures can lie beside"
    from ..attestations.documents.verifier import TrustVerifier

    content, sha256 = signed.archive
    source = f"{signed.source}{suffix}"
    verifier = TrustVerifier(trust, now)
    kind = _kind(data, source)
    if kind in ("detached", "signature"):
        with tempfile.NamedTemporaryFile() as file:  # the very bytes that were read, not what lies there by now
            Path(file.name).write_bytes(content)
            found = verifier.verify_artifact(data, source=source, artifact=Path(file.name), about=POLICY_BUNDLE)
        form = "detached" if kind == "detached" else "sigstore"
    else:
        found = verifier.verify(data, source=source)
        form = kind
    if not found.verified or ROLE not in found.roles:
        return Signature(reason=found.reason or _NO_ROLE)
    if found.statement is not None and sha256 not in _subjects(found.statement):
        raise TrustError(
            f"{source} is about another bundle",
            why=f"the bundle has the SHA-256 {sha256}",
            remedy="get bundle and signature again from where they were made",
        )
    return Signature(found.signers, form)


_NO_ROLE = f"its signers do not have the role {ROLE!r}"


def _kind(data: bytes, source: str) -> str:
    """``dsse``, ``sigstore``, ``signature`` (a sigstore bundle over the file) or ``detached``."""
    from ..attestations.documents.forms import kind_of

    if not data.lstrip().startswith(b"{"):
        return "detached"
    try:
        kind = kind_of(strict_json.loads(data, source=source, fold_case=True))
    except EvidenceError as error:
        raise TrustError(error.what, why=error.why, remedy=error.remedy) from error
    if kind not in ("dsse", "sigstore", "signature"):
        raise TrustError(
            f"{source} is no signature of a bundle",
            why="expected a DSSE envelope, a sigstore bundle or a bare signature",
            remedy="sign it again, for example with 'cosign sign-blob --bundle'",
        )
    return kind


def _subjects(statement: Mapping[str, Any]) -> set[str]:
    return {str(item.get("digest", {}).get("sha256")) for item in statement["subject"]}


def _dated(claims: Claims) -> dict[str, Any] | None:
    """The token's time in the form in which roles look for one."""
    if claims.issued is None:
        return None
    try:
        return {"predicate": {"signedOn": datetime.fromtimestamp(claims.issued, UTC).isoformat()}}
    except (ValueError, OverflowError, OSError):
        return None


def unsigned(source: str, reason: str) -> ProbatumError:
    """The error of a pack that the trust policy does not let anybody use."""
    return TrustError(
        f"the policies {source} are not signed by anybody who may",
        why=f"the trust policy says require_signed_policies, and {reason}",
        remedy="get signed ones, or add their signer to the role 'policy' of the trust policy",
    )
