"""Attacks on keys and signatures: who signed is decided by the key alone, and each signature counts once.

A package is attacked through `verify_package`, the attestations of others through `TrustVerifier`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from key_case import foreign, forged, loaded, refused, sign_with, signed_by, trusting, two_of
from key_forging import (
    P256_ORDER,
    RSA_PSS,
    ec_spki,
    ed25519ph,
    keys_of_signature,
    rsa_spki,
)
from package_case import written
from securesystemslib.signer import CryptoSigner, SSlibKey
from signing_case import ec_key, ed_key, envelope, rsa_key, statement, write

from probatum.attestations.documents import dsse, metablock
from probatum.attestations.documents.artifact_signature import artifact_signers
from probatum.attestations.keys import ml_dsa
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import SigningKey, signing_key
from probatum.attestations.trust.policy import TrustPolicy
from probatum.errors import UsageError
from probatum.packs.jws import Token

needs_ml_dsa = pytest.mark.skipif(ml_dsa.library() is None, reason="this version of cryptography has no ML-DSA")


# --- thresholds ------------------------------------------------------------------------------------------------------


def test_two_people_sign_a_verdict(tmp_path: Path) -> None:
    """The honest case: without it, the attacks below would be refused for any reason."""
    one, two, stranger = ed_key(), ec_key(), ed_key()
    written(tmp_path, one, two)
    assert refused(tmp_path, two_of(one, two)) == ""
    assert refused(tmp_path, two_of(one, two, stranger)) == ""
    assert "2 of the 3 signers needed signed" in refused(tmp_path, two_of(one, two, stranger, threshold=3))
    assert foreign(envelope(statement("a" * 64), one, two), two_of(one, two))


def test_one_person_is_not_two(tmp_path: Path) -> None:
    one, two = ed_key(), ec_key()
    written(tmp_path, one)
    assert "1 of the 2 signers needed signed" in refused(tmp_path, two_of(one, two))
    assert not foreign(envelope(statement("a" * 64), one), two_of(one, two))


@pytest.mark.parametrize("second", ["the id of another", "an id of its own", "its own id again", "no id"])
def test_one_key_under_two_ids_counts_once(tmp_path: Path, second: str) -> None:
    """Python-TUF counted each signature of one key towards the threshold (GHSA-pwqf-9h7j-7mv8)."""
    one, two = ed_key(), ed_key()
    names = {
        "the id of another": two.public.id,
        "an id of its own": "k2",
        "its own id again": one.public.id,
        "no id": "",
    }
    written(tmp_path, one)
    path = tmp_path / "verdict/verdict.dsse.json"
    forged(path, lambda whole: sorted([*whole.signatures, (names[second], whole.signatures[0][1])]))
    assert refused(tmp_path, two_of(one, two))
    made = dsse.parse(envelope(statement("a" * 64), one), source="x")
    twice = replace(made, signatures=(*made.signatures, (names[second], made.signatures[0][1])))
    assert not foreign(twice.to_bytes(), two_of(one, two))


def test_a_fresh_signature_of_the_same_key_counts_once(tmp_path: Path) -> None:
    """ECDSA signs differently each time: other bytes, the same person."""
    one, two = ec_key(), ec_key()
    payload = json.dumps(statement("a" * 64)).encode()
    made = [dsse.sign(payload, [one]).signatures[0] for _ in range(3)]
    assert len({value for _, value in made}) == 3
    named = [(one.public.id, made[0][1]), (two.public.id, made[1][1]), ("", made[2][1])]
    assert not foreign(dsse.Envelope(payload, dsse.IN_TOTO, tuple(named)).to_bytes(), two_of(one, two))


@pytest.mark.parametrize("twin", [False, True])
def test_one_signature_of_two_keys_counts_once(tmp_path: Path, twin: bool) -> None:
    """To any ECDSA signature a second public key can be computed under which it holds; nobody has its private half.

    (Blake-Wilson and Menezes, Unknown key-share attacks on the STS protocol, 1999: duplicate-signature key selection.)
    """
    one = ec_key()
    written(tmp_path, one)
    path = tmp_path / "verdict/verdict.dsse.json"
    whole = dsse.parse(path.read_bytes(), source="x")
    ((_, value),) = whole.signatures
    r, s = decode_dss_signature(value)
    keys = [PublicKey.of(loaded(ec_spki(point)), source="k") for point in keys_of_signature(r, s, whole.signed_bytes)]
    assert one.public in keys
    (second,) = (key for key in keys if key != one.public)
    assert second.verifies(value, whole.signed_bytes)
    trust = two_of(one, replace(one, public=second))
    other = encode_dss_signature(r, P256_ORDER - s) if twin else value
    forged(path, lambda _: sorted([(one.public.id, value), (second.id, other)]))
    assert refused(tmp_path, trust)
    assert len(dsse.parse(path.read_bytes(), source="x").signers([one.public, second])) == 1
    assert not foreign(path.read_bytes(), trust)


def test_one_signature_of_two_keys_counts_once_wherever_it_is(tmp_path: Path) -> None:
    """The same in a metablock of in-toto, over a file's own bytes, and in the token of a stock OPA bundle."""
    one = ec_key()

    def both(message: bytes) -> tuple[bytes, bytes, list[PublicKey]]:
        value = sign_with(one, message)
        r, s = decode_dss_signature(value)
        points = keys_of_signature(r, s, message)
        return (
            value,
            r.to_bytes(32, "big") + s.to_bytes(32, "big"),
            [PublicKey.of(loaded(ec_spki(point)), source="k") for point in points],
        )

    path = write(tmp_path / "file", b"content")
    value, raw, keys = both(b"content")
    assert all(key.verifies(value, b"content") for key in keys)
    assert len(artifact_signers([value, raw], path, keys)) == 1
    value, raw, keys = both(b"head.payload")
    assert len(Token("ES256", b"payload", b"head.payload", raw).signers(keys)) == 1
    signed = {"_type": "link", "name": "s", "command": [], "materials": {}, "products": {}, "byproducts": {}}
    signed |= {"environment": {}}
    value, raw, keys = both(metablock.signed_bytes(signed, source="x"))
    document = {"signed": signed, "signatures": [{"keyid": "a", "sig": item.hex()} for item in (value, raw)]}
    assert len(metablock.signers_of(document, keys, source="x")) == 1


