"""Verdicts that a key with a certificate of a private authority signed: made, verified, or refused before that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import HOLDER, Authority, Signer, der, pem
from certified_case import CA, certified, key_of, trusting
from countersigning_case import BEN, checked, countersigned, identity, people, revoking, signed, verdict_of, why
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from package_case import KEY
from signing_case import NOW, ed_key, write
from sigstore_package import authority
from timestamp_case import Authority as Clock

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.certificates.certificate_attestor import certificate_attestor
from probatum.attestations.certificates.certified_form import one_certificate
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import signing_key
from probatum.attestations.log.entry import entry_of
from probatum.attestations.revocation.kept_package import opened
from probatum.attestations.revocation.signed_payload import payload_of
from probatum.attestations.trust.init import write_proposal
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.trust.trusted import Certificates, CertificateSigner
from probatum.errors import TrustError, UsageError

DAY = timedelta(days=1)


def test_a_certificate_alone(tmp_path: Path) -> None:
    folder = signed(tmp_path, certified(tmp_path))
    report = checked(folder, trusting())
    assert report.ok, report.failures
    (row,) = [row for row in report.rows if row.check == "verdict.sigstore.json: certificate"]
    assert (row.ok, row.found) == (True, "CN=builder")
    assert HOLDER in row.expected


@pytest.mark.parametrize("second", ["key", "identity", "certificate"])
def test_a_certificate_and_somebody_else(tmp_path: Path, second: str) -> None:
    other = Authority()
    folder = signed(tmp_path, certified(tmp_path))
    trust = trusting(people(BEN, keys={"one": KEY}), threshold=2)
    lab = CertificateSigner(Certificates((der(other.root),)), "email", HOLDER)
    role = trust.roles["verdict"]
    trust = replace(
        trust,
        certificates={**trust.certificates, "lab": lab},
        roles={"verdict": replace(role, signers=(*role.signers, "certificate:lab"))},
    )
    assert "1 of the 2" in why(folder, trust)
    by = {"key": KeyAttestor([KEY]), "identity": identity(BEN), "certificate": certified(tmp_path, ca=other)}[second]
    countersigned(folder, by)
    assert why(folder, trust) == ""


def test_a_certificate_countersigns(tmp_path: Path) -> None:
    folder = signed(tmp_path)
    countersigned(folder, certified(tmp_path))
    assert why(folder, trusting(threshold=2)) == ""


def test_a_certificate_that_has_ended(tmp_path: Path) -> None:
    """It counts where somebody vouches that it signed before; it is no stranger where nobody does."""
    folder = signed(tmp_path)
    path = countersigned(folder, certified(tmp_path, CA.issue(until=NOW + DAY)))
    later = NOW + 3 * DAY
    assert why(folder, trusting(threshold=2)) == ""
    assert why(folder, trusting(), now=later) == "", "the other one suffices"
    found = why(folder, trusting(threshold=2), now=later)
    assert "certificate:server: the chain does not hold now; nobody vouches for an earlier time" in found
    clock = Clock()
    write(path.with_name(f"{path.name}.tsr"), clock.stamp(path.read_bytes(), NOW - timedelta(minutes=1)))
    pinned = replace(trusting(threshold=2), timestamp_authorities={"clock": authority(clock)})
    assert why(folder, pinned, now=later) == ""


def test_the_timestamp_of_the_verdict_is_the_certificates(tmp_path: Path) -> None:
    folder = signed(tmp_path, certified(tmp_path, CA.issue(until=NOW + DAY)))
    later, clock = NOW + 3 * DAY, Clock()
    assert "the chain does not hold now" in why(folder, trusting(), now=later)
    assert "no evidence of when" in why(folder, trusting(), now=later, as_of=later)
    write(folder / "verdict.tsr", clock.stamp(verdict_of(folder).read_bytes(), NOW - timedelta(minutes=1)))
    pinned = replace(trusting(), timestamp_authorities={"clock": authority(clock)})
    assert why(folder, pinned, now=later) == ""
    assert why(folder, pinned, now=later, as_of=later) == ""


def test_a_revoked_key_takes_its_certificate_along(tmp_path: Path) -> None:
    holder = CA.issue()
    folder = signed(tmp_path, certified(tmp_path, holder))
    assert "certificate:server does not count" in why(folder, revoking(trusting(), key_of(holder)))
    with opened(folder) as kept:
        assert {target.name for target in kept.signers} == {key_of(holder).public.id}


def test_documents_of_other_kinds(tmp_path: Path) -> None:
    """What `collect --sign`, `approve` and `waive` make is read as any attestation with a certificate."""
    folder = signed(tmp_path, certified(tmp_path))
    found = TrustVerifier(trusting(), NOW).verify(verdict_of(folder).read_bytes(), source="v")
    assert found.signers == ("certificate:server",)
    entry = strict_json.loads(entry_of(verdict_of(folder).read_bytes(), source="v"), source="e")
    assert entry["signers"][0].startswith("SHA256:")
    assert "the certificate of CN=builder" in write_proposal(folder, None)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda policy: trusting(policy, name="somebody@acme.example"), id="another holder"),
        pytest.param(lambda policy: trusting(policy, ca=Authority()), id="another root"),
        pytest.param(lambda policy: policy, id="no certificates"),
    ],
)
def test_a_stranger(tmp_path: Path, change: Callable[[TrustPolicy], TrustPolicy]) -> None:
    folder = signed(tmp_path, certified(tmp_path))
    assert "verdict.sigstore.json: certificate" in why(folder, change(people(keys={"one": KEY}, threshold=1)))


def test_the_certificates_that_come_along_are_those_below_the_root(tmp_path: Path) -> None:
    """Who pins the authority below the root could else not tell the bundle from one without that certificate."""
    folder = signed(tmp_path, certified(tmp_path))
    server = CertificateSigner(Certificates((der(CA.intermediate),)), "email", HOLDER)
    below = replace(trusting(), certificates={"server": server})
    assert "are not those between it and the root" in why(folder, below)


def test_the_order_of_the_file_does_not_matter(tmp_path: Path) -> None:
    holder = CA.issue()
    chains = set()
    for at, parts in enumerate(
        ((holder.leaf, CA.intermediate), (CA.root, CA.intermediate, holder.leaf), (CA.intermediate, holder.leaf))
    ):
        made = certificate_attestor(key_of(holder), write(tmp_path / f"{at}.pem", pem(*parts)), NOW)
        chains.add(made.chain)
    (chain,) = chains
    assert len(chain.intermediates) == 1
    assert all(one_certificate(item) == item for item in (chain.leaf, *chain.intermediates))


def _other_key(holder: Signer) -> str:
    return pem(CA.issue().leaf, *holder.intermediates)


REFUSED: dict[str, tuple[dict[str, Any], Callable[[Signer], str], str]] = {
    "another key": ({}, _other_key, "none of them is over"),
    "twice": ({}, lambda one: pem(one.leaf, CA.issue(key=one.key).leaf, CA.intermediate), "2 of them are over"),
    "alone": ({}, lambda one: pem(one.leaf), "nothing in it issued"),
    "a stranger's": ({}, lambda one: pem(one.leaf, Authority().intermediate), "no part of the chain"),
    "one more": ({}, lambda one: pem(one.leaf, CA.intermediate, CA.issue().leaf), "no part of the chain"),
    "a weak one more": (
        {},
        lambda one: pem(one.leaf, CA.intermediate, CA.issue(key=rsa.generate_private_key(65537, 1024)).leaf),
        "no part of the chain",
    ),
    "many": ({}, lambda one: pem(one.leaf, *[CA.intermediate] * 10), "it holds 11 certificates"),
    "expired": ({"until": NOW - DAY}, lambda one: pem(one.leaf, CA.intermediate), "and now it is"),
    "early": ({"since": NOW + DAY}, lambda one: pem(one.leaf, CA.intermediate), "and now it is"),
    "for servers": ({"purposes": ()}, lambda one: pem(one.leaf, CA.intermediate), ""),
    "not for signatures": ({"signs": False}, lambda one: pem(one.leaf, CA.intermediate), "not for signatures"),
    "an authority": ({"ca": True}, lambda one: pem(one.leaf, CA.intermediate), "authority"),
    "no certificates": ({}, lambda _: "-----BEGIN NOTHING-----\n", "it is no PEM with certificates"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_would_believe_is_not_signed_with(tmp_path: Path, name: str) -> None:
    options, content, words = REFUSED[name]
    holder = CA.issue(**options)
    with pytest.raises(TrustError, match="cannot be signed with") as error:
        certificate_attestor(key_of(holder), write(tmp_path / "chain.pem", content(holder)), NOW)
    assert words in error.value.why
    assert error.value.remedy


def test_the_key_may_be_ed25519_its_authorities_may_not(tmp_path: Path) -> None:
    new = ed25519.Ed25519PrivateKey.generate
    folder = signed(tmp_path, certified(tmp_path, CA.issue(key=new())))
    assert why(folder, trusting()) == ""
    modern = Authority(key=new(), root_key=new())
    with pytest.raises(TrustError, match="cannot be signed with"):
        certified(tmp_path, ca=modern)


def test_a_weak_key_and_a_missing_file(tmp_path: Path) -> None:
    weak = rsa.generate_private_key(65537, 2048)
    with pytest.raises(TrustError, match="too weak to sign"):
        signing_key(weak, origin="k")
    with pytest.raises(UsageError, match="cannot read"):
        certificate_attestor(ed_key(), tmp_path / "none", NOW)


def test_both_files_of_a_package_are_over_their_own_statements(tmp_path: Path) -> None:
    folder = signed(tmp_path, certified(tmp_path))
    payloads = {payload_of(path.read_bytes(), source="x") for path in folder.glob("*.sigstore.json")}
    assert len(payloads) == 2
