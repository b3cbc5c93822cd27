"""The signed bytes in a document, whatever form its signature has; nothing is verified here."""

from __future__ import annotations

from ... import strict_json
from ...errors import TrustError
from ...strict_json import Limits
from .. import dsse

LIMITS = Limits(max_bytes=512 * 1024 * 1024)


def payload_of(data: bytes, *, source: str) -> bytes:
    """The payload of a DSSE envelope, or of the one in a sigstore bundle.

    Raises:
        EvidenceError: it is not strict JSON.
        TrustError: there is no such envelope.
    """
    return dsse.from_document(envelope_in(data, source=source), source=source).payload


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
