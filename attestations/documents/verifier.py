"""The trust policy applied to signed documents of every form that pipelines hold."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from ... import strict_json
from ...errors import ProbatumError, TrustError
from ...verification import NOTHING_BESIDE, Beside, Verification
from ..foreign import containers
from ..package.zip_package import unzipped
from ..revocation.signed_payload import payload_of
from ..trust.one_signature import for_one_signature
from ..trust.policy import TrustPolicy
from ..trust.predicates import ARTIFACT
from ..trust.roles import Facts, allow
from ..trust.signing_time import NOTHING_KNOWN, SignatureFacts, parse_time, shown
from ..verify.countersigned import countersigned
from ..verify.envelope import joined
from ..verify.report import Row
from ..verify.witnessed import vouched
from .files import signed_file
from .forms import kind_of, refuse_if_named
from .signature_case import SignatureCase
from .signed_content import SignedContent
from .statements import signed_document

NOBODY_ELSE: Facts = MappingProxyType({})
"""Of a document that only its own signers vouch for."""


class TrustVerifier:
    """Checks envelopes, bundles, in-toto metadata and bare signatures, of Probatum's and of other tools, offline.

    Args:
        trust: who may sign what.
        now: for ages and for the expiry of layouts.
        as_of: the date that is asked about instead; see `signing_time.judged_at`.
    """

    def __init__(self, trust: TrustPolicy, now: datetime, *, as_of: datetime | None = None) -> None:
        self._trust = trust
        self._now = now
        self._as_of = as_of

    def verify(
        self, data: bytes, *, source: str, pinned_by: Verification | None = None, beside: Beside = NOTHING_BESIDE
    ) -> Verification:
        """Verify one document that carries what was signed, in any of the forms of `forms.KINDS`.

        Args:
            data: the document's bytes.
            source: what to call it in reasons.
            pinned_by: a verified document that names this one by its digest; see `for_one_signature`.
            beside: what others vouch for it with; a part that does not hold refuses it.

        Returns:
            What the trust policy says; a document that cannot be read is not verified, with the reason.
        """
        if pinned_by is None:
            return self._verify(data, source, beside)
        one = TrustVerifier(for_one_signature(self._trust), self._now, as_of=self._as_of)
        known = SignatureFacts(parse_time(pinned_by.signed_at))
        return one._verify(data, source, beside, known, dict.fromkeys(pinned_by.signers, (known,)))

    def _verify(
        self,
        data: bytes,
        source: str,
        beside: Beside,
        known: SignatureFacts = NOTHING_KNOWN,
        others: Facts = NOBODY_ELSE,
    ) -> Verification:
        """As `verify`; ``known`` and ``others`` come from the document that names this one."""
        kind = "unknown"
        try:
            refuse_if_named(data, source=source)
            name, inner = _only_one(data, source)
            document = strict_json.loads(inner, source=name, fold_case=True)
            kind = kind_of(document)
            signed = signed_document(kind, document, inner, self._case(name))
            others = joined(others, self._countersigned(inner, beside, source))
            return self._allowed(kind, signed, self._vouched(data, beside, source).and_beside(known), others)
        except ProbatumError as error:
            return Verification(False, str(error), kind=kind)

    def verify_artifact(self, data: bytes, *, source: str, artifact: Path, about: str = ARTIFACT) -> Verification:
        """Verify a signature over a file: a bundle with a message signature, or a bare signature.

        Args:
            data: the bundle, or the signature in base64 or DER.
            source: what to call it in reasons.
            artifact: the file that it is said to sign.
            about: the kind of content that the file is, as roles name it.
        """
        try:
            return self._allowed("signature", signed_file(data, artifact, about, self._case(source)))
        except ProbatumError as error:
            return Verification(False, str(error), kind="signature")
        except OSError as error:
            return Verification(False, f"{artifact.name} cannot be read: {error.strerror}", kind="signature")

    def documents(self, data: bytes, *, source: str) -> list[tuple[str, bytes]]:
        """The signed documents of a file, which may be a container of several (`foreign.containers`).

        Args:
            data: the file's bytes.
            source: what to call it.

        Returns:
            Name and bytes of each; the file itself when it is no container, or cannot be read.
        """
        try:
            return containers.documents_of(data, source=source)
        except ProbatumError:
            return [(source, data)]

    def unpacked(self, package: Path) -> AbstractContextManager[Path]:
        """A verdict package that is one file, as a folder that is gone afterwards; see `zip_package.unzipped`."""
        return unzipped(package)

    def _case(self, source: str) -> SignatureCase:
        return SignatureCase(self._trust, self._now, self._as_of, source)

    def _vouched(self, data: bytes, beside: Beside, source: str) -> SignatureFacts:
        """What others vouch for; asked once the signatures hold."""
        if beside == NOTHING_BESIDE:
            return NOTHING_KNOWN
        rows, facts = vouched(data, beside, self._trust, self._now)
        _refuse_failed(rows, source)
        return facts

    def _countersigned(self, data: bytes, beside: Beside, source: str) -> Facts:
        """Who else signed what this document says; asked once its own signatures hold."""
        if not beside.countersignatures:
            return NOBODY_ELSE
        found = countersigned(
            beside.countersignatures, payload_of(data, source=source), self._trust, self._now, self._as_of
        )
        _refuse_failed(found.rows, source)
        return found.known

    def _allowed(
        self,
        kind: str,
        signed: SignedContent,
        beside: SignatureFacts = NOTHING_KNOWN,
        others: Facts = NOBODY_ELSE,
    ) -> Verification:
        """Hold the signers against the roles; what lies beside the document is known of each of its own."""
        signers, trust = signed.signers, self._trust
        own = {name: (signers.facts.get(name, NOTHING_KNOWN).and_beside(beside),) for name in signers.names}
        facts = joined(own, others)
        allowed = allow(trust, signed.about, facts, signed.statement, self._now, as_of=self._as_of, facts=facts)
        if not allowed.roles:
            return Verification(False, allowed.reason, signers=tuple(facts), kind=kind)
        times = [each.signed_at for known in facts.values() for each in known if each.signed_at is not None]
        return Verification(
            verified=True,
            statement=signed.statement,
            signers=allowed.signers,
            role=allowed.roles[0],
            roles=allowed.roles,
            kind=kind,
            about=signed.about,
            signed_at=shown(max(times)) if times else None,
            identity=signers.identity,
        )


def _refuse_failed(rows: Iterable[Row], source: str) -> None:
    """Refuse a document beside which something lies that the trust policy could check and that does not hold."""
    if wrong := [row for row in rows if row.ok is False]:
        why = "; ".join(f"{row.check}: {row.detail}" for row in wrong)
        raise TrustError(f"what lies beside {source} does not hold", why=why, remedy="get the verdict package again")


def _only_one(data: bytes, source: str) -> tuple[str, bytes]:
    found = containers.documents_of(data, source=source)
    if len(found) > 1:
        why = f"{found[0][0]} to {found[-1][0]}: each is verified on its own"
        raise TrustError(f"{source} holds {len(found)} signed documents", why=why)
    return found[0]
