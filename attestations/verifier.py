"""The trust policy applied to signed documents of every form that pipelines hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import strict_json
from ..errors import ProbatumError, TrustError
from ..verification import Verification
from . import dsse, metablock, sigstore_bundle
from .artifact_signature import artifact_signers, bare_signatures
from .certificate_signatures import NOBODY, envelope_holders, file_holders
from .certificates import Holders
from .predicates import ARTIFACT, LAYOUT
from .public_key import PublicKey
from .revocation.objection import statement_objection
from .roles import allow
from .signing_time import SignatureFacts, shown
from .sigstore_bundle import VerifiedBundle
from .statement import parse_statement
from .trust import TrustPolicy

_BUNDLE = "application/vnd.dev.sigstore.bundle"
_REMEDY = "add the signer to the trust policy if it is to be trusted"


@dataclass(frozen=True)
class _Signed:
    """Content whose signature holds, who signed it, and what is known of each signature and of a keyless signer."""

    about: str
    signers: tuple[str, ...]
    statement: Mapping[str, Any] | None = None
    facts: Mapping[str, SignatureFacts] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)

    def by(self, bundle: VerifiedBundle) -> _Signed:
        """The same, with what a sigstore bundle tells."""
        return replace(self, facts=dict.fromkeys(bundle.signers, bundle.facts), identity=bundle.claims)


class TrustVerifier:
    """Checks DSSE envelopes, sigstore bundles, in-toto metablocks and bare signatures, offline.

    Args:
        trust: who may sign what.
        now: for ages and for the expiry of layouts.
        as_of: the date that is asked about instead; see `signing_time.judged_at`.
    """

    def __init__(self, trust: TrustPolicy, now: datetime, *, as_of: datetime | None = None) -> None:
        self._trust = trust
        self._now = now
        self._as_of = as_of

    def verify(self, data: bytes, *, source: str) -> Verification:
        """Verify one DSSE envelope, sigstore bundle or in-toto metablock.

        Args:
            data: the document's bytes.
            source: what to call it in reasons.

        Returns:
            What the trust policy says; a document that cannot be read is not verified, with the reason.
        """
        kind = "unknown"
        try:
            document = strict_json.loads(data, source=source, fold_case=True)
            kind = kind_of(document)
            return self._allowed(kind, self._signed(kind, document, data, source))
        except ProbatumError as error:
            return Verification(False, str(error), kind=kind)

    def verify_artifact(self, data: bytes, *, source: str, artifact: Path, about: str = ARTIFACT) -> Verification:
        """Verify a signature over a file: a sigstore bundle with a message signature, or a bare signature.

        Args:
            data: the bundle, or the signature in base64 or DER.
            source: what to call it in reasons.
            artifact: the file that it is said to sign.
            about: the kind of content that the file is, as roles name it.
        """
        try:
            return self._allowed("signature", self._artifact(data, source, artifact, about))
        except ProbatumError as error:
            return Verification(False, str(error), kind="signature")
        except OSError as error:
            return Verification(False, f"{artifact.name} cannot be read: {error.strerror}", kind="signature")

    def _signed(self, kind: str, document: Any, data: bytes, source: str) -> _Signed:
        if kind == "dsse":
            return self._envelope(document, source)
        if kind == "sigstore":
            return self._bundle(document, data, source)
        if kind in metablock.KINDS:
            keys = metablock.signers_of(document, list(self._trust.keys.values()), source=source)
            return self._content(document["signed"], kind, self._names(keys, source), source)
        if kind == "signature":
            raise TrustError(f"{source} signs a file, not a statement", why="the file is not beside it")
        if kind == "old_bundle":
            raise TrustError(f"{source} is a cosign bundle of the old form", why="it cannot be verified offline")
        raise TrustError(
            f"{source} is no attestation", why="expected a DSSE envelope, a sigstore bundle or in-toto metadata"
        )

    def _envelope(self, document: Any, source: str) -> _Signed:
        envelope = dsse.from_document(document, source=source)
        if envelope.payload_type != dsse.IN_TOTO:
            raise TrustError(f"{source} has the payload type {envelope.payload_type}", why=f"expected {dsse.IN_TOTO}")
        by = envelope_holders(document, envelope, self._trust, self._now, as_of=self._as_of, source=source)
        names = self._names(envelope.signers(self._trust.keys.values()), source, by)
        return replace(self._payload(envelope.payload, names, source), facts=by.facts)

    def _bundle(self, document: Mapping[str, Any], data: bytes, source: str) -> _Signed:
        if not sigstore_bundle.is_keyless(document):
            return self._envelope(document["dsseEnvelope"], source)
        envelope = dsse.from_document(document["dsseEnvelope"], source=source)
        by = envelope_holders(document, envelope, self._trust, self._now, as_of=self._as_of, source=source)
        if by.facts and envelope.payload_type == dsse.IN_TOTO:
            return replace(self._payload(envelope.payload, tuple(by.facts), source), facts=by.facts)
        self._refuse_if_only_certificates(by, source)
        found = sigstore_bundle.verify_statement(data, self._trust, source=source)
        return self._payload(found.content, found.signers, source).by(found)

    def _payload(self, payload: bytes, signers: tuple[str, ...], source: str) -> _Signed:
        """Read signed bytes; only now, because only now is it known that somebody signed them."""
        document = strict_json.loads(payload, source=source, fold_case=True)
        kind = document.get("_type") if isinstance(document, Mapping) else None
        if kind in metablock.KINDS:
            metablock.signed_bytes(document, source=source)  # the library's field checks, as for the classic form
            return self._content(document, str(kind), signers, source)
        objection = statement_objection(self._trust, payload)
        if objection:
            raise TrustError(f"{source} does not count any more", why=objection)
        statement = parse_statement(payload, source=source)
        return _Signed(statement["predicateType"], signers, statement)

    def _content(self, document: Mapping[str, Any], kind: str, signers: tuple[str, ...], source: str) -> _Signed:
        objection = metablock.check_layout(document, self._as_of or self._now) if kind == LAYOUT else ""
        if objection:
            raise TrustError(f"{source} is refused", why=objection, remedy="sign a layout without that")
        return _Signed(kind, signers, document)

    def _artifact(self, data: bytes, source: str, artifact: Path, about: str) -> _Signed:
        signatures = bare_signatures(data, source=source)
        if signatures is None:
            document = strict_json.loads(data, source=source, fold_case=True)
            if kind_of(document) != "signature":
                raise TrustError(f"{source} is not the signature of a file", why="expected a message signature")
            if sigstore_bundle.is_keyless(document):
                by = file_holders(document, artifact, self._trust, self._now, as_of=self._as_of, source=source)
                if by.facts:
                    return _Signed(about, tuple(by.facts), facts=by.facts)
                self._refuse_if_only_certificates(by, source)
                found = sigstore_bundle.verify_file(data, artifact, self._trust, source=source)
                return _Signed(about, found.signers).by(found)
            text = document["messageSignature"].get("signature")
            signatures = [dsse.decode_base64(text, f"{source}: messageSignature")]
        keys = artifact_signers(signatures, artifact, list(self._trust.keys.values()))
        return _Signed(about, self._names(keys, source))

    def _names(self, keys: tuple[PublicKey, ...], source: str, by: Holders = NOBODY) -> tuple[str, ...]:
        names = (*(name for key in keys if (name := self._trust.signer_of(key)) is not None), *by.facts)
        if not names:
            what = f"{source} is signed by no key of {self._trust.source}"
            raise TrustError(what, why="; ".join(by.reasons), remedy=_REMEDY)
        return names

    def _refuse_if_only_certificates(self, by: Holders, source: str) -> None:
        """A bundle by none of the policy's certificates can only be of an identity, if the policy has any."""
        if self._trust.certificates and not self._trust.identities:
            what = f"{source} is signed by no certificate of {self._trust.source}"
            raise TrustError(what, why="; ".join(by.reasons), remedy=_REMEDY)

    def _allowed(self, kind: str, signed: _Signed) -> Verification:
        allowed = allow(
            self._trust,
            signed.about,
            signed.signers,
            signed.statement,
            self._now,
            as_of=self._as_of,
            facts=signed.facts,
        )
        if not allowed.roles:
            return Verification(False, allowed.reason, signers=signed.signers, kind=kind)
        first, *_ = allowed.roles
        times = [fact.signed_at for fact in signed.facts.values() if fact.signed_at is not None]
        signed_at = shown(max(times)) if times else None
        return Verification(
            True, "", signed.statement, allowed.signers, first, allowed.roles, kind, signed.about, signed_at,
            signed.identity,
        )  # fmt: skip


def kind_of(document: Any) -> str:
    """What a JSON document is, by its outermost fields: unsigned, hence only a hint how to verify it."""
    if not isinstance(document, Mapping):
        return "unknown"
    if "payload" in document and "payloadType" in document:
        return "dsse"
    if str(document.get("mediaType", "")).startswith(_BUNDLE):
        return "sigstore" if isinstance(document.get("dsseEnvelope"), Mapping) else _signature_kind(document)
    if isinstance(document.get("signed"), Mapping) and "signatures" in document:
        kind = document["signed"].get("_type")
        return kind if kind in metablock.KINDS else "unknown"
    return "old_bundle" if "base64Signature" in document else "unknown"


def _signature_kind(bundle: Mapping[str, Any]) -> str:
    return "signature" if isinstance(bundle.get("messageSignature"), Mapping) else "unknown"
