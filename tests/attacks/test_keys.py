"""Attacks on keys and signatures: who signed is decided by the key alone, and each signature counts once.

A package is attacked through `verify_package`, the attestations of others through `TrustVerifier`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from key_forging import (
    L25519,
    P256,
    P256_ORDER,
    P25519,
    RSA_PSS,
    ec_spki,
    ed25519ph,
    explicit_p256,
    keys_of_signature,
    rsa_spki,
)
from package_case import written
from securesystemslib.signer import CryptoSigner, SSlibKey
from signing_case import NOW, ec_key, ed_key, envelope, policy, rsa_key, statement, write

from probatum.attestations import dsse, key_strength, metablock, ml_dsa
from probatum.attestations.artifact_signature import artifact_signers
from probatum.attestations.key_files import write_key_pair
from probatum.attestations.keys import KINDS, SigningKey, key_from_file, new_key, signing_key
from probatum.attestations.public_key import _CURVES, PublicKey
from probatum.attestations.trust import TrustPolicy, trust_keys
from probatum.attestations.verifier import TrustVerifier
from probatum.attestations.verify import Demands, verify_package
from probatum.errors import TrustError, UsageError
from probatum.packs.jws import Token

EXPORTED = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
needs_ml_dsa = pytest.mark.skipif(ml_dsa.library() is None, reason="this version of cryptography has no ML-DSA")


def two_of(*keys: SigningKey, threshold: int = 2) -> TrustPolicy:
    roles: dict[str, Any] = {name: {"threshold": threshold} for name in ("verdict", "provenance")}
    return policy({f"k{at}": key for at, key in enumerate(keys)}, **roles)


def forged(path: Path, change: Callable[[dsse.Envelope], Sequence[tuple[str, bytes]]]) -> None:
    """Replace the signatures of a verdict on disk."""
    whole = dsse.parse(path.read_bytes(), source="x")
    path.write_bytes(replace(whole, signatures=tuple(change(whole))).to_bytes())


def refused(folder: Path, trust: TrustPolicy) -> str:
    """Why a package is refused; empty when it is verified."""
    report = verify_package(folder / "verdict", Demands(trust, "test", NOW))
    return "; ".join(f"{row.check}: {row.detail}" for row in report.failures) or ("" if report.ok else "nothing holds")


def trusting(*keys: SigningKey) -> TrustPolicy:
    return trust_keys([key.public for key in keys], source="test")


def foreign(data: bytes, trust: TrustPolicy) -> bool:
    return TrustVerifier(trust, NOW).verify(data, source="x").verified


def signed_by(key: SigningKey, signature: Callable[[bytes], bytes]) -> bytes:
    """A foreign attestation with a signature of the test's own making, under the id of a trusted key."""
    payload = json.dumps(statement("a" * 64)).encode()
    made = dsse.Envelope(payload, dsse.IN_TOTO, ((key.public.id, signature(dsse.pae(dsse.IN_TOTO, payload))),))
    return made.to_bytes()


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
    keys = [PublicKey.of(_loaded(ec_spki(point)), source="k") for point in keys_of_signature(r, s, whole.signed_bytes)]
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
        value = _sign(one, message)
        r, s = decode_dss_signature(value)
        points = keys_of_signature(r, s, message)
        return (
            value,
            r.to_bytes(32, "big") + s.to_bytes(32, "big"),
            [PublicKey.of(_loaded(ec_spki(point)), source="k") for point in points],
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
    plain, pss = (PublicKey.of(_loaded(rsa_spki(of_rsa.n, of_rsa.e, *oid)), source="k") for oid in ((), (RSA_PSS,)))
    assert plain == pss
    key = ec_key().public
    point = key.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    compressed = key.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.CompressedPoint)
    assert PublicKey.of(_loaded(ec_spki(compressed)), source="k") == key
    assert PublicKey.of(_loaded(ec_spki(point)), source="k").id == key.id


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
    assert not foreign(signed_by(trusted, lambda data: _sign(mallory, data)), two_of(trusted, threshold=1))


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
            data = signed_by(named, lambda text, s=signer: _sign(s, text))
            assert foreign(data, two_of(named, threshold=1)) == (signer is named)


# --- weak keys -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1024, 1536])
def test_short_rsa_keys_are_refused_everywhere(tmp_path: Path, bits: int) -> None:
    private = rsa.generate_private_key(65537, bits)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, EXPORTED[1])
    with pytest.raises(TrustError, match="too weak"):
        PublicKey.from_pem(pem, source="k")
    with pytest.raises(TrustError, match="too weak"):
        signing_key(private, origin="k")
    stored = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path = write(tmp_path / "k.pem", stored)
    path.chmod(0o600)
    with pytest.raises(TrustError, match="too weak"):
        key_from_file(path)


