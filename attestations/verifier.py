"""The trust policy applied to signed documents of every form that pipelines hold."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from .. import strict_json
from ..errors import ProbatumError, TrustError
from ..verification import Verification
from .foreign import containers
from .forms import kind_of, refuse_if_named
from .one_signature import for_one_signature
from .predicates import ARTIFACT
from .roles import allow
from .signature_case import SignatureCase
from .signed_content import SignedContent
from .signed_documents import signed_document
from .signed_files import signed_file
from .signing_time import shown
from .trust import TrustPolicy


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

    def verify(self, data: bytes, *, source: str, pinned: bool = False) -> Verification:
        """Verify one document that carries what was signed, in any of the forms of `forms.KINDS`.

        Args:
            data: the document's bytes.
            source: what to call it in reasons.
            pinned: a verified document names this one by its digest; see `for_one_signature`.

        Returns:
            What the trust policy says; a document that cannot be read is not verified, with the reason.
        """
        if pinned:
            one = TrustVerifier(for_one_signature(self._trust), self._now, as_of=self._as_of)
            return one.verify(data, source=source)
        kind = "unknown"
        try:
            refuse_if_named(data, source=source)
            source, data = _only_one(data, source)
            document = strict_json.loads(data, source=source, fold_case=True)
            kind = kind_of(document)
            return self._allowed(kind, signed_document(kind, document, data, self._case(source)))
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

    def _case(self, source: str) -> SignatureCase:
        return SignatureCase(self._trust, self._now, self._as_of, source)

    def _allowed(self, kind: str, signed: SignedContent) -> Verification:
        signers = signed.signers
        trust, facts = self._trust, signers.facts
        allowed = allow(trust, signed.about, signers.names, signed.statement, self._now, as_of=self._as_of, facts=facts)
        if not allowed.roles:
            return Verification(False, allowed.reason, signers=signers.names, kind=kind)
        times = [fact.signed_at for fact in facts.values() if fact.signed_at is not None]
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


def _only_one(data: bytes, source: str) -> tuple[str, bytes]:
    found = containers.documents_of(data, source=source)
    if len(found) > 1:
        why = f"{found[0][0]} to {found[-1][0]}: each is verified on its own"
        raise TrustError(f"{source} holds {len(found)} signed documents", why=why)
    return found[0]
