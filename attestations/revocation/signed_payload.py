"""The signed bytes in a document, whatever form its signature has; nothing is verified here."""

from __future__ import annotations

from ... import strict_json
from ...errors import TrustError
from ...strict_json import Limits
from ..documents import dsse, metablock

LIMITS = Limits(max_bytes=512 * 1024 * 1024)


def payload_of(data: bytes, *, source: str) -> bytes:
    """The payload of a DSSE envelope, or of the one in a sigstore bundle.

    Raises:
        EvidenceError: it is not strict JSON.
        TrustError: there is no such envelope.
    """
    return dsse.from_document(envelope_in(data, source=source), source=source).payload


def metadata_in(data: bytes, *, source: str) -> tuple[bytes, str] | None:
    """What stands for an in-toto link or layout, and which of the two it is; None for any other document.

    The bytes are those that a classic signature covers, in an envelope too: so it is one thing in either form.

    Raises:
        EvidenceError: it is not strict JSON.
        TrustError: it is a malformed link or layout, or not signed at all.
    """
    from ..documents.forms import kind_of  # late: it knows every form, and most revocations are of verdicts

    document = strict_json.loads(data, source=source, limits=LIMITS, fold_case=True)
    if kind_of(document) in metablock.KINDS:
        metadata = document["signed"]
    else:
        payload = payload_of(data, source=source)
        metadata = strict_json.loads(payload, source=source, limits=LIMITS, fold_case=True)
    kind = metadata.get("_type") if isinstance(metadata, dict) else None
    if kind not in metablock.KINDS:
        return None
    return metablock.signed_bytes(metadata, source=source), str(kind)


def envelope_in(data: bytes, *, source: str) -> object:
    """The DSSE envelope of a document, as JSON.

    Raises:
        EvidenceError: it is not strict JSON.
        TrustError: it is no object.
    """
    document = strict_json.loads(data, source=source, limits=LIMITS, fold_case=True)
    if not isinstance(document, dict):
        raise TrustError(f"{source} is not signed", why="it is no JSON object")
    return document.get("dsseEnvelope", document)