def test_an_rsa_key_that_may_be_believed_but_signs_no_verdict(tmp_path: Path) -> None:
    """2,048 bits: what others signed with it is verified, a verdict is neither signed with it nor believed."""
    private = rsa.generate_private_key(65537, 2048)
    public = PublicKey.of(private.public_key(), source="k")
    with pytest.raises(TrustError, match="too weak to sign"):
        signing_key(private, origin="k")
    weak = SigningKey(CryptoSigner(private, SSlibKey.from_crypto(public.key, public.id)), public, "k")
    assert foreign(envelope(statement("a" * 64), weak), two_of(weak, threshold=1))
    written(tmp_path, weak)
    assert "too weak to sign a verdict" in refused(tmp_path, trusting(weak))


@pytest.mark.parametrize("exponent", [1, 2, 3, 17, 65535, 2**16, 2**256 + 1])
def test_odd_exponents_are_refused(exponent: int) -> None:
    """1 makes every message its own signature; 3 let lax verifiers accept forgeries (CVE-2006-4339, CVE-2014-1568)."""
    modulus = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    with pytest.raises((TrustError, ValueError), match=r"too weak|must be"):
        PublicKey.of(_loaded(rsa_spki(modulus, exponent)), source="k")
    text = _pem(rsa_spki(modulus, exponent))
    with pytest.raises(TrustError, match=r"too weak|not a public key"):
        PublicKey.from_pem(text, source="k")


_Y8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL = [(y | sign << 255) for y in (0, 1, P25519 - 1, _Y8, P25519 - _Y8, P25519, P25519 + 1) for sign in (0, 1)]


def test_a_key_of_small_order_would_let_anybody_sign() -> None:
    """Why they are refused: OpenSSL verifies one signature, made without a private key, for every message."""
    identity = ed25519.Ed25519PublicKey.from_public_bytes((1).to_bytes(32, "little"))
    anything = (1).to_bytes(32, "little") + bytes(32)
    try:
        for message in (b"PASSED", b"FAILED"):
            identity.verify(anything, message)
    except InvalidSignature:  # a library that refuses it by itself is as good
        pass
    with pytest.raises(TrustError, match="small order"):
        PublicKey.of(identity, source="k")


@pytest.mark.parametrize("encoded", _SMALL, ids=[f"{value:064x}"[:8] + f"-{at}" for at, value in enumerate(_SMALL)])
def test_ed25519_points_of_small_order_are_refused(encoded: int) -> None:
    """All eight, in every encoding; also those that are no encoding (RFC 8032, 5.1.3: y below p)."""
    raw = encoded.to_bytes(32, "little")
    spki = bytes.fromhex("302a300506032b6570032100") + raw
    with pytest.raises(TrustError, match=r"too weak|not a public key"):
        PublicKey.from_pem(_pem(spki), source="k")


def test_a_signature_of_ed25519_has_no_twin(tmp_path: Path) -> None:
    """S + L is the same number to a lax verifier (RFC 8032, 5.1.7, demands S below L)."""
    key = ed_key()
    written(tmp_path, key)
    path = tmp_path / "verdict/verdict.dsse.json"

    def twin(whole: dsse.Envelope) -> list[tuple[str, bytes]]:
        ((keyid, value),) = whole.signatures
        larger = int.from_bytes(value[32:], "little") + L25519
        return [(keyid, value[:32] + larger.to_bytes(32, "little"))]

    forged(path, twin)
    assert "does not fit" in refused(tmp_path, trusting(key))


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: curve.name)
def test_the_twin_of_an_ecdsa_signature_makes_no_second_package(tmp_path: Path, curve: ec.EllipticCurve) -> None:
    """(r, n - s) holds wherever (r, s) does, and r || s is another spelling: a revoked file could come back as new."""
    key = ec_key(curve)
    written(tmp_path, key)
    path = tmp_path / "verdict/verdict.dsse.json"
    before = path.read_bytes()
    assert refused(tmp_path, trusting(key)) == ""
    size = (curve.key_size + 7) // 8

    def other(whole: dsse.Envelope, *, raw: bool, high: bool) -> list[tuple[str, bytes]]:
        ((keyid, value),) = whole.signatures
        r, s = decode_dss_signature(value)
        s = _CURVES[curve.name][2] - s if high else s
        return [(keyid, r.to_bytes(size, "big") + s.to_bytes(size, "big") if raw else encode_dss_signature(r, s))]

    for raw, high in ((False, True), (True, False), (True, True)):
        path.write_bytes(before)
        forged(path, lambda whole, r=raw, h=high: other(whole, raw=r, high=h))
        assert path.read_bytes() != before
        assert "twin" in refused(tmp_path, trusting(key))
    made = dsse.parse(envelope(statement("a" * 64), key), source="x")
    for raw, high in ((False, True), (True, False), (True, True)):  # others write these, and mean the same
        twin = replace(made, signatures=tuple(other(made, raw=raw, high=high)))
        assert foreign(twin.to_bytes(), two_of(key, threshold=1))


