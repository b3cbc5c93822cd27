"""Attacks on the trust policy: on what it says, on who is meant by it, and on the time at which it is applied."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from certificate_case import (
    CODE,
    HOLDER,
    Authority,
    Signer,
    b64,
    bundled,
    clock,
    enveloped,
    name,
    new,
    pem,
    signature,
    trusting,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID
from package_case import KEY, check, written
from signing_case import NOW, ec_key, ed_key, envelope, policy, sha256, statement, write
from sigstore_case import ISSUER, SIGNED_AT, WORKFLOW, Services
from timestamp_case import STAMPED_AT
from timestamp_case import Authority as Clock
from trust_case import FULL, ONE, policy_file, verifier_key

from probatum.attestations.documents.verifier import TrustVerifier
from probatum.attestations.keys.signing_key import SigningKey, signing_key
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.identity_pattern import matches
from probatum.attestations.trust.init import write_proposal
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES, VSA
from probatum.attestations.trust.roles import allow
from probatum.attestations.trust.signing_time import SignatureFacts, Window
from probatum.attestations.trust.trusted import Identity, SigstoreRoot
from probatum.errors import ProbatumError, TrustError
from probatum.verification import Verification

DAY = timedelta(days=1)
CA = Authority()
CLOCK = Clock()
PAYLOAD = json.dumps(statement("a" * 64)).encode()
PATTERN = "https://ci.example/acme/*/train.yml@refs/heads/main"


def refused(root: Path, text: str) -> str:
    with pytest.raises(ProbatumError) as error:
        load_trust(policy_file(root, text))
    return f"{error.value} {error.value.remedy}"


def verified(data: bytes, trust: TrustPolicy, **options: Any) -> Verification:
    return TrustVerifier(trust, NOW, **options).verify(data, source="it")


# What the policy says


def test_every_edit_of_the_policy_is_another_policy(tmp_path: Path) -> None:
    """Downgraded settings: whatever is taken away or weakened later changes the digest that assessments pin."""
    weaker = [
        FULL.replace("threshold: 2, ", ""),
        FULL.replace("max_age_days: 30", "max_age_days: 31"),
        FULL.replace("require_log: true, logs: [main, public]", "require_log: true"),
        FULL.replace(", require_log: true, logs: [main, public]", ""),
        FULL.replace("require_timestamp: true, timestamp_authorities: [clock, private]", "require_timestamp: true"),
        FULL.replace(", require_timestamp: true, timestamp_authorities: [clock, private]", ""),
        FULL.replace(', valid_until: "2027-01-01T01:00:00+01:00"', ""),
        FULL.replace("    valid_until: 2028-01-01T00:00:00Z\n", ""),
        FULL.replace("    claims: {repository: https://ci.example/acme/r, runner: github-hosted}\n", ""),
        FULL.replace(", runner: github-hosted", ""),
        FULL.replace("acme/*/train.yml", "*/r/train.yml"),
        FULL.replace("    roots: [public, private]\n", "    roots: [private]\n"),
        FULL.replace("email: builder@acme.example", "common_name: builder"),
        FULL.replace(f", witnesses: [{verifier_key('w1', 1, 4)}, {verifier_key('w2', 2, 4)}], quorum: 1", ""),
        FULL.replace("quorum: 1", "quorum: 2"),
        FULL.replace("approval: {signers: [someone]}", "approval: {signers: [someone, one]}"),
    ]
    assert FULL not in weaker
    digests = [load_trust(policy_file(tmp_path, text)).digest for text in (FULL, *weaker)]
    assert len(set(digests)) == len(digests)


def test_the_report_pins_the_verifiers_own_policy(tmp_path: Path) -> None:
    """Downgraded settings: a verification under a weaker trust policy says so in its own record."""
    written(tmp_path)
    strict, lax = policy({"k": KEY}, verdict={"max_age_days": 1.0}), policy({"k": KEY}, verdict={})
    digests = [check(tmp_path, trust=trust).settings["trust_policy"]["sha256"] for trust in (strict, lax)]
    assert digests == [strict.digest, lax.digest]
    assert strict.digest != lax.digest


@pytest.mark.parametrize(("old", "new", "why"), [
    ("threshold: 2", "threshold: 0", "threshold"),
    ("threshold: 2", "threshold: -1", "threshold"),
    ("threshold: 2", "threshold: true", "threshold"),
    ("threshold: 2", "threshold: null", "threshold"),
    ("threshold: 2", "threshold: 1.5", "threshold"),
    ("threshold: 2", "Threshold: 2", "Threshold"),
    ("threshold: 2", "threshold: 2, threshold: 1", "duplicate key"),
    ("threshold: 2", 'threshold: 2, "threshold": 1', "duplicate key"),
    ("max_age_days: 30", "max_age_days: .inf", "no decimal number"),
    ("max_age_days: 30", "max_age_days: .nan", "no decimal number"),
    ("max_age_days: 30", "max_age_days: 1.0e+300", "greater than the maximum"),
    ("require_log: true", 'require_log: "true"', "require_log"),
    ("signers: [one, two]", "signers: [one, one]", "signers"),
    ("signers: [one, two], threshold", "signers: one, threshold", "signers"),
    ("roles:\n", "roles:\n  anything: {signers: [one]}\n", "anything"),
    ("roles:\n", "Roles: {}\nroles:\n", "Roles"),
    ("roles:\n", "roles:\n  verdict: {signers: [ci]}\n", "duplicate key"),
    ("version: 1", "version: 1\n---\nversion: 1", "YAML"),
    ("version: 1", "version: !!python/object:os.system 1", "YAML"),
    ("  one: {", "  no: {", "keys"),
    ("  one: {", "  1: {", "keys"),
    ("  one: {", '  "one\\n": {', "keys"),
])  # fmt: skip
def test_settings_that_weaken_by_a_trick_are_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    """Downgraded settings: values that switch a demand off, fields that nobody reads, keys that are there twice."""
    assert old in FULL
    assert why in refused(tmp_path, FULL.replace(old, new, 1))


def test_a_merge_key_cannot_bring_fields_in(tmp_path: Path) -> None:
    """Downgraded settings: a YAML merge takes a field from elsewhere, and wins or loses against one that is there."""
    hidden = FULL.replace(
        "approval: {signers: [someone]}", "approval: &a {signers: [someone, one]}\n  waiver: {<<: *a}"
    )
    assert "merge key" in refused(tmp_path, hidden)
    listed = FULL.replace("approval: {signers: [someone]}", "approval: &a {signers: [one]}\n  waiver: {<<: [*a]}")
    assert "merge key" in refused(tmp_path, listed)


def test_a_bomb_of_aliases_is_refused(tmp_path: Path) -> None:
    """Resource exhaustion: aliases of aliases ("billion laughs", as CVE-2003-1564 was for XML)."""
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{at}: &a{at} [{', '.join([f'*a{at - 1}'] * 9)}]" for at in range(1, 9)]
    assert "too many nodes" in refused(tmp_path, "\n".join(lines))


def test_a_swapped_root_is_refused(tmp_path: Path) -> None:
    """Planted root: files that the policy pins are exchanged for others, before they are read."""
    for file in ("private.json", "root.json"):
        path = policy_file(tmp_path)
        write(tmp_path / file, Services().trusted_root())
        with pytest.raises(TrustError, match="has the SHA-256"):
            load_trust(path)
    path = policy_file(tmp_path)
    write(tmp_path / "ca.pem", pem(Authority().root))
    with pytest.raises(TrustError, match="has the SHA-256"):
        load_trust(path)


def test_a_package_cannot_write_itself_into_the_policy(tmp_path: Path) -> None:
    """Trust on first use: text of a hostile verdict becomes lines of the proposal that no reviewer took in."""
    evil = 'x"\n\nroles: {verdict: {signers: [evil]}}\n#'
    folder = written(tmp_path, trust=policy({"evil": ed_key()}, model={})).folder
    document = json.loads((folder / "trust.json").read_bytes())
    document["keys"][evil] = document["keys"]["evil"]
    document["keys"]["evil"] = {"pem": ed_key().public.pem.replace("\n-----END", "\nroles: {}\n-----END")}
    write(folder / "trust.json", json.dumps(document))
    verdict = json.loads((folder / "verdict.dsse.json").read_bytes())
    verdict["signatures"] += [{"keyid": evil, "sig": "AAAA"}, {"keyid": "a\u2028roles: {}", "sig": "AAAA"}]
    write(folder / "verdict.dsse.json", json.dumps(verdict))
    text = write_proposal(folder, None)
    active = [line for line in text.splitlines() if not line.startswith("#")]
    assert active == ["review: required", "version: 1"]
    assert "roles: {}" not in text


@pytest.mark.parametrize("who", [
    {"identity": 'https://ci.example/x"\nroles: {verdict: {signers: [evil]}}'},
    {"identity": "https://ci.example/x", "issuer": "https://i.example\nversion: 1\nroles: {}"},
])  # fmt: skip
def test_a_certificate_cannot_write_itself_into_the_policy(tmp_path: Path, who: Mapping[str, str]) -> None:
    """Trust on first use: the same with names in the certificate of a keyless signer."""
    folder = written(tmp_path).folder
    (folder / "verdict.dsse.json").unlink()
    write(folder / "verdict.sigstore.json", Services().sign_statement(PAYLOAD, **who))
    try:
        text = write_proposal(folder, None)
    except TrustError as error:
        assert "certificate" in str(error)
        return
    active = [line for line in text.splitlines() if not line.startswith("#")]
    assert active == ["review: required", "version: 1"]


# Who is meant


@pytest.mark.parametrize("identity", [
    "https://ci.example/acme/r/train.yml@refs/heads/main\n",
    "https://ci.example/acme/r/train.yml@refs/heads/main\nhttps://ci.example/evil",
    "https://evil.example/\nhttps://ci.example/acme/r/train.yml@refs/heads/main",
    "https://ci.example/acme/r\x00/train.yml@refs/heads/main",
    "https://ci.example/acme/r/train.yml@refs/heads/main\x00.evil.example",
    "https://ci.example/acme/evil/r/train.yml@refs/heads/main",
    "https://ci.example/acme/../evil/train.yml@refs/heads/main",
    "https://ci.example/acme/../train.yml@refs/heads/main",
    "https://ci.example/acme/./train.yml@refs/heads/main",
    "https://ci.example/acme//train.yml@refs/heads/main",
    "https://ci.example/acme/r%2Fevil/train.yml@refs/heads/main",
    "https://ci.example/acme/r%00/train.yml@refs/heads/main",
    "https://ci.example/acme/r?x=/train.yml@refs/heads/main",
    "https://ci.example/acme/r#/train.yml@refs/heads/main",
    "https://ci.example/acme/r\\..\\evil/train.yml@refs/heads/main",
    "https://ci.example/acme/r train/train.yml@refs/heads/main",
    "https://ci.example/acme/evil@x/train.yml@refs/heads/main",
    "https://ci.example/acme/r\u2044x/train.yml@refs/heads/main",
    "https://ci.example/acme/r\u202etxt/train.yml@refs/heads/main",
    "https://ci.example/\u0430cme/r/train.yml@refs/heads/main",
    "https://ci.example/ACME/r/train.yml@refs/heads/main",
    "https://CI.example/acme/r/train.yml@refs/heads/main",
    "https://ci.example/acme/r/train.yml@refs/heads/main.evil",
    "https://ci.example/acme/r/train.yml@refs/heads/main/evil",
    "https://ci.example/acme/r/train.yml@refs/heads/Main",
    "https://ci.example/acme/r/trainXyml@refs/heads/main",
    "https://ci.example.evil.example/acme/r/train.yml@refs/heads/main",
    "https://evil.example/https://ci.example/acme/r/train.yml@refs/heads/main",
    "https://ci.example@evil.example/acme/r/train.yml@refs/heads/main",
    "http://ci.example/acme/r/train.yml@refs/heads/main",
    " https://ci.example/acme/r/train.yml@refs/heads/main",
    "https://ci.exampl\u0435/acme/r/train.yml@refs/heads/main",
    "https://ci.example/acme/\uff52/train.yml@refs/heads/main",
])  # fmt: skip
def test_a_pattern_matches_no_look_alike(identity: str) -> None:
    """Identity confusion: a stranger whom an unanchored, normalised or greedy pattern would take for one of ours."""
    assert matches(PATTERN, "https://ci.example/acme/r/train.yml@refs/heads/main")
    assert not matches(PATTERN, identity)
    found = Identity(ISSUER, pattern=PATTERN).objection({"issuer": ISSUER, "subject": identity})
    assert "does not follow" in found


def test_an_identity_cannot_stall_the_comparison() -> None:
    """Resource exhaustion: an identity for which a backtracking matcher tries every way to share it out (CWE-1333)."""
    began = time.process_time()
    assert not matches(f"https://ci.example/{'*-' * 20}x", f"https://ci.example/{'-' * 4000}y")
    assert time.process_time() - began < 5


def keyless(services: Services, **fields: Any) -> TrustPolicy:
    root = services.trusted_root()
    role = Role("provenance", ("identity:ci",), DEFAULT_TYPES["provenance"])
    who = Identity(**{"issuer": ISSUER, "roots": ("pub",), **fields})
    return TrustPolicy({}, {"provenance": role}, {"ci": who}, {"pub": SigstoreRoot(sha256(root), root)})


def test_a_pattern_holds_for_real_certificates(tmp_path: Path) -> None:
    """Identity confusion: the same through the real library, with certificates whose chain holds."""
    services = Services()
    pattern = WORKFLOW.replace("/repo/", "/*/")
    trust = keyless(services, pattern=pattern)

    def found(identity: str) -> Verification:
        return TrustVerifier(trust, SIGNED_AT).verify(services.sign_statement(PAYLOAD, identity=identity), source="it")

    assert found(WORKFLOW).verified
    assert found(WORKFLOW.replace("/repo/", "/other/")).verified
    for other in (f"{WORKFLOW}.evil", WORKFLOW.replace("/repo/", "/repo/evil/"), WORKFLOW.replace("org", "Org")):
        assert not found(other).verified
    stranger = services.sign_statement(PAYLOAD, issuer="https://issuer.example.evil.example")
    assert "the issuer is" in TrustVerifier(trust, SIGNED_AT).verify(stranger, source="it").reason
    claiming = replace(trust, identities={"ci": replace(trust.identities["ci"], claims={"runner": "github-hosted"})})
    bundle = services.sign_statement(PAYLOAD)
    assert "the claim runner is None" in TrustVerifier(claiming, SIGNED_AT).verify(bundle, source="it").reason


def test_an_identity_counts_only_below_its_own_root() -> None:
    """Confused authorities: a private instance vouches for an identity of the public one."""
    public, private = Services(), Services()
    trust = keyless(public, identity=WORKFLOW)
    root = private.trusted_root()
    both = replace(trust, sigstore={**trust.sigstore, "private": SigstoreRoot(sha256(root), root)})
    at = TrustVerifier(both, SIGNED_AT)
    assert at.verify(public.sign_statement(PAYLOAD), source="it").verified
    assert not at.verify(private.sign_statement(PAYLOAD), source="it").verified


PUBLIC = ONE.public.key
SSH = PUBLIC.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
FORMS = {
    "path": "{path: one.pub}",
    "pem": json.dumps({"pem": ONE.public.pem}),
    "pem with other line ends": json.dumps({"pem": ONE.public.pem.replace("\n", "\r\n")}),
    "ssh": json.dumps({"pem": SSH}),
    "ssh with a comment": json.dumps({"pem": f"{SSH} somebody@else"}),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_one_key_in_two_forms_is_one_key(tmp_path: Path, form: str) -> None:
    """Threshold: one person's key as PEM, as a path, and in SSH's form, under two names."""
    text = f"version: 1\nkeys:\n  one: {{path: one.pub}}\n  two: {form}\n"
    why = refused(tmp_path, f"{text}roles:\n  verdict: {{signers: [one, two], threshold: 2}}\n")
    assert "trust.yaml:4: keys.two is wrong: 'one' and 'two' are the same; one signer would count twice" in why


def test_one_identity_with_two_roots_is_one_identity(tmp_path: Path) -> None:
    """Threshold: the same identity below two roots, or as two holders of certificates, under two names."""
    again = "  again: {issuer: https://issuer.example, identity: someone@acme.example, roots: [public]}\n"
    assert "'someone' and 'again' are the same" in refused(
        tmp_path, FULL.replace("certificates:\n", f"{again}certificates:\n", 1)
    )


def test_a_key_and_its_own_certificate_count_once() -> None:
    """Threshold: one private key signs twice, once as a key and once with its certificate."""
    private = new()
    key = signing_key(private, origin="test")
    plain = json.loads(envelope(PAYLOAD, key))["signatures"][0]
    trust = trusting(CA.root, keys={"k": key}, threshold=2)
    certified = signature(CA.issue(key=private), PAYLOAD)
    found = verified(enveloped(PAYLOAD, certified, plain), trust)
    assert not found.verified
    assert "1 of the 2 signers needed signed (certificate:server, key:k with one key or identity)" in found.reason
    assert verified(enveloped(PAYLOAD, signature(CA.issue(), PAYLOAD), plain), trust).verified


def test_one_bundle_of_two_identities_counts_once() -> None:
    """Threshold: one signature whose identity two names of the policy match."""
    services = Services()
    trust = keyless(services, identity=WORKFLOW)
    two = {
        "ci": trust.identities["ci"],
        "any": Identity(ISSUER, pattern=WORKFLOW.replace("/repo/", "/*/"), roots=("pub",)),
    }
    role = replace(trust.roles["provenance"], signers=("identity:ci", "identity:any"), threshold=2)
    found = TrustVerifier(replace(trust, identities=two, roles={"provenance": role}), SIGNED_AT)
    assert "1 of the 2" in found.verify(services.sign_statement(PAYLOAD), source="it").reason
    named = replace(trust, identities={"any": two["any"], "ci": two["ci"]})
    assert TrustVerifier(named, SIGNED_AT).verify(services.sign_statement(PAYLOAD), source="it").verified


def test_two_certificates_of_one_holder_count_once() -> None:
    """Threshold: one person with two certificates, each of another key."""
    trust = trusting(CA.root, keys={"unused": ed_key()}, threshold=2)
    both = enveloped(PAYLOAD, signature(CA.issue(), PAYLOAD), signature(CA.issue(), PAYLOAD))
    assert "1 of the 2" in verified(both, trust).reason


# Forged certificates


def forged_root() -> Signer:
    """The same names everywhere, below another root key."""
    return Authority(key=new(), root_key=new()).issue()


def below_a_leaf() -> Signer:
    """A certificate that the holder of another one issued to themselves."""
    leaf = CA.issue(names=[x509.RFC822Name("intern@acme.example")])
    key = new()
    builder = x509.CertificateBuilder(leaf.leaf.subject, name("builder"), key.public_key(), 7)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    builder = builder.add_extension(x509.ExtendedKeyUsage(CODE), False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(HOLDER)]), False)
    made = builder.sign(leaf.key, hashes.SHA256())
    return Signer(key, made, (leaf.leaf, *leaf.intermediates))


def self_signed() -> Signer:
    """A certificate that vouches for itself, sent along with itself."""
    key = new()
    builder = x509.CertificateBuilder(name("Test root"), name("Test root"), key.public_key(), 7)
    builder = builder.not_valid_before(NOW - DAY).not_valid_after(NOW + DAY)
    builder = builder.add_extension(x509.ExtendedKeyUsage(CODE), False)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(HOLDER)]), False)
    made = builder.sign(key, hashes.SHA256())
    return Signer(key, made, (made,))


def stolen_certificate() -> Signer:
    """Somebody's genuine certificate beside a signature of another key."""
    genuine = CA.issue()
    return Signer(new(), genuine.leaf, genuine.intermediates)


