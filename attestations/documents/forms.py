"""What a signed document is, by its outermost fields. Nobody signed those, so it is only a hint how to verify it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from ...errors import TrustError
from ..foreign import cosign_bundle, pypi, unverifiable
from . import metablock

KINDS = ("dsse", "sigstore", "cosign", "pypi", "link", "layout", "signature", "unknown")
_BUNDLE = "application/vnd.dev.sigstore.bundle"


def kind_of(document: Any) -> str:
    """One of ``KINDS`` for a JSON document; ``signature`` is one over a file, which must be at hand."""
    if not isinstance(document, Mapping):
        return "unknown"
    if "payload" in document and "payloadType" in document:
        return "dsse"
    if str(document.get("mediaType", "")).startswith(_BUNDLE):
        return "sigstore" if isinstance(document.get("dsseEnvelope"), Mapping) else _signature_kind(document)
    if isinstance(document.get("signed"), Mapping) and "signatures" in document:
        kind = document["signed"].get("_type")
        return kind if kind in metablock.KINDS else "unknown"
    if cosign_bundle.is_bundle(document):
        return "cosign" if cosign_bundle.is_attestation(document) else "signature"
    return "pypi" if pypi.is_attestation(document) else "unknown"


def refuse_unknown(document: Any, *, source: str) -> NoReturn:
    """Say what a document of the kind ``unknown`` is, and why it is not verified.

    Raises:
        TrustError: always.
    """
    _refuse(unverifiable.named_document(document), source)
    raise TrustError(
        f"{source} is no attestation", why="expected a DSSE envelope, a sigstore bundle or in-toto metadata"
    )


def refuse_if_named(data: bytes, *, source: str) -> None:
    """Say what a document that is no JSON is, if it is of a kind that is not verified.

    Raises:
        TrustError: it is.
    """
    _refuse(unverifiable.named_bytes(data), source)


def _refuse(found: tuple[str, str] | None, source: str) -> None:
    if found is not None:
        what, why = found
        raise TrustError(f"{source} is {what}", why=f"such documents cannot be verified: {why}")


def _signature_kind(bundle: Mapping[str, Any]) -> str:
    return "signature" if isinstance(bundle.get("messageSignature"), Mapping) else "unknown"
