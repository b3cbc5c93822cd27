"""What every way of verifying a signature is given, and the errors that they share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ...errors import TrustError
from ..certificates.holders import Holders
from ..certificates.signatures import NOBODY
from ..keyless.sigstore_bundle import VerifiedBundle
from ..keys.public_key import PublicKey
from ..trust.policy import TrustPolicy
from .signed_content import Signers

_REMEDY = "add the signer to the trust policy if it is to be trusted"


@dataclass(frozen=True)
class SignatureCase:
    """One document against one trust policy.

    Args:
        trust: who may sign what.
        now: the time of the verification.
        as_of: the date that is asked about instead; see `signing_time.judged_at`.
        source: what to call the document.
    """

    trust: TrustPolicy
    now: datetime
    as_of: datetime | None
    source: str

    def signed_by(self, keys: Sequence[PublicKey], by: Holders = NOBODY) -> Signers:
        """The signers that the trust policy knows, by key and by certificate.

        Raises:
            TrustError: there is none.
        """
        names = (*(name for key in keys if (name := self.trust.signer_of(key)) is not None), *by.facts)
        if not names:
            what = f"{self.source} is signed by no key of {self.trust.source}"
            raise TrustError(what, why="; ".join(by.reasons), remedy=_REMEDY)
        return Signers(names, by.facts)

    def refuse_if_only_certificates(self, by: Holders) -> None:
        """A certificate by none of the policy's authorities can only be an identity's, if the policy has any.

        Raises:
            TrustError: it has none.
        """
        if self.trust.certificates and not self.trust.identities:
            what = f"{self.source} is signed by no certificate of {self.trust.source}"
            raise TrustError(what, why="; ".join(by.reasons), remedy=_REMEDY)


def identities_of(bundle: VerifiedBundle) -> Signers:
    """The signers of a sigstore bundle."""
    return Signers(bundle.signers, dict.fromkeys(bundle.signers, bundle.facts), bundle.claims)