def test_our_own_signatures_are_in_the_one_form() -> None:
    key = ec_key()
    for number in range(24):
        ((_, value),) = dsse.sign(b"%d" % number, [key]).signatures
        assert decode_dss_signature(value)[1] <= P256_ORDER // 2
        assert key.public.canonical(value) == value


def test_signatures_in_another_order_make_no_second_package(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    written(tmp_path, one, two)
    forged(tmp_path / "verdict/verdict.dsse.json", lambda whole: whole.signatures[::-1])
    assert "order" in refused(tmp_path, trusting(one, two))


@pytest.mark.parametrize("r", [0, P256_ORDER, P256_ORDER * 2])
@pytest.mark.parametrize("s", [0, P256_ORDER])
def test_psychic_signatures(r: int, s: int) -> None:
    """r = s = 0 verified in Java for every message (CVE-2022-21449)."""
    key = ec_key()
    raw = (r % 2**256).to_bytes(32, "big") + (s % 2**256).to_bytes(32, "big")
    for signature in (raw, encode_dss_signature(r, s)):
        assert not foreign(signed_by(key, lambda _, value=signature: value), two_of(key, threshold=1))


# --- keys that are none ----------------------------------------------------------------------------------------------


def test_points_that_are_on_no_curve() -> None:
    """Invalid-curve points, the point at infinity, coordinates beyond the field."""
    point = ec_key().public.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    off = point[:-1] + bytes([point[-1] ^ 1])
    beyond = b"\x04" + P256.to_bytes(32, "big") + point[33:]
    for odd in (off, b"\0", beyond, point[:-1], b"\x04" + bytes(64)):
        with pytest.raises(TrustError, match="not a public key"):
            PublicKey.from_pem(_pem(ec_spki(odd)), source="k")


def test_a_curve_with_a_generator_of_the_attackers() -> None:
    """CVE-2020-0601: with one's own generator a private key to anybody's public key is easily made."""
    victim = ec_key().public
    point = victim.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    with pytest.raises(TrustError, match="not a public key"):
        PublicKey.from_pem(_pem(ec_spki(point, explicit_p256(point))), source="k")


def test_a_private_key_is_no_public_key() -> None:
    for kind in KINDS:
        if kind != ml_dsa.KIND or ml_dsa.library():
            with pytest.raises(TrustError, match="not a public key"):
                PublicKey.from_pem(new_key(kind).private, source="k")


# --- passphrases -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in ("rsa-4096", ml_dsa.KIND)])
@pytest.mark.parametrize("given", [None, b"", b"wrong", b"right "])
def test_a_wrong_or_empty_passphrase_opens_nothing(tmp_path: Path, kind: str, given: bytes | None) -> None:
    write_key_pair(tmp_path / "k.pem", kind, b"right")
    assert kind.startswith(key_from_file(tmp_path / "k.pem", lambda: b"right").public.kind)
    with pytest.raises(TrustError) as error:
        key_from_file(tmp_path / "k.pem", lambda: given)
    assert "passphrase" in error.value.why
    assert "right" not in str(error.value)


def test_an_empty_passphrase_does_not_leave_a_key_in_the_clear(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="passphrase is empty"):
        write_key_pair(tmp_path / "k.pem", "ed25519", b"")
    assert list(tmp_path.iterdir()) == []


def test_the_limits_are_what_the_documentation_says() -> None:
    assert (key_strength.MIN_RSA_BITS, key_strength.MIN_RSA_SIGNING_BITS) == (2048, 3072)


def _sign(key: SigningKey, data: bytes) -> bytes:
    return bytes.fromhex(key.signer.sign(data).signature)


def _loaded(spki: bytes) -> Any:
    return serialization.load_der_public_key(spki)


def _pem(spki: bytes) -> bytes:
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(spki) + b"-----END PUBLIC KEY-----\n"
