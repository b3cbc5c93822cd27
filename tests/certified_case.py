"""Verdicts that a key with a certificate of a private authority signs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from certificate_case import HOLDER, Authority, Signer, der, pem
from countersigning_case import people
from package_case import KEY
from signing_case import NOW, write

from probatum.attestations.certificates.certificate_attestor import CertificateAttestor, certificate_attestor
from probatum.attestations.keys.signing_key import SigningKey, signing_key
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.trusted import Certificates, CertificateSigner

CA = Authority()


def key_of(holder: Signer) -> SigningKey:
    return signing_key(holder.key, origin="build.pem")


def certified(folder: Path, holder: Signer | None = None, ca: Authority = CA) -> CertificateAttestor:
    holder = holder or ca.issue()
    path = write(folder / "chain.pem", pem(holder.leaf, ca.intermediate, ca.root))
    return certificate_attestor(key_of(holder), path, NOW)


def trusting(policy: TrustPolicy | None = None, *, ca: Authority = CA, name: str = HOLDER, **role: Any) -> TrustPolicy:
    """One of the holder of a certificate and the others of a policy; ``threshold`` of them."""
    policy = policy or people(keys={"one": KEY}, threshold=1)
    server = CertificateSigner(Certificates((der(ca.root),)), "email", name)
    verdict = policy.roles["verdict"]
    made = replace(verdict, signers=(*verdict.signers, "certificate:server"), **role)
    return replace(policy, certificates={"server": server}, roles={"verdict": made})