def test_one_key_in_several_encodings_is_one_key() -> None:
    """An RSA key under the OID of RSASSA-PSS, a compressed or a spelled out EC key: no second signer."""
    of_rsa = rsa.generate_private_key(65537, 2048).public_key().public_numbers()
    plain, pss = (PublicKey.of(loaded(rsa_spki(of_rsa.n, of_rsa.e, *oid)), source="k") for oid in ((), (RSA_PSS,)))
    assert plain == pss
    key = ec_key().public
    point = key.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    compressed = key.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    assert PublicKey.of(loaded(ec_spki(compressed)), source="k") == key
    assert PublicKey.of(loaded(ec_spki(point)), source="k").id == key.id


def test_the_same_key_twice_does_not_sign_for_two() -> None:
    from probatum.attestations.attestor import KeyAttestor

    key = ed_key()
    with pytest.raises(UsageError, match="signs twice"):
        KeyAttestor([key, replace(key, origin="a copy of it")])


# --- key ids ---------------------------------------------------------------------------------------------------------


def test_the_id_of_a_trusted_key_on_the_signature_of_another(tmp_path: Path) -> None:
    """Key ids are hints: only the key itself decides (DSSE v1.0, protocol)."""
    trusted, mallory = ed_key(), ed_key()
    written(tmp_path, mallory)
    forged(tmp_path / "verdict/verdict.dsse.json", lambda whole: [(trusted.public.id, whole.signatures[0][1])])
    assert "does not fit" in refused(tmp_path, trusting(trusted))
    assert not foreign(signed_by(trusted, lambda data: sign_with(mallory, data)), two_of(trusted, threshold=1))


def test_two_trusted_keys_that_change_their_ids(tmp_path: Path) -> None:
    """Whoever reads the id alone takes the one who signed for the other."""
    one, two = ed_key(), ed_key()
    written(tmp_path, one)
    forged(tmp_path / "verdict/verdict.dsse.json", lambda whole: [(two.public.id, whole.signatures[0][1])])
    assert "does not fit" in refused(tmp_path, trusting(one, two))


def test_the_signature_of_a_trusted_key_under_the_id_of_another(tmp_path: Path) -> None:
    """In a package no byte is free; in the documents of others an id is a hint, and a missing one no harm."""
    trusted = ed_key()
    written(tmp_path, trusted)
    for keyid in ("", ed_key().public.id):
        forged(tmp_path / "verdict/verdict.dsse.json", lambda whole, i=keyid: [(i, whole.signatures[0][1])])
        assert "is not a trusted key" in refused(tmp_path, trusting(trusted))
    made = dsse.parse(envelope(statement("a" * 64), trusted), source="x")
    for keyid in ("", "anything"):
        hinted = replace(made, signatures=((keyid, made.signatures[0][1]),))
        assert foreign(hinted.to_bytes(), two_of(trusted, threshold=1))


