"""What a document says, read only after somebody's signature over its exact bytes held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ..revocation.objection import statement_objection
from ..statement import parse_statement
from ..trust.policy import TrustPolicy
from ..trust.predicates import LAYOUT
from ..trust.signing_time import SignatureFacts
from . import metablock


@dataclass(frozen=True)
class Signers:
    """Whose signatures hold.

    Args:
        names: as the trust policy has them, such as ``key:builder``; at least one.
        facts: what is known of each signature, by the signer's name.
        identity: what the certificate of a keyless signer says of it.
    """

    names: tuple[str, ...]
    facts: Mapping[str, SignatureFacts] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SignedContent:
    """Content whose signature holds, and who signed it.

    Args:
        about: a predicate type, ``link``, ``layout``, ``artifact``, or what else roles name.
        signers: whose signatures hold.
        statement: what was said; None where a file was signed.
    """

    about: str
    signers: Signers
    statement: Mapping[str, Any] | None = None


def read_payload(payload: bytes, signers: Signers, trust: TrustPolicy, now: datetime, *, source: str) -> SignedContent:
    """Read the bytes that an envelope's signatures cover.

    Args:
        payload: an in-toto statement, link or layout.
        signers: who signed them.
        trust: for what was revoked.
        now: for the expiry of layouts.
        source: what to call them in errors.

    Raises:
        EvidenceError: they are not strict JSON, or no statement.
        TrustError: they were revoked, or may not be relied on.
    """
    document = strict_json.loads(payload, source=source, fold_case=True)
    kind = document.get("_type") if isinstance(document, Mapping) else None
    if kind in metablock.KINDS:
        return read_metadata(document, signers, trust, now, source=source)
    _refuse_revoked(payload, trust, source)
    statement = parse_statement(payload, source=source)
    return SignedContent(statement["predicateType"], signers, statement)


def read_metadata(
    document: Mapping[str, Any], signers: Signers, trust: TrustPolicy, now: datetime, *, source: str
) -> SignedContent:
    """Read an in-toto link or layout, of an envelope or of the classic form.

    Raises:
        TrustError: it was revoked or is malformed, or it is a layout that has expired, forbids nothing, or wants
            commands to be run.
    """
    kind = str(document["_type"])
    _refuse_revoked(metablock.signed_bytes(document, source=source), trust, source)
    objection = metablock.check_layout(document, now) if kind == LAYOUT else ""
    if objection:
        raise TrustError(f"{source} is refused", why=objection, remedy="sign a layout without that")
    return SignedContent(kind, signers, document)


def _refuse_revoked(signed: bytes, trust: TrustPolicy, source: str) -> None:
    objection = statement_objection(trust, signed)
    if objection:
        raise TrustError(f"{source} does not count any more", why=objection)
