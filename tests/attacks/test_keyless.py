"""Attacks on signatures without a key: certificates, identities, log entries, times, roots and bundles.

Each is refused; without the defence that its test names it would be accepted.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from package_case import contents, decided_at, pipeline
from signing_case import NOW, ed_key, statement, write
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services, email, uri, username
from sigstore_log import Log, b64
from sigstore_package import BEFORE, StandIn, authority, signed_package, trusting
from timestamp_case import STAMPED_AT, Authority

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keyless.form import only_form
from probatum.attestations.keys.ecdsa_form import ORDERS
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.names import TIMESTAMP
from probatum.attestations.package.write import write_package
from probatum.attestations.trust.policy import TrustPolicy, trust_keys
from probatum.attestations.trust.signing_time import Window
from probatum.attestations.trust.trusted import Identity
from probatum.attestations.verify.package import Demands, verify_package

PAYLOAD = json.dumps(statement("a" * 64)).encode()
OTHER = json.dumps(statement("b" * 64)).encode()
Change = Callable[[dict[str, Any]], None]


@pytest.fixture(params=[1, 2], ids=["rekor 1", "rekor 2"])
def services(request: pytest.FixtureRequest) -> Services:
    return Services(log_version=request.param)


def reason(bundle: bytes, policy: TrustPolicy) -> str:
    """Why a bundle is refused; empty when it is accepted."""
    found = TrustVerifier(policy, NOW).verify(bundle, source="it")
    assert found.verified == (found.reason == "")
    return found.reason


def changed(bundle: bytes, change: Change) -> bytes:
    document = json.loads(bundle)
    change(document)
    return json.dumps(document).encode()


def twin(document: dict[str, Any]) -> None:
    """The other ECDSA signature that holds alike: of the log's promise, where it makes one, or of the timestamp."""
    found = entry(document).get("inclusionPromise")
    if found is not None:
        r, s = decode_dss_signature(base64.b64decode(found["signedEntryTimestamp"]))
        found["signedEntryTimestamp"] = b64(encode_dss_signature(r, ORDERS[0] - s))
        return
    (stamp,) = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    token = base64.b64decode(stamp["signedTimestamp"])
    ends = (at for at in range(len(token) - 80, len(token)) if token[at] == 4 and at + 2 + token[at + 1] == len(token))
    at = next(ends)  # the signature ends the token, however long it is
    r, s = decode_dss_signature(token[at + 2 :])
    other = encode_dss_signature(r, ORDERS[0] - s)
    stamp["signedTimestamp"] = b64(token[: at + 1] + bytes([len(other)]) + other)


