"""The one form of a sigstore bundle in which no byte is free: what Probatum writes, and all that a package may hold.

A bundle has parts that nobody signs, and that the library reads past: base64 in many spellings, a key id, the name
before a checkpoint's signature and lines after it, cosignatures of witnesses that nobody at hand can check, unsigned
parts of timestamps.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from ... import strict_json
from ...errors import TrustError
from ...strict_json import DEFAULT_LIMITS, Limits
from ..keys.ecdsa_form import one_form
from ..timestamps.token_form import check_form as check_token
from ..timestamps.token_form import only_form as only_token

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_REMEDY = "get the verdict package again from where it was made"


def only_form(data: bytes, *, source: str) -> bytes:
    """A bundle that was just made, in the one form: without cosignatures, and without what a timestamp does not sign.

    Args:
        data: a bundle with one log entry, of the library's making.
        source: what to call it in errors.

    Raises:
        TrustError: a timestamp has parts that cannot be left out.
        EvidenceError: it is not strict JSON.
    """
    document = strict_json.loads(data, source=source)
    material = document["verificationMaterial"]
    entry = material["tlogEntries"][0]
    checkpoint = entry["inclusionProof"]["checkpoint"]
    checkpoint["envelope"] = _own_signature(checkpoint["envelope"], entry)
    if "inclusionPromise" in entry:
        entry["inclusionPromise"] = _own_promise(entry["inclusionPromise"])
    stamps = material.pop("timestampVerificationData", {}).get("rfc3161Timestamps", [])
    if stamps:
        tokens = [only_token(base64.b64decode(item["signedTimestamp"]), source=source) for item in stamps]
        made = [{"signedTimestamp": base64.b64encode(token).decode()} for token in tokens]
        material["timestampVerificationData"] = {"rfc3161Timestamps": made}
    return strict_json.canonical(document)


def check_form(data: bytes, *, source: str, limits: Limits = DEFAULT_LIMITS) -> Mapping[str, Any]:
    """Refuse a bundle in which something could be altered without notice.

    Returns:
        The bundle's document, of which nothing is verified yet.

    Raises:
        TrustError: it is not in the one form.
        EvidenceError: it is not strict JSON.
    """
    document = strict_json.loads(data, source=source, limits=limits, fold_case=True)
    try:
        problem = _problem(document, data)
        if not problem:
            for item in document["verificationMaterial"].get("timestampVerificationData", {"rfc3161Timestamps": ()})[
                "rfc3161Timestamps"
            ]:
                check_token(base64.b64decode(item["signedTimestamp"]), source=f"a timestamp in {source}")
            found: Mapping[str, Any] = document
            return found
    except TrustError:
        raise
    except Exception as error:  # whatever is missing or of another type
        problem = f"{type(error).__name__}: {error}"
    raise TrustError(f"{source} is not in the form that Probatum writes", why=problem, remedy=_REMEDY)


def _problem(document: Any, data: bytes) -> str:
    from sigstore.models import Bundle

    if document["mediaType"] != MEDIA_TYPE:
        return f"its media type is {document['mediaType']}"
    if strict_json.canonical(strict_json.loads(Bundle.from_json(data).to_json().encode(), source="it")) != data:
        return "its bytes differ from what Probatum writes"
    if document["dsseEnvelope"]["signatures"][0].keys() != {"sig"}:
        return "its signature carries a key id, which nobody checks"
    (entry,) = document["verificationMaterial"]["tlogEntries"]
    envelope = entry["inclusionProof"]["checkpoint"]["envelope"]
    if envelope != _own_signature(envelope, entry):
        return "its checkpoint has more than the log's own signature, or a twin of it"
    promise = entry.get("inclusionPromise", {"signedEntryTimestamp": ""})
    return "" if promise == _own_promise(promise) else "the log's promise is a twin of the one that it made"


def _own_signature(envelope: str, entry: Mapping[str, Any]) -> str:
    """A checkpoint with the signature of its log alone (https://c2sp.org/signed-note), under the name in its origin."""
    note, _, signatures = envelope.partition("\n\n")
    name = note.partition("\n")[0].partition(" ")[0]
    prefix = base64.b64decode(entry["logId"]["keyId"])[:4]
    for line in signatures.splitlines():
        dash, _, value = [*line.split(" "), "", "", ""][:3]
        if dash == "\u2014" and base64.b64decode(value)[:4] == prefix:
            raw = base64.b64encode(prefix + one_form(base64.b64decode(value)[4:])).decode()
            return f"{note}\n\n\u2014 {name} {raw}\n"
    return f"{note}\n\n"


def _own_promise(promise: Mapping[str, str]) -> dict[str, str]:
    signature = one_form(base64.b64decode(promise["signedEntryTimestamp"]))
    return {**promise, "signedEntryTimestamp": base64.b64encode(signature).decode()}