# --- algorithms ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [ed_key(), ec_key(), rsa_key(2048 + 1024)], ids=["ed25519", "ecdsa", "rsa"])
def test_a_public_key_used_as_a_secret(key: SigningKey) -> None:
    """HMAC with the public key, which everybody has: the confusion of JWT libraries (CVE-2015-9235)."""
    for secret in (key.public.der, key.public.pem.encode(), key.public.ssh.encode(), key.public.id.encode()):
        for algorithm in (hashlib.sha256, hashlib.sha512):
            data = signed_by(key, lambda text, s=secret, a=algorithm: hmac.digest(s, text, a))
            assert not foreign(data, two_of(key, threshold=1))


def test_another_hash_or_curve_than_the_key_goes_with() -> None:
    small, large = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
    keys = signing_key(small, origin="p256"), signing_key(large, origin="p384")
    for private, key, right in ((small, keys[0], hashes.SHA256()), (large, keys[1], hashes.SHA384())):
        for algorithm in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512(), hashes.SHA1()):
            data = signed_by(key, lambda text, p=private, a=algorithm: p.sign(text, ec.ECDSA(a)))
            assert foreign(data, two_of(key, threshold=1)) == (algorithm.name == right.name)
    for private, key in ((small, keys[1]), (large, keys[0])):
        for algorithm in (hashes.SHA256(), hashes.SHA384()):
            data = signed_by(key, lambda text, p=private, a=algorithm: p.sign(text, ec.ECDSA(a)))
            assert not foreign(data, two_of(key, threshold=1))


def test_rsa_with_sha1_and_both_paddings() -> None:
    """SHA-1 is broken for signatures (SHAttered, 2017); PSS and PKCS#1 v1.5 with SHA-256 are both in use."""
    private = rsa.generate_private_key(65537, 2048)
    public = PublicKey.of(private.public_key(), source="k")
    trust = TrustPolicy({"k": public}, two_of(ed_key(), threshold=1).roles, source="t")
    trust = replace(trust, roles={name: replace(role, signers=("key:k",)) for name, role in trust.roles.items()})
    payload = json.dumps(statement("a" * 64)).encode()
    text = dsse.pae(dsse.IN_TOTO, payload)
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
    for algorithm, scheme, good in (
        (hashes.SHA256(), padding.PKCS1v15(), True),
        (hashes.SHA256(), pss, True),
        (hashes.SHA1(), padding.PKCS1v15(), False),
        (hashes.SHA512(), padding.PKCS1v15(), False),
    ):
        signature = private.sign(text, scheme, algorithm)
        made = dsse.Envelope(payload, dsse.IN_TOTO, (("", signature),)).to_bytes()
        assert foreign(made, trust) is good, (algorithm.name, scheme)


def test_a_prehashed_ed25519_signature_is_another_one() -> None:
    """Ed25519ph of RFC 8032 is made with the same key over the same message; the test vector is its section 7.3."""
    secret = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    assert ed25519ph(secret, b"abc").hex() == (
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    private = ed25519.Ed25519PrivateKey.from_private_bytes(secret)
    key = signing_key(private, origin="k")
    assert foreign(signed_by(key, private.sign), two_of(key, threshold=1))
    assert not foreign(signed_by(key, lambda text: ed25519ph(secret, text)), two_of(key, threshold=1))


@needs_ml_dsa
def test_ml_dsa_with_a_context_or_a_prefix_is_another_one() -> None:
    """A signature made for another purpose (FIPS 204, 5.2), or by securesystemslib for TUF, says nothing here."""
    private = ml_dsa.new_private_key()
    key = signing_key(private, origin="k")
    assert foreign(signed_by(key, private.sign), two_of(key, threshold=1))
    assert not foreign(signed_by(key, lambda text: private.sign(text, b"another purpose")), two_of(key, threshold=1))
    theirs = CryptoSigner(private, SSlibKey.from_crypto(key.public.key))
    of_tuf = signed_by(key, lambda text: bytes.fromhex(theirs.sign(text).signature))
    assert not foreign(of_tuf, two_of(key, threshold=1))


def test_each_kind_of_key_is_held_to_its_own_algorithm() -> None:
    """No signature of one kind verifies as another kind's, however the ids are written."""
    keys = [ed_key(), ec_key(), ec_key(ec.SECP384R1()), rsa_key()]
    keys += [signing_key(ml_dsa.new_private_key(), origin="k")] if ml_dsa.library() else []
    for signer in keys:
        for named in keys:
            data = signed_by(named, lambda text, s=signer: sign_with(s, text))
            assert foreign(data, two_of(named, threshold=1)) == (signer is named)
