"""Entries of Rekor v1, sigstore's log of signatures: that the log promised to hold them, and of what they are.

An entry vouches for the time at which it was made, and only for what stands in it. One that is real but of another
signature must not lend it its time (CVE-2022-36056), so the signature, the key or certificate, and the digest of what
was signed must be those of the document at hand, whatever kind of entry it is.

The log's answer of old, without a proof that it kept its promise, is enough here: a promise that it broke can be shown
to anybody. Where there is a proof it must hold, too.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from ... import strict_json
from ...errors import ProbatumError, TrustError
from ..documents import dsse


@dataclass(frozen=True)
class Logged:
    """What an entry must be of.

    Args:
        signature: the bytes.
        signers: DER of the certificate, or of the public key, that an entry may name.
        content: SHA-256 of the file that was signed; of a DSSE envelope, of what its signature covers.
        payload: SHA-256 of a DSSE envelope's payload; None where a file was signed.
        envelope: SHA-256 of a DSSE envelope's own JSON; None where its bytes are not those that were logged.
    """

    signature: bytes
    signers: frozenset[bytes]
    content: str
    payload: str | None = None
    envelope: str | None = None


@dataclass(frozen=True)
class LogEntry:
    """An entry that nobody has checked yet.

    Args:
        body: what was logged.
        log: id of the log: SHA-256 of its public key.
        index: number of the entry in all of the log.
        time: seconds since 1970 at which it was made, as the promise says.
        promise: the log's signature over all of the above.
        kind: kind and version that the entry claims; None where its form has no place for them.
        document: the entry in a bundle's form, with its proof; None where there is none.
    """

    body: bytes
    log: bytes
    index: int
    time: int
    promise: bytes
    kind: tuple[str, str] | None = None
    document: Mapping[str, Any] | None = field(default=None, repr=False)


def from_bundle(item: Any, *, source: str) -> LogEntry:
    """An entry in a sigstore bundle (``tlogEntries[]``).

    Raises:
        TrustError: it is malformed, or has no promise, hence no time.
    """
    value = _map(item)
    promise = _map(value.get("inclusionPromise")).get("signedEntryTimestamp")
    if promise is None:
        raise TrustError(f"{source} does not tell when it was made", why="it has no signed entry timestamp")
    proof = _map(value.get("inclusionProof"))
    return LogEntry(
        dsse.decode_base64(value.get("canonicalizedBody"), f"{source}: body"),
        dsse.decode_base64(_map(value.get("logId")).get("keyId"), f"{source}: log"),
        _number(value.get("logIndex"), source),
        _number(value.get("integratedTime"), source),
        dsse.decode_base64(promise, f"{source}: promise"),
        claimed_kind(value),
        value if proof.get("checkpoint") else None,
    )


def claimed_kind(item: Mapping[str, Any]) -> tuple[str, str]:
    """Kind and version that an entry in a bundle claims; empty where it claims none."""
    claimed = _map(item.get("kindVersion"))
    kind, version = (claimed.get(name) for name in ("kind", "version"))
    return (kind if isinstance(kind, str) else "", version if isinstance(version, str) else "")


def from_cosign(item: Any, *, source: str) -> LogEntry:
    """An entry in a cosign bundle of the old form (``rekorBundle``).

    Raises:
        TrustError: it is malformed.
    """
    value = _map(item)
    payload = _map(value.get("Payload"))
    try:
        log = bytes.fromhex(payload["logID"])
    except (KeyError, TypeError, ValueError) as error:
        raise TrustError(f"{source} is malformed", why="logID is not in hexadecimal digits") from error
    return LogEntry(
        dsse.decode_base64(payload.get("body"), f"{source}: body"),
        log,
        _number(payload.get("logIndex"), source),
        _number(payload.get("integratedTime"), source),
        dsse.decode_base64(value.get("SignedEntryTimestamp"), f"{source}: promise"),
    )


def verified_time(entry: LogEntry, logged: Logged, root: Any, *, source: str) -> datetime:
    """When the log says that it got this signature.

    Args:
        entry: the entry.
        logged: what it must be of.
        root: sigstore's `TrustedRoot`, whose logs are believed.
        source: what to call the entry in errors.

    Raises:
        TrustError: no log of the root promised it, its proof does not hold, or it is of another signature.
    """
    from sigstore._internal.trust import KeyringPurpose
    from sigstore._utils import KeyID

    promised = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.time,
        "logID": entry.log.hex(),
        "logIndex": entry.index,
    }
    try:
        keyring = root.rekor_keyring(KeyringPurpose.VERIFY)
        keyring.verify(key_id=KeyID(entry.log), signature=entry.promise, data=strict_json.canonical(promised))
        _check_proof(entry, keyring)
        moment = datetime.fromtimestamp(entry.time, UTC)
    except Exception as error:  # a hostile entry makes the library raise far more than its own errors
        raise TrustError(f"{source} is in none of the trusted logs", why=str(error) or type(error).__name__) from error
    reason = _objection(entry, logged)
    if reason:
        raise TrustError(f"{source} is of another signature", why=reason, remedy="ask the signer for its own entry")
    return moment


def _check_proof(entry: LogEntry, keyring: Any) -> None:
    if entry.document is None:
        return
    from sigstore._internal.merkle import verify_merkle_inclusion
    from sigstore._internal.rekor.checkpoint import verify_checkpoint
    from sigstore.models import TransparencyLogEntry
    from sigstore_models.rekor.v1 import TransparencyLogEntry as Fields

    proven = TransparencyLogEntry(Fields.from_json(json.dumps(entry.document)))
    verify_merkle_inclusion(proven)
    verify_checkpoint(keyring, proven)
    proof = entry.document["inclusionProof"]
    if proof["checkpoint"]["envelope"].split("\n")[1] != str(proof["treeSize"]):
        raise TrustError("its proof is for another tree than the log signed")


def _objection(entry: LogEntry, logged: Logged) -> str:
    """Why an entry is not of this signature; empty when it is."""
    try:
        document = strict_json.loads(entry.body, source="the log entry", fold_case=True)
        kind = (document["kind"], document["apiVersion"])
        if entry.kind not in (None, kind):
            return f"it is of the kind {kind[0]} {kind[1]}, not of the one that it claims"
        if kind not in _KINDS:
            return f"entries of the kind {kind[0]} {kind[1]} cannot be compared with it"
        return _KINDS[kind](document["spec"], logged)
    except ProbatumError as error:
        return error.why or str(error)
    except (KeyError, TypeError, IndexError, ValueError):
        return "the entry is malformed"


def _file(spec: Any, logged: Logged) -> str:
    """``hashedrekord`` 0.0.1: the digest of a file, its signature, and who signed."""
    if spec["data"]["hash"] != {"algorithm": "sha256", "value": logged.content}:
        return "it is of other content"
    return _pair(spec["signature"]["content"], spec["signature"]["publicKey"]["content"], logged)


def _envelope(spec: Any, logged: Logged) -> str:
    """``dsse`` 0.0.1: the digest of the payload, the signatures, and who made each."""
    if spec["payloadHash"] != {"algorithm": "sha256", "value": logged.payload}:
        return "it is of another payload"
    (only,) = spec["signatures"]
    return _pair(only["signature"], only["verifier"], logged)


def _attestation(spec: Any, logged: Logged) -> str:
    """``intoto`` 0.0.2: the same, the signature in base64 twice."""
    content = spec["content"]
    if content["payloadHash"] != {"algorithm": "sha256", "value": logged.payload}:
        return "it is of another payload"
    (only,) = content["envelope"]["signatures"]
    inner = dsse.decode_base64(only["sig"], "the logged signature")
    return _pair(inner.decode("ascii"), only["publicKey"], logged)


def _first_attestation(spec: Any, logged: Logged) -> str:
    """``intoto`` 0.0.1: it names the signature only by the digest of the envelope's bytes."""
    if logged.envelope is None or spec["content"]["hash"] != {"algorithm": "sha256", "value": logged.envelope}:
        return "it is of other bytes than this envelope"
    return "" if _signer(spec["publicKey"]) in logged.signers else "it is of another signer"


_KINDS = {
    ("hashedrekord", "0.0.1"): _file,
    ("dsse", "0.0.1"): _envelope,
    ("intoto", "0.0.2"): _attestation,
    ("intoto", "0.0.1"): _first_attestation,
}


def _pair(signature: Any, signer: Any, logged: Logged) -> str:
    if dsse.decode_base64(signature, "the logged signature") != logged.signature:
        return "it is of another signature"
    return "" if _signer(signer) in logged.signers else "it is of another signer"


def _signer(text: Any) -> bytes:
    """DER of a certificate or public key that an entry names in base64 of PEM."""
    pem = dsse.decode_base64(text, "the logged signer")
    if b"-----BEGIN CERTIFICATE" in pem:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    return load_pem_public_key(pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def digest(data: bytes) -> str:
    """SHA-256 in hexadecimal digits, as entries have it."""
    return hashlib.sha256(data).hexdigest()


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: Any, source: str) -> int:
    """A whole number, which protocol buffers write as text."""
    if isinstance(value, bool) or not str(value).isascii() or not str(value).isdecimal() or len(str(value)) > 15:
        raise TrustError(f"{source} is malformed", why=f"{str(value)[:40]!r} is not a whole number")
    return int(value)
