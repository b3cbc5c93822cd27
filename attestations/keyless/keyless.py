"""Signing without a key: a certificate for the identity of a CI job, an entry in a log, and perhaps a timestamp.

The private key lives for one signature or a few, in memory. What was signed is verified at once, against the trusted
root of the same instance, so that nothing leaves here that an auditor could not verify.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from typing import Any

from ... import strict_json
from ...errors import ProbatumError, TrustError
from ..trust.policy import TrustPolicy
from ..trust.trusted import Identity, SigstoreRoot
from .claims import claims_of
from .form import only_form
from .keyless_instance import Instance, open_instance
from .sigstore_bundle import VerifiedBundle, verify_statement
from .token import Token, identity_token

_SOURCE = "the new signature"
_OWN = "own"
_SECONDS = 300
"""For how long a certificate is used; it is valid for twice as long."""
_REMEDY = "try again; or sign with --key"
_REMEDIES = {
    400: "see whether the instance accepts tokens of this issuer for the audience sigstore; or sign with --key",
    401: "see whether the instance accepts tokens of this issuer for the audience sigstore; or sign with --key",
    403: "see whether the instance accepts tokens of this issuer for the audience sigstore; or sign with --key",
    413: "the log does not take statements of this size; use one of version 2, which takes digests; or sign with --key",
}


class KeylessAttestor:
    """Signs with an identity: sigstore bundles, version 0.3.

    Args:
        instance: whose services sign.
        token: who we are; a new one is asked for when it expires before the end of the work.
    """

    form = "sigstore"
    local = False

    def __init__(self, instance: Instance, token: Token) -> None:
        self._instance = instance
        self._token = token
        self._signer: Any = None
        self._since = 0.0
        self._made: VerifiedBundle | None = None

    @property
    def announcement(self) -> str:
        """What is about to be published, of whom, and where; to be shown before anything is signed."""
        everybody = ", which everybody can read for ever" if self._instance.public else ""
        sent = "" if self._instance.digests_only else "; the statements themselves are sent there, and not kept"
        clocks = f", and a digest to {' and '.join(self._instance.clocks)}" if self._instance.clocks else ""
        return (
            f"signing without a key, by {self._instance.name}: the identity {self._token.holder} "
            f"(issuer {self._token.issuer}, token from {self._token.origin}) goes into a certificate by "
            f"{self._instance.authority} and, with each statement's digest and signature, into the log "
            f"{self._instance.log}{everybody}{sent}{clocks}"
        )

    @property
    def origin(self) -> str:
        """Who signed, and where that is logged; before the first signature, who is going to."""
        if self._made is None:
            return f"{self._token.holder} (issuer {self._token.issuer})"
        return f"{self._made.claims['subject']} (issuer {self._made.claims['issuer']}), {self._made.entry}"

    @property
    def signers(self) -> tuple[str, ...]:
        """The identity in the certificate; before the first signature, the token's."""
        return (self._token.holder if self._made is None else self._made.claims["subject"],)

    def attest(self, payload: bytes) -> bytes:
        """Sign a statement, and verify what came of it.

        Raises:
            TrustError: a service cannot be reached or refuses, or what came of it does not hold.
        """
        from sigstore.dsse import Statement

        try:
            bundle = self._current().sign_dsse(Statement(payload))
            data = only_form(bundle.to_json().encode(), source=_SOURCE)
            claims = claims_of(bundle.signing_certificate)
        except ProbatumError:
            raise
        except Exception as error:  # of the library, of its models, of its HTTP client
            raise _refused(error, self._instance) from error
        self._made = self._verified(data, payload, claims)
        return data

    def _current(self) -> Any:
        """A signer whose certificate is still valid: a verdict takes two signatures and gets by with one."""
        from sigstore.sign import Signer

        if self._signer is None or time.monotonic() - self._since > _SECONDS:
            if not self._token.live:
                self._token = self._renewed()
            self._signer, self._since = Signer(self._token.value, self._instance.context()), time.monotonic()
        return self._signer

    def _renewed(self) -> Token:
        """A new token for the same identity as was announced."""
        found = identity_token()
        if (found.issuer, found.holder) != (self._token.issuer, self._token.holder):
            why = f"it was {self._token.holder} and is {found.holder} now"
            raise TrustError("the identity changed while the work was done", why=why, remedy="sign again")
        return found

    def _verified(self, data: bytes, payload: bytes, claims: Mapping[str, str]) -> VerifiedBundle:
        """What was just signed, as an auditor with the instance's trusted root will see it."""
        root = SigstoreRoot(hashlib.sha256(self._instance.root).hexdigest(), self._instance.root)
        holder = Identity(claims["issuer"], claims["subject"], roots=(_OWN,))
        found = verify_statement(data, TrustPolicy({}, {}, {_OWN: holder}, {_OWN: root}), source=_SOURCE)
        if found.content != payload:
            raise TrustError(f"{_SOURCE} is over something else", remedy=_REMEDY)
        stamps = strict_json.loads(data, source=_SOURCE)["verificationMaterial"].get("timestampVerificationData", {})
        if len(stamps.get("rfc3161Timestamps", ())) < len(self._instance.clocks):
            raise TrustError(
                f"{_SOURCE} lacks a timestamp",
                why=f"one of {', '.join(self._instance.clocks)} gave none",
                remedy="try again, or leave it out of the ClientTrustConfig",
            )
        return found


def keyless_attestor(config: str | None = None) -> KeylessAttestor:
    """The attestor that signs with the identity of this CI job.

    Args:
        config: ``FILE`` or ``FILE#sha256=DIGEST`` of an instance of one's own; None for the public one.

    Raises:
        UsageError: the file cannot be read, or is not what its digest says.
        TrustError: there is no identity here, or the instance cannot sign.
    """
    token = identity_token()
    return KeylessAttestor(open_instance(config), token)


def _refused(error: Exception, instance: Instance) -> TrustError:
    """What a service said; the library keeps the words of its answers to itself."""
    chain: list[BaseException] = [error]
    while (cause := chain[-1].__cause__) is not None:
        chain.append(cause)
    answers = [found for item in chain if (found := getattr(item, "response", None)) is not None]
    if answers:
        answer = answers[-1]
        remedy = _REMEDIES.get(answer.status_code, _REMEDY)
        why = f"{answer.url} answers {answer.status_code}: {_words(answer.text)}"
        return TrustError("it cannot be signed without a key", why=why, remedy=remedy)
    why = f"{str(error) or type(error).__name__} (by {instance.name})"
    return TrustError("it cannot be signed without a key", why=why, remedy=_REMEDY)


def _words(text: str) -> str:
    """The message in an answer, as far as there is one; shortened, and without line ends."""
    try:
        found = strict_json.loads(text.encode(), source="the answer")
        message = found.get("message", text) if isinstance(found, Mapping) else text
    except ProbatumError:
        message = text
    return " ".join(str(message).split())[:300]
