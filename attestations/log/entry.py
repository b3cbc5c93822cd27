"""What a log holds of a signed statement: enough to find it and to notice it, and not the statement itself.

An entry follows from the document alone, so that whoever has the document can make its entry again and check a proof
without trusting anything that travels beside it. It holds the digest of the document's exact bytes and what the
document says of itself: its kind, who signed, and, of a verdict, about which pipeline, with what result, as of when.
Whoever reads the log reads those. Evidence, findings, subjects and their digests are not in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ..documents import dsse
from ..package.files import LIMITS
from ..statement import parse_statement
from ..trust.predicates import VSA
from ..trust.roles import statement_time
from ..trust.signing_time import shown

SCHEMA = "https://probatum.dev/log-entry/v1"


def entry_of(document: bytes, *, source: str) -> bytes:
    """The entry of a signed statement, in canonical JSON. No signature is checked here.

    Args:
        document: a DSSE envelope or a sigstore bundle around an in-toto statement.
        source: what to call it in errors.

    Raises:
        EvidenceError: it is not strict JSON, or holds no in-toto statement.
        TrustError: it is no signed statement.
    """
    outer = strict_json.loads(document, source=source, limits=LIMITS, fold_case=True)
    bundled = isinstance(outer, Mapping) and "dsseEnvelope" in outer
    envelope = dsse.from_document(outer["dsseEnvelope"] if bundled else outer, source=source)
    statement = parse_statement(envelope.payload, source=source, limits=LIMITS)
    kind, predicate = statement["predicateType"], statement.get("predicate", {})
    entry: dict[str, Any] = {
        "schema": SCHEMA,
        "document": {"sha256": hashlib.sha256(document).hexdigest()},
        "predicate_type": kind,
        "signers": [_identity(outer, source)] if bundled else [keyid for keyid, _ in envelope.signatures],
    }
    if kind == VSA:
        entry["resource"], entry["result"] = predicate.get("resourceUri"), predicate.get("verificationResult")
    time = statement_time(kind, statement)
    if time is not None:
        entry["time"] = shown(time)
    return strict_json.canonical(entry)


def _identity(bundle: Mapping[str, Any], source: str) -> str:
    """Whom the certificate in a sigstore bundle names, and who vouched for that; else the id of its key."""
    from cryptography import x509

    from ..keyless.claims import claims_of
    from ..keys.public_key import PublicKey

    try:
        material = bundle["verificationMaterial"]
        first = material.get("certificate") or material["x509CertificateChain"]["certificates"][0]
        certificate = x509.load_der_x509_certificate(dsse.decode_base64(first["rawBytes"], source))
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        remedy = "log what a keyless signer made, or a DSSE envelope"
        raise TrustError(f"{source} has no certificate", why=str(error), remedy=remedy) from error
    try:
        claims = claims_of(certificate)
    except TrustError:  # of a private authority: it vouches for the key
        return PublicKey.of(certificate.public_key(), source=source).id
    return f"{claims['subject']} by {claims['issuer']}"