@pytest.mark.parametrize("make", [
    forged_root,
    below_a_leaf,
    self_signed,
    stolen_certificate,
    lambda: CA.issue(purposes=(ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)),
    lambda: CA.issue(ca=True),
    lambda: CA.issue(names=[x509.RFC822Name(f"{HOLDER}.evil.example")]),
    lambda: CA.issue(names=[x509.RFC822Name(HOLDER.upper())]),
    lambda: CA.issue(names=[x509.DNSName("acme.example")], common_name=HOLDER),
    lambda: CA.issue(until=NOW - timedelta(seconds=1)),
    lambda: CA.issue(since=NOW + timedelta(seconds=1)),
])  # fmt: skip
@pytest.mark.parametrize("form", [lambda s: enveloped(PAYLOAD, signature(s, PAYLOAD)), lambda s: bundled(PAYLOAD, s)])
def test_a_certificate_that_proves_nothing_is_refused(
    make: Callable[[], Signer], form: Callable[[Signer], bytes]
) -> None:
    """Forged certificates: our names below another root, a leaf that plays authority, one for TLS, one that ended."""
    trust = trusting(CA.root)
    assert verified(form(CA.issue()), trust).verified
    assert not verified(form(make()), trust).verified


# The time


def test_a_stolen_key_cannot_date_itself_back(tmp_path: Path) -> None:
    """Back-dating: a key whose window ended signs today what says that it was made before."""
    trust = replace(policy({"k": KEY}, verdict={}), windows={"key:k": Window(None, NOW - DAY)})
    claimed = {"predicate": {"timeVerified": (NOW - 2 * DAY).isoformat()}}
    assert "no evidence of when it was signed" in allow(trust, VSA, ["key:k"], claimed, NOW).reason
    written(tmp_path)
    report = check(tmp_path, trust=trust)
    assert not report.ok
    assert any("valid until 2026-11-19T07:00:00Z" in row.detail for row in report.failures)


