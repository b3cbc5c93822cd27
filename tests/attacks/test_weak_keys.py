"""Attacks with keys that prove nothing, with signatures that have twins, and on passphrases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from key_case import foreign, forged, loaded, pem_of, refused, signed_by, trusting, two_of
from key_forging import (
    L25519,
    P256,
    P256_ORDER,
    P25519,
    ec_spki,
    explicit_p256,
    rsa_spki,
)
from package_case import written
from securesystemslib.signer import CryptoSigner, SSlibKey
from signing_case import ec_key, ed_key, envelope, statement, write

from probatum.attestations.documents import dsse
from probatum.attestations.keys import ml_dsa
from probatum.attestations.keys import strength as key_strength
from probatum.attestations.keys.files import write_key_pair
from probatum.attestations.keys.public_key import _CURVES, PublicKey
from probatum.attestations.keys.signing_key import KINDS, SigningKey, key_from_file, new_key, signing_key
from probatum.errors import TrustError, UsageError


@pytest.mark.parametrize("bits", [1024, 1536])
def test_short_rsa_keys_are_refused_everywhere(tmp_path: Path, bits: int) -> None:
    private = rsa.generate_private_key(65537, bits)
    pem = private.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
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
        PublicKey.of(loaded(rsa_spki(modulus, exponent)), source="k")
    text = pem_of(rsa_spki(modulus, exponent))
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
        PublicKey.from_pem(pem_of(spki), source="k")


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
            PublicKey.from_pem(pem_of(ec_spki(odd)), source="k")


def test_a_curve_with_a_generator_of_the_attackers() -> None:
    """CVE-2020-0601: with one's own generator a private key to anybody's public key is easily made."""
    victim = ec_key().public
    point = victim.key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    with pytest.raises(TrustError, match="not a public key"):
        PublicKey.from_pem(pem_of(ec_spki(point, explicit_p256(point))), source="k")


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