def entry(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["verificationMaterial"]["tlogEntries"][0]
    return found


def test_what_is_attacked_is_accepted_before(services: Services) -> None:
    services.sign_statement(OTHER)
    services.sign_statement(OTHER)
    assert reason(services.sign_statement(PAYLOAD), trusting(services)) == ""


# Certificates and times


def test_a_certificate_that_had_expired_when_it_was_logged(services: Services) -> None:
    """A stolen key of an old job signs today: log and timestamp say today."""
    late = services.sign_statement(PAYLOAD, at=SIGNED_AT - timedelta(minutes=30))
    assert "valid" in reason(late, trusting(services))


def test_an_expired_certificate_without_anybody_who_vouches_for_the_time(services: Services) -> None:
    def no_time(document: dict[str, Any]) -> None:
        document["verificationMaterial"].pop("timestampVerificationData", None)
        entry(document).pop("inclusionPromise", None)

    assert "promise or signed timestamp" in reason(
        changed(services.sign_statement(PAYLOAD), no_time), trusting(services)
    )


def test_a_time_that_nobody_signed() -> None:
    """The log's time counts only with the log's promise over it."""
    services = Services(stamped=True)

    def later(document: dict[str, Any]) -> None:
        entry(document)["integratedTime"] = str(int(SIGNED_AT.timestamp()) + 60)

    assert "SET" in reason(changed(services.sign_statement(PAYLOAD), later), trusting(services))


def test_an_authority_that_had_been_retired(services: Services) -> None:
    """The library takes every authority of a root, whenever it was valid; a retired one's key may have leaked."""
    bundle = services.sign_statement(PAYLOAD)
    for part in ("certificateAuthorities", "ctlogs", "tlogs"):
        root = services.root_document()
        for item in root[part]:
            item.get("publicKey", item)["validFor"]["end"] = "2026-11-19T11:59:00Z"
        assert f"no {part}" in reason(bundle, trusting(services, root=json.dumps(root).encode()))


def test_a_timestamp_authority_that_had_been_retired() -> None:
    services = Services(stamped=True)
    root = services.root_document()
    root["timestampAuthorities"][0]["validFor"] = {"start": "2026-11-19T12:30:00Z"}
    assert "Timestamp Authorities" in reason(
        services.sign_statement(PAYLOAD), trusting(services, root=json.dumps(root).encode())
    )


# Log entries


def test_the_log_entry_of_another_signature(services: Services) -> None:
    """CVE-2022-36056 and CVE-2026-22703 (cosign): a valid entry that is about something else."""
    grafted = entry(json.loads(services.sign_statement(OTHER)))

    def graft(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["tlogEntries"] = [grafted]

    assert reason(changed(services.sign_statement(PAYLOAD), graft), trusting(services))


def test_an_earlier_entry_of_the_same_statement(services: Services) -> None:
    grafted = entry(json.loads(services.sign_statement(PAYLOAD)))

    def graft(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["tlogEntries"] = [grafted]

    assert reason(changed(services.sign_statement(PAYLOAD), graft), trusting(services))


def test_the_inclusion_proof_of_another_leaf(services: Services) -> None:
    for _ in range(5):
        services.sign_statement(OTHER)
    bundle = services.sign_statement(PAYLOAD)
    other = services.log.entry(2, SIGNED_AT)["inclusionProof"]

    def graft(document: dict[str, Any]) -> None:
        entry(document)["inclusionProof"] = other

    assert "root hash" in reason(changed(bundle, graft), trusting(services))


def test_a_checkpoint_of_another_tree(services: Services) -> None:
    """The library compares root hashes and not sizes."""
    services.sign_statement(OTHER)
    bundle = services.sign_statement(PAYLOAD)
    root = base64.b64decode(entry(json.loads(bundle))["inclusionProof"]["rootHash"])

    def graft(document: dict[str, Any]) -> None:
        entry(document)["inclusionProof"]["checkpoint"]["envelope"] = services.log.checkpoint(3, root)

    assert "another tree" in reason(changed(bundle, graft), trusting(services))


def test_a_promise_of_another_log() -> None:
    services = Services()
    bundle = services.sign_statement(PAYLOAD)
    other = Log()
    other.bodies = list(services.log.bodies)

    def graft(document: dict[str, Any]) -> None:
        entry(document)["inclusionPromise"] = other.entry(0, SIGNED_AT)["inclusionPromise"]

    assert "SET" in reason(changed(bundle, graft), trusting(services))


def test_an_entry_of_a_log_that_is_not_in_the_root(services: Services) -> None:
    other = Services(log_version=services.log_version, ca=services.ca, ct=services.ct, tsa=services.tsa)
    other.certificate = services.certificate
    assert reason(other.sign_statement(PAYLOAD), trusting(services))


def test_the_name_of_another_log(services: Services) -> None:
    """The library tries every key where it does not know the log's name, and looks at four bytes of it."""
    if services.log_version == 1:
        services.stamped = True

    def rename(document: dict[str, Any]) -> None:
        name = bytearray(base64.b64decode(entry(document)["logId"]["keyId"]))
        name[-1] ^= 1
        entry(document)["logId"]["keyId"] = b64(bytes(name))
        entry(document).pop("inclusionPromise", None)
        entry(document).pop("integratedTime", None)

    assert "not in the trusted root" in reason(changed(services.sign_statement(PAYLOAD), rename), trusting(services))


def test_another_place_in_the_log() -> None:
    services = Services(log_version=2)

    def move(document: dict[str, Any]) -> None:
        entry(document)["logIndex"] = "7"

    assert "another place" in reason(changed(services.sign_statement(PAYLOAD), move), trusting(services))


def test_an_entry_of_another_signature_beside_the_right_one_and_none_at_all(services: Services) -> None:
    def never(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["tlogEntries"] = []

    grafted = entry(json.loads(services.sign_statement(OTHER)))

    def another(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["tlogEntries"].append(grafted)

    for change in (another, never):
        assert "log entry" in reason(changed(services.sign_statement(PAYLOAD), change), trusting(services))


# Timestamps in bundles


@pytest.fixture
def stamped() -> Services:
    return Services(stamped=True)


def stamping(token: bytes) -> Change:
    def change(document: dict[str, Any]) -> None:
        stamps = document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
        stamps[0]["signedTimestamp"] = b64(token)

    return change


def signature(bundle: bytes) -> bytes:
    return base64.b64decode(json.loads(bundle)["dsseEnvelope"]["signatures"][0]["sig"])


def test_a_timestamp_over_other_bytes(stamped: Services) -> None:
    """Beside a log's time the library would pass over a timestamp that does not hold."""
    bundle = stamped.sign_statement(PAYLOAD)
    assert "does not hold" in reason(changed(bundle, stamping(stamped.tsa.stamp(b"other"))), trusting(stamped))


def test_a_timestamp_of_an_untrusted_authority(stamped: Services) -> None:
    bundle = stamped.sign_statement(PAYLOAD)
    assert "does not hold" in reason(changed(bundle, stamping(Authority().stamp(signature(bundle)))), trusting(stamped))


def test_one_timestamp_twice() -> None:
    def twice(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"] *= 2

    services = Services(log_version=2)
    found = changed(services.sign_statement(PAYLOAD), twice)
    times = json.loads(found)["verificationMaterial"]["timestampVerificationData"]["rfc3161Timestamps"]
    assert len(times) == 2
    accepted = TrustVerifier(trusting(services), NOW).verify(found, source="it")
    assert accepted.signed_at in (None, "2026-11-19T12:00:01Z"), "two copies prove no more than one"


def test_of_two_times_the_later_counts(stamped: Services) -> None:
    """A signature is only shown to have been there once everybody who vouches for it had seen it."""
    bundle = stamped.sign_statement(PAYLOAD)
    late = stamped.tsa.stamp(signature(bundle), SIGNED_AT + timedelta(minutes=5))
    found = TrustVerifier(trusting(stamped), NOW).verify(changed(bundle, stamping(late)), source="it")
    assert found.signed_at == "2026-11-19T12:05:00Z"


# Identities


@pytest.mark.parametrize(
    "subject",
    [
        f"{WORKFLOW}.evil",
        WORKFLOW[:-1],
        WORKFLOW.replace("main", "main/../evil"),
        WORKFLOW.upper(),
        WORKFLOW.replace("ci.example", "ci.example.evil.example"),
        WORKFLOW.replace("https://", "https://evil.example/https://"),
        WORKFLOW.replace("org/", "0rg/"),
        f"{WORKFLOW}#",
        WORKFLOW.replace("train", "tra%69n"),
    ],
)
def test_identities_that_look_like_the_allowed_one(services: Services, subject: str) -> None:
    bundle = services.sign_statement(PAYLOAD, identity=subject)
    assert "the identity" in reason(bundle, trusting(services))


@pytest.mark.parametrize(
    "subject",
    [
        "https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main.evil",
        "https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main/evil",
        "https://github.com/org/repo/.github/workflows/a/x.yml@refs/heads/main",
        "https://github.com/org/repo.evil/.github/workflows/x.yml@refs/heads/main",
        "https://github.com.evil/org/repo/.github/workflows/x.yml@refs/heads/main",
        "https://github.com/org/repo/.github/workflows/x.yml@refs/tags/a@refs/heads/main",
    ],
)
def test_identities_that_go_beyond_a_pattern(services: Services, subject: str) -> None:
    pattern = "https://github.com/org/repo/.github/workflows/*@refs/heads/main"
    policy = trusting(services, identity=None, pattern=pattern)
    good = services.sign_statement(
        PAYLOAD, identity="https://github.com/org/repo/.github/workflows/x.yml@refs/heads/main"
    )
    assert reason(good, policy) == ""
    assert "does not follow" in reason(services.sign_statement(PAYLOAD, identity=subject), policy)


@pytest.mark.parametrize(
    "name",
    [
        email(WORKFLOW),
        username(WORKFLOW),
        username("a@b.example"),
        uri("a@b.example"),
        x509.DNSName("ci.example"),
        [uri(WORKFLOW), uri("https://evil.example/x")],
        [email("a@b.example"), uri(WORKFLOW)],
    ],
)
def test_a_name_of_another_kind_or_several(services: Services, name: Any) -> None:
    """Whoever can get a certificate for an e-mail address must not become a workflow, nor the reverse."""
    for wanted in (WORKFLOW, "a@b.example"):
        assert "holder" in reason(services.sign_statement(PAYLOAD, identity=name), trusting(services, identity=wanted))


def test_an_address_and_a_user_name_are_what_they_are(services: Services) -> None:
    for name, wanted in ((email("a@b.example"), "a@b.example"), (username("me!b.example"), "me!b.example")):
        assert reason(services.sign_statement(PAYLOAD, identity=name), trusting(services, identity=wanted)) == ""


def test_another_issuer(services: Services) -> None:
    other = services.sign_statement(PAYLOAD, issuer="https://evil.example")
    assert "the issuer is" in reason(other, trusting(services))
    assert "two issuers" in reason(
        services.sign_statement(PAYLOAD, issuer="https://evil.example", old_issuer=ISSUER), trusting(services)
    )
    assert "two issuers" in reason(
        services.sign_statement(PAYLOAD, old_issuer="https://evil.example"), trusting(services)
    )
    assert "no issuer" in reason(services.sign_statement(PAYLOAD, issuer=None), trusting(services))
    assert reason(services.sign_statement(PAYLOAD, issuer=None, old_issuer=ISSUER), trusting(services)) == ""


def test_a_runner_of_ones_own_that_poses_as_the_hosted_one(services: Services) -> None:
    policy = trusting(services, claims={"runner": "github-hosted"})
    assert "the claim runner" in reason(services.sign_statement(PAYLOAD), policy)
    assert "the claim runner" in reason(services.sign_statement(PAYLOAD, claims={"runner": "self-hosted"}), policy)
    assert reason(services.sign_statement(PAYLOAD, claims={"runner": "github-hosted"}), policy) == ""


# Bundles


def test_the_certificate_of_an_allowed_identity_over_a_signature_of_another_key(services: Services) -> None:
    mine = json.loads(services.sign_statement(PAYLOAD, identity="https://evil.example/x"))
    theirs = json.loads(services.sign_statement(PAYLOAD))

    def graft(document: dict[str, Any]) -> None:
        document["verificationMaterial"]["certificate"] = theirs["verificationMaterial"]["certificate"]

    assert reason(changed(json.dumps(mine).encode(), graft), trusting(services))


def test_a_statement_that_was_signed_as_something_else(services: Services) -> None:
    bundle = services.sign_statement(PAYLOAD, payload_type="text/plain")
    assert "payload type" in reason(bundle, trusting(services))

    def swap(document: dict[str, Any]) -> None:
        document["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+json"

    assert reason(changed(bundle, swap), trusting(services))


def test_two_signatures_in_one_envelope(services: Services) -> None:
    def twice(document: dict[str, Any]) -> None:
        document["dsseEnvelope"]["signatures"] *= 2

    assert reason(changed(services.sign_statement(PAYLOAD), twice), trusting(services))


def test_a_certificate_of_an_authority_of_the_attackers_own(services: Services) -> None:
    evil = Services(log_version=services.log_version, ct=services.ct, logs=services.logs, tsa=services.tsa)
    assert reason(evil.sign_statement(PAYLOAD), trusting(services))


def test_a_certificate_that_is_in_no_certificate_log(services: Services) -> None:
    evil = Services(log_version=services.log_version, ca=services.ca, logs=services.logs, tsa=services.tsa)
    evil.certificate = services.certificate
    assert "SCT" in reason(evil.sign_statement(PAYLOAD), trusting(services))


def test_an_identity_counts_only_with_the_root_that_it_names() -> None:
    """Two instances: whoever runs one must not speak for the identities of the other."""
    one, two = Services(), Services()
    policy = trusting(one)
    roots = {"own": policy.sigstore["own"], "two": trusting(two).sigstore["own"]}
    other = Identity(ISSUER, "https://ci.example/two", roots=("two",))
    both = replace(policy, sigstore=roots, identities={**policy.identities, "other": other})
    assert reason(one.sign_statement(PAYLOAD), both) == ""
    assert "other: the identity" in reason(two.sign_statement(PAYLOAD), both)
    assert "ci: the identity" in reason(one.sign_statement(PAYLOAD, identity="https://ci.example/two"), both)


# Roots


def test_a_planted_root_in_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library's offline verifier trusts its cache; the trust policy's pinned root is all that counts here."""
    from sigstore._internal.tuf import DEFAULT_TUF_URL, _get_dirs
    from sigstore.models import Bundle
    from sigstore.verify import Verifier
    from sigstore.verify.policy import UnsafeNoOp

    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    evil, good = Services(), Services()
    for folder in _get_dirs(DEFAULT_TUF_URL):
        write(folder / "trusted_root.json", evil.trusted_root())
    bundle = evil.sign_statement(PAYLOAD)
    Verifier.production(offline=True).verify_dsse(Bundle.from_json(bundle), UnsafeNoOp())
    assert reason(bundle, trusting(good))
    assert reason(good.sign_statement(PAYLOAD), trusting(good)) == ""


# Verdict packages


def verified(folder: Path, policy: TrustPolicy, **asked: Any) -> Any:
    return verify_package(folder, Demands(**{"trust": policy, "basis": "test", "now": NOW, **asked}))


def refusal(report: Any) -> str:
    assert not report.ok
    return "; ".join(f"{row.check}: {row.detail}" for row in report.failures)


def test_a_package_by_an_allowed_identity_is_accepted(services: Services, tmp_path: Path) -> None:
    folder = signed_package(tmp_path, services)
    report = verified(folder, trusting(services, require_log=True, require_timestamp=True))
    assert report.ok, refusal(report)
    assert {f"verdict.sigstore.json: {name}" for name in ("bundle", "certificate", "log entry", "time")} <= {
        row.check for row in report.rows
    }


def test_two_forms_of_one_verdict(services: Services, tmp_path: Path) -> None:
    """Two readers would read two documents."""
    folder = signed_package(tmp_path, services)
    payload = base64.b64decode(json.loads((folder / "verdict.sigstore.json").read_bytes())["dsseEnvelope"]["payload"])
    write(folder / "verdict.dsse.json", KeyAttestor([ed_key()]).attest(payload))
    assert "there twice" in refusal(verified(folder, trusting(services)))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d["dsseEnvelope"]["signatures"][0].update(keyid="x"),
        lambda d: d["dsseEnvelope"].update(payload=d["dsseEnvelope"]["payload"] + "\n"),
        lambda d: d["verificationMaterial"]["certificate"].update(
            rawBytes="!" + d["verificationMaterial"]["certificate"]["rawBytes"]
        ),
        lambda d: entry(d)["inclusionProof"].update(treeSize="0" + entry(d)["inclusionProof"]["treeSize"]),
        lambda d: entry(d)["inclusionProof"]["checkpoint"].update(
            envelope=entry(d)["inclusionProof"]["checkpoint"]["envelope"] + "\u2014 witness.example AAAAAAAA\n"
        ),
        lambda d: entry(d)["inclusionProof"]["checkpoint"].update(
            envelope=entry(d)["inclusionProof"]["checkpoint"]["envelope"] + "and more\n"
        ),
        lambda d: twin(d),
        lambda d: d.update(mediaType="application/vnd.dev.sigstore.bundle+json;version=0.3"),
        lambda d: d.update(extra=1),
        lambda d: d["verificationMaterial"].update(timestampVerificationData={}),
        lambda d: d["verificationMaterial"].pop("tlogEntries"),
        lambda d: d["verificationMaterial"]["tlogEntries"].append(entry(d)),
        lambda d: entry(d)["inclusionProof"]["checkpoint"].update(
            envelope=entry(d)["inclusionProof"]["checkpoint"]["envelope"].replace("\u2014 log", "\u2014 LOG")
        ),
        lambda d: d["dsseEnvelope"].update(signatures=[]),
    ],
)
def test_spellings_of_a_bundle_that_nobody_checks(services: Services, tmp_path: Path, change: Change) -> None:
    folder = signed_package(tmp_path, services)
    path = folder / "verdict.sigstore.json"
    document = json.loads(path.read_bytes())
    change(document)
    path.write_bytes(strict_json.canonical(document))
    assert "verdict.sigstore.json: bundle" in refusal(verified(folder, trusting(services)))
    path.write_bytes(path.read_bytes() + b"\n")
    assert "verdict.sigstore.json: bundle" in refusal(verified(folder, trusting(services)))


def test_no_byte_of_a_signed_verdict_is_free(tmp_path: Path) -> None:
    services = Services(stamped=True)
    folder = signed_package(tmp_path, services)
    policy, path = trusting(services), folder / "verdict.sigstore.json"
    honest = path.read_bytes()
    for at in range(3, len(honest), 31):
        altered = bytearray(honest)
        altered[at] ^= 1 << (at % 7)
        path.write_bytes(altered)
        assert not verified(folder, policy).ok, f"byte {at} of {len(honest)}"
    path.write_bytes(honest)
    assert verified(folder, policy).ok


def test_a_verdict_that_was_signed_as_something_else(services: Services, tmp_path: Path) -> None:
    folder = signed_package(tmp_path, services, payload_type="text/plain")
    assert "verdict.sigstore.json: payload type" in refusal(verified(folder, trusting(services)))


def test_a_verdict_by_an_identity_of_another_role(services: Services, tmp_path: Path) -> None:
    policy = trusting(services)
    roles = {name: role for name, role in policy.roles.items() if name != "verdict"}
    assert "signer" in refusal(verified(signed_package(tmp_path, services), replace(policy, roles=roles)))


def test_an_assessment_by_another_identity(services: Services, tmp_path: Path) -> None:
    folder = signed_package(tmp_path, services, identity="https://evil.example/x")
    other = trusting(services, identity="https://evil.example/x")
    assert verified(folder, other).ok
    assert "verdict.sigstore.json: signature" in refusal(verified(folder, trusting(services)))


# Timestamps over verdicts


KEY = ed_key()
TSA = Authority()
UNTIL = STAMPED_AT + timedelta(minutes=1)


def key_signed(tmp_path: Path, token: Callable[[bytes], bytes] | None, key: SigningKey = KEY) -> Path:
    detached = {} if token is None else {TIMESTAMP: token}
    root, folder = pipeline(tmp_path / "pipeline"), tmp_path / "verdict"
    write_package(
        folder, decided_at(contents(root), BEFORE), attestor=KeyAttestor([key]), detached=detached, version="0.1.0"
    )
    return folder


def expired(*, tsa: Authority | None = TSA) -> TrustPolicy:
    """The trust policy of somebody who trusts a key that was valid until a minute after the timestamp."""
    policy = trust_keys([KEY.public], source="test")
    window = {f"key:{KEY.public.id}": Window(None, UNTIL)}
    known = {} if tsa is None else {"tsa": authority(tsa)}
    return replace(policy, windows=window, timestamp_authorities=known)


def test_a_key_that_expired_since_needs_somebody_who_vouches_for_the_time(tmp_path: Path) -> None:
    assert "no evidence" in refusal(verified(key_signed(tmp_path / "a", None), expired()))
    report = verified(key_signed(tmp_path / "b", TSA.stamp), expired())
    assert report.ok, refusal(report)


@pytest.mark.parametrize(
    "token",
    [
        lambda data: TSA.stamp(b"another verdict"),
        lambda data: Authority().stamp(data),
        lambda data: TSA.stamp(data) + b"\0",
        lambda data: TSA.respond(b"\0" * 32),
        lambda data: b"",
        lambda data: TSA.stamp(data, UNTIL),
    ],
)
def test_timestamps_that_prove_nothing(tmp_path: Path, token: Callable[[bytes], bytes]) -> None:
    """Over other bytes, by somebody else, with bytes behind it, empty, or of after the key's time."""
    assert refusal(verified(key_signed(tmp_path, token), expired()))


def test_a_timestamp_whose_authority_nobody_named_is_said_not_to_be_checked(tmp_path: Path) -> None:
    folder = key_signed(tmp_path, lambda data: Authority().stamp(data))
    report = verified(folder, trust_keys([KEY.public], source="test"))
    assert report.ok
    (row,) = [row for row in report.rows if row.check == TIMESTAMP]
    assert row.ok is None
    assert "no evidence" in refusal(verified(folder, expired(tsa=None)))


def test_a_damaged_timestamp_is_not_passed_over(tmp_path: Path) -> None:
    """Also where no demand of the trust policy needs it."""
    folder = key_signed(tmp_path, lambda data: Authority().stamp(data))
    policy = replace(trust_keys([KEY.public], source="test"), timestamp_authorities={"tsa": authority(TSA)})
    assert TIMESTAMP in refusal(verified(folder, policy))


def test_certificates_that_were_added_to_a_timestamp(tmp_path: Path) -> None:
    """GHSA-3xxc-pwj6-jgrj (rfc3161-client): the bag of certificates in a timestamp is signed by nobody."""
    other = Authority(name="Spoofed TSA")

    def stuffed(data: bytes) -> bytes:
        return TSA.respond(hashlib.sha256(data).digest(), certificates=(TSA.leaf, other.leaf, other.root))

    assert "does not belong to the authority" in refusal(verified(key_signed(tmp_path, stuffed), expired()))


def test_a_timestamp_that_is_required(tmp_path: Path) -> None:
    policy = expired()
    roles = {name: replace(role, require_timestamp=True) for name, role in policy.roles.items()}
    wanted = replace(policy, roles=roles, windows={})
    assert "vouched" in refusal(verified(key_signed(tmp_path / "a", None), wanted))
    assert verified(key_signed(tmp_path / "b", TSA.stamp), wanted).ok


def test_a_stand_in_makes_what_probatum_writes(services: Services) -> None:
    """The tests above attack the form that is really written."""
    bundle = StandIn(services).attest(PAYLOAD)
    assert only_form(bundle, source="it") == bundle