def test_a_timestamp_of_one_signature_does_not_vouch_for_another() -> None:
    """Back-dating: beside an old, dated signature, one by a key that ended later is put today."""
    ended = CA.issue(names=[x509.RFC822Name("second@acme.example")], until=NOW - DAY / 2)
    dated = signature(CA.issue(), PAYLOAD, form="witness", stamps=lambda value: [CLOCK.stamp(value, STAMPED_AT)])
    trust = trusting(CA.root, authority=clock(CLOCK), threshold=2)
    second = replace(trust.certificates["server"], name="second@acme.example")
    role = replace(trust.roles["provenance"], signers=("certificate:second", "certificate:server"))
    both = replace(trust, certificates={**trust.certificates, "second": second}, roles={"provenance": role})
    late = signature(ended, PAYLOAD, form="witness")
    borrowed = {**late, "timestamps": dated["timestamps"]}
    for other in (late, borrowed):
        assert "1 of the 2" in verified(enveloped(PAYLOAD, dated, other), both).reason
    own = signature(ended, PAYLOAD, form="witness", stamps=lambda value: [CLOCK.stamp(value, STAMPED_AT)])
    assert verified(enveloped(PAYLOAD, dated, own), both).verified


def test_a_time_in_the_future_is_no_time() -> None:
    """Future times: a timestamp from tomorrow makes a certificate or key valid that is not yet."""
    late = CA.issue(since=NOW + DAY, until=NOW + 3 * DAY)
    data = bundled(PAYLOAD, late, stamps=lambda value: [CLOCK.stamp(value, NOW + 2 * DAY)])
    assert "lies in the future" in verified(data, trusting(CA.root, authority=clock(CLOCK))).reason
    trust = replace(policy({"k": KEY}, verdict={}), windows={"key:k": Window(NOW + DAY)})
    facts = {"key:k": [SignatureFacts(NOW + 2 * DAY)]}
    assert "lies in the future" in allow(trust, VSA, ["key:k"], {}, NOW, facts=facts).reason


