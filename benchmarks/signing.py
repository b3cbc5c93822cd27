"""How many verdicts can be signed and verified per second, by algorithm, against the bare library.

The payload has the size of a verdict over the example pipeline. The yardstick is `cryptography` signing and verifying
the very bytes that are signed; the candidate makes the whole envelope (and verifies what it signed, as Probatum always
does, so one verification more), writes it, reads it strictly, and finds out which of ten trusted keys signed. Candidate
and yardstick alternate, and processor time is counted; the medians are compared.

Example:
    python benchmarks/signing.py --rounds 200
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from probatum.attestations.documents import dsse
from probatum.attestations.keys import ml_dsa
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import KINDS, new_key, signing_key

PAYLOAD_BYTES = 6 * 1024
TRUSTED = 10
LIMIT = 0.2  # at least this part of the bare library's rate
Bare = tuple[Callable[[bytes], bytes], Callable[[bytes, bytes], None]]


def main() -> int:
    """Measure every kind of key and print the rates and their ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=100, help="repetitions of each measurement")
    rounds = parser.parse_args().rounds
    print(f"{'kind':12} {'sign+verify/s':>14} {'sign/s':>9} {'verify/s':>9} {'bare/s':>9}   of the bare rate")
    good = [measure(kind, rounds) for kind in KINDS if kind != ml_dsa.KIND or ml_dsa.library() is not None]
    return 0 if all(good) else 1


def measure(kind: str, rounds: int) -> bool:
    """One kind of key: the whole way against the bare library."""
    private: Any = serialization.load_pem_private_key(new_key(kind).private, None)
    key, payload = signing_key(private, origin=kind), b"p" * PAYLOAD_BYTES
    others = [signing_key(ed25519.Ed25519PrivateKey.generate(), origin="other").public for _ in range(TRUSTED - 1)]
    (sign, verify), data = bare(private), dsse.pae(dsse.IN_TOTO, payload)
    times = []
    for _ in range(rounds):
        yardstick = _time(lambda: verify(sign(data), data))
        document = dsse.sign(payload, [key]).to_bytes()
        signing = _time(lambda: dsse.sign(payload, [key]).to_bytes())
        verifying = _time(partial(_verified, document, [*others, key.public]))
        times.append((yardstick, signing, verifying))
    yardstick, signing, verifying = (statistics.median(column) for column in zip(*times, strict=True))
    ratio = yardstick / (signing + verifying)
    rates = [1 / seconds for seconds in (signing + verifying, signing, verifying, yardstick)]
    print(
        f"{kind:12} {rates[0]:14.0f} {rates[1]:9.0f} {rates[2]:9.0f} {rates[3]:9.0f}   {ratio:.2f} (at least {LIMIT})"
    )
    return bool(ratio >= LIMIT)


def bare(private: Any) -> Bare:
    """Sign and verify with nothing but the library."""
    public = private.public_key()
    if isinstance(private, rsa.RSAPrivateKey):
        scheme: tuple[Any, ...] = (padding.PKCS1v15(), hashes.SHA256())
    elif isinstance(private, ec.EllipticCurvePrivateKey):
        scheme = (ec.ECDSA(hashes.SHA256() if private.curve.key_size == 256 else hashes.SHA384()),)
    else:
        scheme = ()
    return (lambda data: private.sign(data, *scheme)), (lambda made, data: public.verify(made, data, *scheme))


def _verified(document: bytes, trusted: list[PublicKey]) -> None:
    envelope = dsse.parse(document, source="benchmark", canonical=True)
    assert len(envelope.signers(trusted)) == 1


def _time(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


if __name__ == "__main__":
    sys.exit(main())
