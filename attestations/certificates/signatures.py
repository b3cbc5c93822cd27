"""The signers of a document whose certificates came with it, held against the trust policy's `certificates`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from ...errors import ProbatumError
from ..documents import dsse
from ..documents.artifact_signature import artifact_signers
from ..documents.dsse import Envelope
from ..trust.policy import TrustPolicy
from ..trust.signing_time import SignatureFacts
from .chain import Chain, chain_of_bundle, chains_of_envelope
from .holders import Holders, holders

NOBODY = Holders({})


def envelope_holders(
    document: Mapping[str, Any],
    envelope: Envelope,
    trust: TrustPolicy,
    now: datetime,
    *,
    as_of: datetime | None,
    source: str,
) -> Holders:
    """Who signed a DSSE envelope, alone or in a sigstore bundle, by the certificates in it.

    Args:
        document: the envelope or the bundle.
        envelope: the envelope as it was read from it.
        trust: the trust policy; without `certificates`, nothing is looked at.
        now: see `signing_time.judged_at`.
        as_of: see `signing_time.judged_at`.
        source: what to call it in reasons.
    """
    if not trust.certificates:
        return NOBODY
    try:
        bundled = "dsseEnvelope" in document
        chains = [chain_of_bundle(document, source=source)] if bundled else chains_of_envelope(document, source=source)
        signatures = [value for _, value in envelope.signatures]
        pairs = [
            (chain, value)
            for chain, value in zip(chains, signatures, strict=False)
            if chain is not None and chain.key.verifies(value, envelope.signed_bytes)
        ]
    except ProbatumError as error:
        return Holders({}, (str(error),))
    return _joined(holders(trust, chain, value, now, as_of) for chain, value in pairs)


def file_holders(
    bundle: Mapping[str, Any],
    artifact: Path,
    trust: TrustPolicy,
    now: datetime,
    *,
    as_of: datetime | None,
    source: str,
) -> Holders:
    """Who signed a file, by the certificate in a sigstore bundle with a message signature.

    Args:
        bundle: the bundle.
        artifact: the file.
        trust: the trust policy; without `certificates`, nothing is looked at.
        now: see `signing_time.judged_at`.
        as_of: see `signing_time.judged_at`.
        source: what to call it in reasons.

    Raises:
        OSError: the file cannot be read.
    """
    if not trust.certificates:
        return NOBODY
    try:
        chain: Chain | None = chain_of_bundle(bundle, source=source)
        value = dsse.decode_base64(bundle["messageSignature"].get("signature"), f"{source}: messageSignature")
        if chain is None or not artifact_signers([value], artifact, [chain.key]):
            return NOBODY
    except ProbatumError as error:
        return Holders({}, (str(error),))
    return holders(trust, chain, value, now, as_of)


def _joined(found: Iterable[Holders]) -> Holders:
    """Of two signatures of one signer, the one that somebody vouches for, or did earlier, speaks for it."""
    facts: dict[str, SignatureFacts] = {}
    reasons: list[str] = []
    for item in found:
        reasons += item.reasons
        for name, known in item.facts.items():
            if name not in facts or _order(known) < _order(facts[name]):
                facts[name] = known
    return Holders(facts, tuple(dict.fromkeys(reasons)))


def _order(known: SignatureFacts) -> tuple[bool, float]:
    return known.signed_at is None, 0.0 if known.signed_at is None else known.signed_at.timestamp()
