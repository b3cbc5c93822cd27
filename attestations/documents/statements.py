"""Documents that carry what was signed: DSSE envelopes and sigstore bundles of every maker, in-toto metadata."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ..certificates.signatures import envelope_holders
from ..foreign import bundle as bundles
from ..foreign import cosign_bundle, pypi
from ..foreign.log_entry import LogEntry
from ..keyless import sigstore_bundle
from ..keys.public_key import PublicKey
from ..trust.signing_time import SignatureFacts
from . import dsse, metablock
from .forms import refuse_unknown
from .signature_case import SignatureCase, identities_of
from .signed_content import SignedContent, Signers, read_metadata, read_payload


def signed_document(kind: str, document: Mapping[str, Any], data: bytes, case: SignatureCase) -> SignedContent:
    """Verify a document, then read what it says.

    Args:
        kind: of ``forms.KINDS``.
        document: the parsed JSON.
        data: its bytes.
        case: the trust policy and the times.

    Raises:
        ProbatumError: nobody that the trust policy knows signed it, or it is malformed, or of a kind that is not
            verified.
    """
    if kind == "dsse":
        return _envelope(document, case)
    if kind == "sigstore":
        return _bundle(document, data, case)
    if kind == "cosign":
        return _cosign(document, case)
    if kind == "pypi":
        made = pypi.bundle_of(document, source=case.source)
        return _bundle(strict_json.loads(made, source=case.source), made, case)
    if kind in metablock.KINDS:
        keys = metablock.signers_of(document, list(case.trust.keys.values()), source=case.source)
        when = case.as_of or case.now
        return read_metadata(document["signed"], case.signed_by(keys), case.trust, when, source=case.source)
    if kind == "signature":
        raise TrustError(f"{case.source} signs a file, not a statement", why="the file is not beside it")
    return refuse_unknown(document, source=case.source)


def _envelope(
    document: Any, case: SignatureCase, entries: Sequence[LogEntry] = (), text: bytes | None = None
) -> SignedContent:
    """By keys, and by certificates of private authorities.

    Args:
        document: the envelope.
        case: the trust policy and the times.
        entries: of logs, that came with it.
        text: its own JSON, where its bytes are those that were logged.
    """
    envelope = _in_toto(document, case)
    by = envelope_holders(document, envelope, case.trust, case.now, as_of=case.as_of, source=case.source)
    keys = envelope.signers(case.trust.keys.values())
    if not keys and not by.facts:
        by = replace(by, reasons=(*by.reasons, *_known_weaknesses(document, envelope, case)))
    signers = case.signed_by(keys, by)
    if entries:
        facts = {f"{case.trust.signer_of(key)}": _logged(envelope, key, entries, text, case) for key in keys}
        signers = replace(signers, facts={**signers.facts, **facts})
    return _payload(envelope, signers, case)


def _bundle(document: Mapping[str, Any], data: bytes, case: SignatureCase) -> SignedContent:
    if not sigstore_bundle.is_keyless(document):
        return _envelope(document["dsseEnvelope"], case, bundles.entries_of(document))
    envelope = dsse.from_document(document["dsseEnvelope"], source=case.source)
    by = envelope_holders(document, envelope, case.trust, case.now, as_of=case.as_of, source=case.source)
    if by.facts and envelope.payload_type == dsse.IN_TOTO:
        return _payload(envelope, Signers(tuple(by.facts), by.facts), case)
    case.refuse_if_only_certificates(by)
    if bundles.library_takes(document):
        found = sigstore_bundle.verify_statement(data, case.trust, source=case.source)
    else:
        found = bundles.verify_envelope(document, case.trust, source=case.source)
    return _payload(envelope, identities_of(found), case)


def _cosign(document: Mapping[str, Any], case: SignatureCase) -> SignedContent:
    bundle = cosign_bundle.read(document, source=case.source)
    inner = strict_json.loads(bundle.signature, source=case.source, fold_case=True)
    if bundle.certificate is None:
        return _envelope(inner, case, bundle.entries, bundle.signature)
    envelope = _in_toto(inner, case)
    logged = bundles.logged_envelope(envelope, bundle.certificate, source=case.source, text=bundle.signature)
    found = cosign_bundle.verify_logged(bundle, logged, envelope.signed_bytes, case.trust, source=case.source)
    return _payload(envelope, identities_of(found), case)


def _in_toto(document: Any, case: SignatureCase) -> dsse.Envelope:
    envelope = dsse.from_document(document, source=case.source)
    if envelope.payload_type != dsse.IN_TOTO:
        what = f"{case.source} has the payload type {envelope.payload_type}"
        raise TrustError(what, why=f"expected {dsse.IN_TOTO}")
    return envelope


def _known_weaknesses(document: Mapping[str, Any], envelope: dsse.Envelope, case: SignatureCase) -> Iterator[str]:
    """What is known of envelopes that other tools accept, and why they cannot be verified here."""
    if any(item.get("cert") or item.get("certificate") for item in document["signatures"]):
        yield (
            "it came with a certificate, but with neither a log entry nor a timestamp of a trusted authority to tell "
            "whether it was valid then; ask its producer for the sigstore bundle"
        )
    bare = [name for name, key in case.trust.keys.items() if _signs_bare(key, envelope)]
    if bare:
        yield (
            f"{', '.join(bare)} signed the payload without its type, as Google Cloud Build did before it used DSSE's "
            "encoding; such a signature may have been made for another purpose"
        )


def _signs_bare(key: PublicKey, envelope: dsse.Envelope) -> bool:
    return any(key.verifies(value, envelope.payload) for _, value in envelope.signatures)


def _logged(
    envelope: dsse.Envelope, key: PublicKey, entries: Sequence[LogEntry], text: bytes | None, case: SignatureCase
) -> SignatureFacts:
    logged = bundles.logged_envelope(envelope, key.der, source=case.source, text=text)
    return bundles.key_facts(entries, logged, key, case.trust)


def _payload(envelope: dsse.Envelope, signers: Signers, case: SignatureCase) -> SignedContent:
    return read_payload(envelope.payload, signers, case.trust, case.as_of or case.now, source=case.source)
