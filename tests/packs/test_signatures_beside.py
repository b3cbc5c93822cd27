"""Signatures beside a bundle: DSSE statements, sigstore bundles, bare signatures; and who may demand them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from policy_case import NOW
from signing_case import ec_key, ed_key, envelope, policy, rsa_key, sha256, statement
from sigstore_case import ISSUER, WORKFLOW, Services
from source_case import files, wanted

from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.trust.file import load_trust
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import POLICY_BUNDLE
from probatum.attestations.trust.trusted import Identity, SigstoreRoot
from probatum.errors import ProbatumError, TrustError
from probatum.evaluator.bundle import pack_entries
from probatum.packs.open import open_packs
from probatum.packs.pack import Signature

BUNDLE = pack_entries(files())
KEY, OTHER = ed_key(), ed_key("other")
SERVICES = Services()


def put(base: Path, **beside: bytes) -> None:
    """The bundle, and files beside it (``dsse__json`` for ``x.tar.gz.dsse.json``)."""
    (base / "x.tar.gz").write_bytes(BUNDLE)
    for suffix, data in beside.items():
        (base / f"x.tar.gz.{suffix.replace('__', '.')}").write_bytes(data)


def signature(base: Path, trust: TrustPolicy | None) -> Signature:
    return open_packs(wanted(base, "x.tar.gz", trust=trust)).packs[0].signature


def about(data: bytes = BUNDLE, kind: str = POLICY_BUNDLE, **predicate: Any) -> dict[str, Any]:
    return statement(sha256(data), predicate_type=kind, predicate=predicate)


def keyless() -> TrustPolicy:
    """Somebody's workflow may sign policies."""
    root = SERVICES.trusted_root()
    role = Role("policy", ("identity:ci",), (POLICY_BUNDLE,))
    return TrustPolicy(
        {}, {"policy": role}, {"ci": Identity(ISSUER, WORKFLOW, roots=("r",))}, {"r": SigstoreRoot(sha256(root), root)}
    )


def detached(key: SigningKey, data: bytes = BUNDLE) -> bytes:
    return bytes.fromhex(key.signer.sign(data).signature)


@pytest.mark.parametrize("key", [KEY, ec_key(), rsa_key()], ids=["ed25519", "ecdsa", "rsa"])
def test_a_statement_about_the_bundle_counts(tmp_path: Path, key: SigningKey) -> None:
    put(tmp_path, dsse__json=envelope(about(), key))
    assert signature(tmp_path, policy({"security": key}, policy={})) == Signature(("key:security",), "dsse")


@pytest.mark.parametrize("key", [KEY, ec_key(), rsa_key()], ids=["ed25519", "ecdsa", "rsa"])
@pytest.mark.parametrize("text", [True, False])
def test_a_bare_signature_counts(tmp_path: Path, key: SigningKey, text: bool) -> None:
    made = detached(key)
    put(tmp_path, sig=base64.b64encode(made) + b"\n" if text else made)
    assert signature(tmp_path, policy({"security": key}, policy={})) == Signature(("key:security",), "detached")


def test_an_identity_counts(tmp_path: Path) -> None:
    put(tmp_path, sigstore__json=SERVICES.sign_statement(json.dumps(about()).encode()))
    assert signature(tmp_path, keyless()) == Signature(("identity:ci",), "sigstore")


def test_an_identity_may_sign_the_file_itself(tmp_path: Path) -> None:
    put(tmp_path, sigstore__json=SERVICES.sign_file(BUNDLE))
    assert signature(tmp_path, keyless()) == Signature(("identity:ci",), "sigstore")
    put(tmp_path, sigstore__json=SERVICES.sign_file(BUNDLE + b"x"))
    assert signature(tmp_path, keyless()).signers == ()


def test_another_identity_does_not_count(tmp_path: Path) -> None:
    put(tmp_path, sigstore__json=SERVICES.sign_statement(json.dumps(about()).encode(), identity="https://evil.example"))
    found = signature(tmp_path, keyless())
    assert found.signers == ()
    assert "no allowed identity" in found.reason


def test_signers_of_all_forms_are_named(tmp_path: Path) -> None:
    put(tmp_path, dsse__json=envelope(about(), KEY), sig=detached(OTHER))
    found = signature(tmp_path, policy({"a": KEY, "b": OTHER}, policy={}))
    assert found == Signature(("key:a", "key:b"), "dsse")


def test_one_good_signature_is_enough(tmp_path: Path) -> None:
    put(tmp_path, dsse__json=envelope(about(), OTHER), sig=detached(KEY))
    assert signature(tmp_path, policy({"a": KEY}, policy={})) == Signature(("key:a",), "detached")


