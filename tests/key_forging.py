"""Keys and signatures that no sound library makes: written by hand, byte for byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

P256 = 2**256 - 2**224 + 2**192 + 2**96 - 1
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_EC, _NAMED_P256 = bytes.fromhex("06072a8648ce3d0201"), bytes.fromhex("06082a8648ce3d030107")
RSA = bytes.fromhex("06092a864886f70d0101010500")
RSA_PSS = bytes.fromhex("06092a864886f70d01010a")


def der(tag: int, body: bytes) -> bytes:
    """One DER value."""
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + body


def integer(value: int) -> bytes:
    """A non-negative DER INTEGER."""
    return der(2, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def rsa_spki(modulus: int, exponent: int, algorithm: bytes = RSA) -> bytes:
    """SubjectPublicKeyInfo of an RSA key."""
    return der(0x30, der(0x30, algorithm) + der(3, b"\0" + der(0x30, integer(modulus) + integer(exponent))))


def ec_spki(point: bytes, parameters: bytes = _NAMED_P256) -> bytes:
    """SubjectPublicKeyInfo of an EC key; P-256 by name unless parameters are given."""
    return der(0x30, der(0x30, _EC + parameters) + der(3, b"\0" + point))


def explicit_p256(generator: bytes) -> bytes:
    """P-256 spelled out, with a generator of the caller's."""
    field = der(0x30, bytes.fromhex("06072a8648ce3d0101") + integer(P256))
    curve = der(0x30, der(4, (P256 - 3).to_bytes(32, "big")) + der(4, _P256_B.to_bytes(32, "big")))
    return der(0x30, integer(1) + field + curve + der(4, generator) + integer(P256_ORDER) + integer(1))


_P256_G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def keys_of_signature(r: int, s: int, message: bytes) -> list[bytes]:
    """The two P-256 keys (points, uncompressed) under which one ECDSA signature of a message holds (SEC 1, 4.1.6)."""
    hashed = int.from_bytes(hashlib.sha256(message).digest(), "big")
    y = pow(r**3 - 3 * r + _P256_B, (P256 + 1) // 4, P256)
    inverse = pow(r, -1, P256_ORDER)
    minus = _p256_times(-hashed * inverse % P256_ORDER, _P256_G)
    points = [_p256_sum(_p256_times(s * inverse % P256_ORDER, (r, of)), minus) for of in (y, P256 - y)]
    return [b"\x04" + x.to_bytes(32, "big") + y.to_bytes(32, "big") for x, y in points]


def _p256_times(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    result = point
    for bit in f"{scalar:b}"[1:]:
        result = _p256_sum(result, result)
        if bit == "1":
            result = _p256_sum(result, point)
    return result


def _p256_sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    if one == other:
        slope = (3 * one[0] ** 2 - 3) * pow(2 * one[1], -1, P256)
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P256)
    x = (slope**2 - one[0] - other[0]) % P256
    return x, (slope * (one[0] - x) - one[1]) % P256


P25519 = 2**255 - 19
L25519 = 2**252 + 27742317777372353535851937790883648493
_D = -121665 * pow(121666, -1, P25519) % P25519
_BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
_BASE = (_BASE_X, 4 * pow(5, -1, P25519) % P25519)
_Point = tuple[int, int]


def ed25519ph(secret: bytes, message: bytes) -> bytes:
    """A signature of Ed25519ph with an empty context (RFC 8032, section 5.1), for a 32-byte secret."""
    expanded = hashlib.sha512(secret).digest()
    scalar = int.from_bytes(expanded[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    domain = b"SigEd25519 no Ed25519 collisions\x01\x00"
    hashed = hashlib.sha512(message).digest()

    def number(*parts: bytes) -> int:
        return int.from_bytes(hashlib.sha512(domain + b"".join(parts)).digest(), "little") % L25519

    nonce = number(expanded[32:], hashed)
    commitment = _encoded(_times(nonce, _BASE))
    challenge = number(commitment, _encoded(_times(scalar, _BASE)), hashed)
    return commitment + ((nonce + challenge * scalar) % L25519).to_bytes(32, "little")


def _times(scalar: int, point: _Point) -> _Point:
    result: _Point = (0, 1)
    for bit in f"{scalar:b}":
        result = _sum(result, result)
        if bit == "1":
            result = _sum(result, point)
    return result


def _sum(one: _Point, other: _Point) -> _Point:
    product = _D * one[0] * other[0] * one[1] * other[1] % P25519
    inverse: Callable[[int], int] = lambda value: pow(value, -1, P25519)  # noqa: E731
    x = (one[0] * other[1] + other[0] * one[1]) * inverse(1 + product)
    y = (one[1] * other[1] + one[0] * other[0]) * inverse(1 - product)
    return x % P25519, y % P25519


def _encoded(point: _Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")