def test_as_of_a_date_is_no_way_around_an_end() -> None:
    """Back-dating by the verifier: `--as-of` a day on which the key was good, for what was signed since."""
    trust = replace(policy({"k": KEY}, verdict={}), windows={"key:k": Window(None, NOW - DAY)})
    for facts in ({}, {"key:k": [SignatureFacts(NOW)]}, {"key:k": [SignatureFacts(NOW - 3 * DAY / 2)]}):
        assert allow(trust, VSA, ["key:k"], {}, NOW, as_of=NOW - 2 * DAY, facts=facts).roles == ()
    early = {"key:k": [SignatureFacts(NOW - 3 * DAY)]}
    assert allow(trust, VSA, ["key:k"], {}, NOW, as_of=NOW - 2 * DAY, facts=early).roles == ("verdict",)


def test_the_edges_of_a_window_are_sharp() -> None:
    """Window edges: the end itself is outside, in whatever zone it is written."""
    for offset, good in ((-1, True), (0, False)):
        trust = replace(policy({"k": KEY}, verdict={}), windows={"key:k": Window(NOW - DAY, NOW)})
        facts = {"key:k": [SignatureFacts(NOW + timedelta(microseconds=offset))]}
        assert bool(allow(trust, VSA, ["key:k"], {}, NOW, facts=facts).roles) is good


def unbelieved(key: SigningKey) -> TrustPolicy:
    return policy({"k": key}, verdict={"require_log": True})


def test_a_log_that_nobody_named_proves_nothing() -> None:
    """Required log: an entry in a log of the attacker's own, or in one that lost its role."""
    trust = unbelieved(ec_key())
    for logs in (frozenset({"own"}), frozenset({""}), frozenset[str]()):
        facts = {"key:k": [SignatureFacts(NOW, logs=logs)]}
        assert "no log holds it" in allow(trust, VSA, ["key:k"], {}, NOW, facts=facts).reason


def test_the_chain_is_read_only_as_far_as_it_may_be() -> None:
    """Resource exhaustion: thousands of certificates or timestamps beside one signature."""
    many = {**signature(CA.issue(), PAYLOAD, form="witness"), "intermediates": [b64(pem(CA.root).encode())] * 5000}
    assert "5001 certificates" in verified(enveloped(PAYLOAD, many), trusting(CA.root)).reason
    signer = CA.issue()
    stamps = bundled(PAYLOAD, signer, stamps=lambda _: [b"x"] * 500)
    assert "500 timestamps" in verified(stamps, trusting(CA.root)).reason
