"""Attestations of PyPI (PEP 740, https://packaging.python.org/en/latest/specifications/index-hosted-attestations/).

They are sigstore bundles in other words: the same certificate, log entry, payload and signature. So they are put back
into a bundle, and verified as one. The publisher that PyPI names beside them is not part of what was signed; who
published is what the certificate says, held against the identities of the trust policy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import TrustError
from ..documents import dsse

_BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def is_attestation(document: Mapping[str, Any]) -> bool:
    """Whether a JSON document is a PEP 740 attestation."""
    return "verification_material" in document and isinstance(document.get("envelope"), Mapping)


def bundle_of(document: Mapping[str, Any], *, source: str) -> bytes:
    """The sigstore bundle that a PEP 740 attestation was made of.

    Raises:
        TrustError: it is of another version, or malformed.
    """
    if document.get("version") != 1 or isinstance(document.get("version"), bool):
        raise TrustError(f"{source} is a PEP 740 attestation of version {document.get('version')}", why="1 is known")
    material = document["verification_material"]
    entries = material.get("transparency_entries") if isinstance(material, Mapping) else None
    if not isinstance(entries, list) or not entries:
        raise TrustError(f"{source} is malformed", why="it has no transparency entry")
    envelope = document["envelope"]
    return json.dumps(
        {
            "mediaType": _BUNDLE,
            "verificationMaterial": {
                "certificate": {"rawBytes": material.get("certificate")},
                "tlogEntries": entries,
            },
            "dsseEnvelope": {
                "payload": envelope.get("statement"),
                "payloadType": dsse.IN_TOTO,
                "signatures": [{"sig": envelope.get("signature")}],
            },
        }
    ).encode()
