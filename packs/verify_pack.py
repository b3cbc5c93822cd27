"""Verifying a bundle of policies: who signed it, and that what was signed is what is there."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..attestations.trust.predicates import POLICY_BUNDLE
from ..attestations.verify.report import Row, VerificationReport, equal
from ..errors import ProbatumError, UsageError
from ..evaluator.policies import PolicySet
from .cache import default_cache
from .fetch import Access, Content, content_of
from .signatures import Signed, check_signatures
from .source import Kind, Source

if TYPE_CHECKING:
    from ..attestations.trust.policy import TrustPolicy
    from ..attestations.verify.package import Demands

KIND = "bundle of policies"


def verify_pack(path: Path, demands: Demands) -> VerificationReport:
    """Verify a bundle, or a folder, of policies: OPA's signature inside it, or those of the file beside it.

    Args:
        path: the bundle or folder.
        demands: who may sign policies, and the digest that they must have, if one is asked for.

    Raises:
        UsageError: it cannot be read, or something is asked that no bundle can tell.
    """
    if demands.as_of is not None:
        raise UsageError(
            "a bundle of policies cannot be verified as of a date",
            why="its signatures carry no time that anybody vouches for",
            remedy="leave --as-of out",
        )
    rows: list[Row] = []
    try:
        rows += _rows(path, demands)
    except ProbatumError as error:
        rows.append(Row("bundle", False, "a bundle of policies as it was signed", "", str(error)))
    authentic = any(row.check == "signature" and row.ok for row in rows)
    return VerificationReport(tuple(rows), demands.to_document(), authentic, kind=KIND)


def _rows(path: Path, demands: Demands) -> Iterator[Row]:
    source = Source(Kind.FOLDER if path.is_dir() else Kind.BUNDLE, str(path.resolve()))
    content = content_of(source, None, Access(Path(), default_cache()))  # of this machine: no cache, no network
    signature = check_signatures(_signed(path, content), demands.trust, demands.now)
    expected = ", ".join(_signers(demands.trust)) or "a signer with the role policy; the trust policy has none"
    found = ", ".join(signature.signers)
    yield Row("signature", bool(signature.signers), expected, found, signature.reason or signature.form)
    if not signature.signers:
        yield Row("everything else", None, detail="nothing inside is read before its signature holds")
        return
    policies = PolicySet(content.find().sources)
    wanted = demands.expected.policy_digest
    if wanted is None:
        yield Row("policy digest", None, "", policies.digest, "no digest was asked for")
    else:
        yield equal("policy digest", wanted, policies.digest, "other policies than the verifier wants")
    yield _revoked(policies.digest, demands)
    yield from _not_told(demands)


def _revoked(digest: str, demands: Demands) -> Row:
    """Whether somebody who may has taken these policies back; whoever signed them is looked at with the signature."""
    known = demands.trust.revocations
    if known is None:
        why = "none were given (--revocations): nothing is known of what was taken back"
        return Row("revocations", None, detail=why)
    hit = known.find("policy", digest)
    return Row("revocations", hit is None, "policies that nobody revoked", digest, "" if hit is None else str(hit))


def _signed(path: Path, content: Content) -> Signed:
    archive = None if content.archive is None else (content.archive, hashlib.sha256(content.archive).hexdigest())
    return Signed(str(path), content.present, content.read, archive, content.beside)


def _signers(trust: TrustPolicy) -> list[str]:
    return sorted({signer for role in trust.roles_for(POLICY_BUNDLE) for signer in role.signers})


def _not_told(demands: Demands) -> Iterator[Row]:
    """What was asked for and no bundle can tell is refused, never passed over."""
    asked: dict[str, Any] = {**vars(demands.expected), "policy_digest": None, "subject": list(demands.subjects)}
    for name, wanted in asked.items():
        if wanted:
            shown = wanted.isoformat() if isinstance(wanted, datetime) else str(wanted)
            yield Row(name.replace("_", " "), False, shown, "", "a bundle of policies does not tell this")