@pytest.mark.parametrize(
    ("beside", "roles", "word"),
    [
        ({"dsse__json": envelope(about(), OTHER)}, {"policy": {}}, "no key"),
        ({"sig": detached(OTHER)}, {"policy": {}}, "no key"),
        ({"sig": detached(KEY, b"other")}, {"policy": {}}, "no key"),
        ({"dsse__json": envelope(about(), KEY)}, {"model": {}}, "no role"),
        ({"sig": detached(KEY)}, {"model": {}}, "no role"),
        ({"dsse__json": envelope(about(kind="https://slsa.dev/provenance/v1"), KEY)}, {"policy": {}}, "no role"),
        (
            {"dsse__json": envelope(about(kind="https://slsa.dev/provenance/v1"), KEY)},
            {"provenance": {}},
            "do not have the role",
        ),
        ({"dsse__json": envelope(about(), KEY)}, {"policy": {"max_age_days": 3}}, "no time"),
        ({"dsse__json": envelope({"_type": "x"}, KEY)}, {"policy": {}}, "in-toto"),
        ({"dsse__json": envelope(about(), KEY, payload_type="text/plain")}, {"policy": {}}, "payload type"),
        ({"sig": b""}, {"policy": {}}, "0 bytes"),
        ({"sig": b"x" * 20_000}, {"policy": {}}, "20000 bytes"),
    ],
)
def test_what_does_not_count_says_why(
    tmp_path: Path, beside: Mapping[str, bytes], roles: Mapping[str, Any], word: str
) -> None:
    put(tmp_path, **beside)
    found = signature(tmp_path, policy({"a": KEY}, **roles))
    assert found.signers == ()
    assert word in found.reason


def test_a_model_signers_signature_is_none_of_a_policy(tmp_path: Path) -> None:
    """The bytes are the same; the role is not."""
    put(tmp_path, sig=detached(KEY))
    assert signature(tmp_path, policy({"a": KEY}, model={}, dataset={})).signers == ()


def test_a_policys_signer_signs_no_model(tmp_path: Path) -> None:
    from probatum.attestations.documents.verifier import TrustVerifier

    put(tmp_path)
    verifier = TrustVerifier(policy({"a": KEY}, policy={}), NOW)
    assert not verifier.verify_artifact(detached(KEY), source="x", artifact=tmp_path / "x.tar.gz").verified


def test_the_age_of_a_statement_counts(tmp_path: Path) -> None:
    put(tmp_path, dsse__json=envelope(about(signedOn="2026-11-18T07:00:00Z"), KEY))
    assert signature(tmp_path, policy({"a": KEY}, policy={"max_age_days": 3})).form == "dsse"
    assert "older" in signature(tmp_path, policy({"a": KEY}, policy={"max_age_days": 1})).reason


def test_a_trusted_statement_about_another_bundle_is_an_attack(tmp_path: Path) -> None:
    put(tmp_path, dsse__json=envelope(about(b"another bundle"), KEY))
    with pytest.raises(TrustError, match="about another bundle"):
        signature(tmp_path, policy({"a": KEY}, policy={}))


@pytest.mark.parametrize("data", [b"{", b"{}", b'{"sig": "x"}', b'{"payload": 1, "payload": 2}'])
def test_a_file_that_is_no_signature_is_refused(tmp_path: Path, data: bytes) -> None:
    put(tmp_path, sig=data)
    with pytest.raises(ProbatumError):
        signature(tmp_path, policy({"a": KEY}, policy={}))


def test_without_a_trust_policy_nobody_signed(tmp_path: Path) -> None:
    put(tmp_path, sig=detached(KEY))
    assert "no trust policy" in signature(tmp_path, None).reason


TRUST = """version: 1
require_signed_policies: {required}
keys: {{k: {{path: k.pub}}}}
roles: {{{role}: {{signers: [k]}}}}
"""


def test_the_trust_policy_demands_signatures(tmp_path: Path) -> None:
    (tmp_path / "k.pub").write_text(KEY.public.pem)
    path = tmp_path / "trust.yaml"
    digests = set()
    for required in ("true", "false"):
        path.write_text(TRUST.format(required=required, role="policy"))
        trust = load_trust(path)
        assert trust.require_signed_policies is (required == "true")
        digests.add(trust.digest)
    assert len(digests) == 2
    put(tmp_path)
    path.write_text(TRUST.format(required="true", role="policy"))
    with pytest.raises(TrustError, match="not signed"):
        signature(tmp_path, load_trust(path))


def test_a_demand_that_nobody_can_meet_is_refused(tmp_path: Path) -> None:
    (tmp_path / "k.pub").write_text(KEY.public.pem)
    (tmp_path / "trust.yaml").write_text(TRUST.format(required="true", role="model"))
    with pytest.raises(TrustError, match="require_signed_policies") as caught:
        load_trust(tmp_path / "trust.yaml")
    assert "trust.yaml:2" in str(caught.value)
