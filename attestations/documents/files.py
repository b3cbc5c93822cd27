"""Signatures over a file's own bytes: bare ones, cosign's, and sigstore bundles with a message signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ... import strict_json
from ...content import hash_file
from ...errors import TrustError
from ..certificates.signatures import file_holders
from ..foreign import bundle as bundles
from ..foreign import cosign_bundle
from ..foreign.log_entry import LogEntry, Logged
from ..keyless import sigstore_bundle
from ..keyless.sigstore_bundle import VerifiedBundle
from . import dsse
from .artifact_signature import artifact_signers, bare_signatures
from .forms import kind_of, refuse_if_named
from .signature_case import SignatureCase, identities_of
from .signed_content import SignedContent, Signers


def signed_file(data: bytes, artifact: Path, about: str, case: SignatureCase) -> SignedContent:
    """Verify a signature over a file.

    Args:
        data: the bundle, or the signature in base64 or DER.
        artifact: the file that it is said to sign.
        about: the kind of content that the file is, as roles name it.
        case: the trust policy and the times.

    Raises:
        ProbatumError: nobody that the trust policy knows signed it, or it is malformed, or of a kind that is not
            verified.
        OSError: the file cannot be read.
    """
    signatures = bare_signatures(data, source=case.source)
    if signatures is not None:
        refuse_if_named(data, source=case.source)
        return SignedContent(about, _by_keys(signatures, artifact, (), case))
    document = strict_json.loads(data, source=case.source, fold_case=True)
    if kind_of(document) != "signature":
        raise TrustError(f"{case.source} is not the signature of a file", why="expected a message signature")
    if cosign_bundle.is_bundle(document):
        return SignedContent(about, _cosign(document, artifact, case))
    return SignedContent(about, _bundle(document, data, artifact, case))


def _bundle(document: Mapping[str, Any], data: bytes, artifact: Path, case: SignatureCase) -> Signers:
    if not sigstore_bundle.is_keyless(document):
        text = document["messageSignature"].get("signature")
        signature = dsse.decode_base64(text, f"{case.source}: messageSignature")
        return _by_keys([signature], artifact, bundles.entries_of(document), case)
    by = file_holders(document, artifact, case.trust, case.now, as_of=case.as_of, source=case.source)
    if by.facts:
        return Signers(tuple(by.facts), by.facts)
    case.refuse_if_only_certificates(by)
    found: VerifiedBundle
    if bundles.library_takes(document):
        found = sigstore_bundle.verify_file(data, artifact, case.trust, source=case.source)
    else:
        found = bundles.verify_file(document, hash_file(artifact)[1], case.trust, source=case.source)
    return identities_of(found)


def _cosign(document: Mapping[str, Any], artifact: Path, case: SignatureCase) -> Signers:
    bundle = cosign_bundle.read(document, source=case.source)
    if bundle.certificate is None:
        return _by_keys([bundle.signature], artifact, bundle.entries, case)
    logged = Logged(bundle.signature, frozenset((bundle.certificate,)), hash_file(artifact)[1])
    return identities_of(cosign_bundle.verify_logged(bundle, logged, None, case.trust, source=case.source))


def _by_keys(signatures: list[bytes], artifact: Path, entries: Sequence[LogEntry], case: SignatureCase) -> Signers:
    keys = artifact_signers(signatures, artifact, list(case.trust.keys.values()))
    signers = case.signed_by(keys)
    if not entries:
        return signers
    digest = hash_file(artifact)[1]
    facts = {
        f"{case.trust.signer_of(key)}": bundles.key_facts(
            entries, Logged(signatures[0], frozenset((key.der,)), digest), key, case.trust
        )
        for key in keys
    }
    return Signers(signers.names, facts)
