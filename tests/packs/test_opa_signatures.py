"""Signatures of OPA bundles: those that the real `opa` makes hold; nothing that was changed afterwards does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import tarfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from opa_case import needs_opa, opa_binary
from policy_case import NOW
from source_case import checklist, files, wanted, write

from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.trust.policy import Role, TrustPolicy
from probatum.attestations.trust.predicates import DEFAULT_TYPES
from probatum.errors import TrustError
from probatum.evaluator.archive import read_archive
from probatum.evaluator.bundle import pack_entries
from probatum.packs.opa_signature import digest_of
from probatum.packs.open import open_packs
from probatum.packs.pack import Signature

FILE = ".signatures.json"
RSA = rsa.generate_private_key(65537, 2048)
P256, P384, P521 = (ec.generate_private_key(curve()) for curve in (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1))
ED = ed25519.Ed25519PrivateKey.generate()
OTHER = ec.generate_private_key(ec.SECP256R1())
MANIFEST = json.dumps(
    {"roots": ["tiny", "acme"], "metadata": {"name": "acme", "odd": [1.0, 1e5, None, True, "<&>\u2028\u00e9\t", {}]}}
)
FILES = {**files(lib__own="package acme.own\n\nx := 1\n"), ".manifest": MANIFEST.encode()}


def pem(key: Any) -> bytes:
    found: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return found


def trust(*keys: Any, role: str = "policy", **fields: Any) -> TrustPolicy:
    """Everybody holds one role."""
    named = {f"k{at}": PublicKey.of(key.public_key(), source="test") for at, key in enumerate(keys)}
    signers = tuple(f"key:{name}" for name in named)
    required = fields.pop("required", False)
    made = Role(**{"name": role, "signers": signers, "predicate_types": DEFAULT_TYPES[role], **fields})
    return TrustPolicy(named, {role: made}, require_signed_policies=required)


def opa(*arguments: str, cwd: Path) -> None:
    done = subprocess.run([str(opa_binary()), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def opa_verifies(base: Path, key: Any, algorithm: str) -> None:
    """The real `opa` takes the signature of the bundle."""
    (base / "key.pub").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    options = ("--verification-key", "key.pub", "--verification-key-id", "default", "--signing-alg", algorithm)
    opa("build", *options, "-b", "x.tar.gz", "-o", "y.tar.gz", cwd=base)
    assert (base / "y.tar.gz").is_file()


def built(base: Path, key: Any, algorithm: str) -> Path:
    """A bundle that the real `opa build` made and signed."""
    write(base / "acme", FILES)
    (base / "key.pem").write_bytes(key if isinstance(key, bytes) else pem(key))
    opa("build", "-b", "acme", "--signing-key", "key.pem", "--signing-alg", algorithm, "-o", "x.tar.gz", cwd=base)
    return base / "x.tar.gz"


def signature(base: Path, by: TrustPolicy | None, source: str = "x.tar.gz", **fields: Any) -> Signature:
    return open_packs(wanted(base, source, trust=by, **fields)).packs[0].signature


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def es256(data: bytes, key: Any = P256) -> bytes:
    r, s = decode_dss_signature(key.sign(data, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(
    payload: Any,
    sign: Callable[[bytes], bytes] = es256,
    header: Any = None,
) -> bytes:
    """A signature file of our own making, for what no honest tool makes."""
    parts = [json.dumps(part).encode() for part in (header or {"alg": "ES256", "typ": "JWT"}, payload)]
    signed = ".".join(map(b64, parts)).encode()
    return json.dumps({"signatures": [f"{signed.decode()}.{b64(sign(signed))}"]}).encode()


def claims(entries: dict[str, bytes], **more: Any) -> dict[str, Any]:
    listed = [
        {"name": path, "hash": digest_of(path, data, "SHA-256", source="x"), "algorithm": "SHA-256"}
        for path, data in entries.items()
    ]
    return {"files": listed, **more}


def own(base: Path, document: bytes, entries: dict[str, bytes] | None = None) -> None:
    (base / "x.tar.gz").write_bytes(pack_entries({**(FILES if entries is None else entries), FILE: document}))


@needs_opa
@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (RSA, "RS256"),
        (RSA, "RS384"),
        (RSA, "RS512"),
        (RSA, "PS256"),
        (RSA, "PS512"),
        (P256, "ES256"),
        (P384, "ES384"),
        (P521, "ES512"),
    ],
)
def test_what_opa_signs_holds(tmp_path: Path, key: Any, algorithm: str) -> None:
    built(tmp_path, key, algorithm)
    assert signature(tmp_path, trust(OTHER, key)) == Signature(("key:k1",), "opa")


@needs_opa
def test_what_opa_signs_in_a_folder_holds_there_and_packed(tmp_path: Path) -> None:
    """`opa sign` covers every file, also those that mean nothing to it, such as checklists."""
    found = {**FILES, "checklists/acme.yaml": checklist("acme").encode(), "README.md": b"of Acme"}
    write(tmp_path / "acme", found)
    (tmp_path / "key.pem").write_bytes(pem(RSA))
    opa("sign", "--signing-key", "../key.pem", "--bundle", ".", cwd=tmp_path / "acme")
    assert signature(tmp_path, trust(RSA), "acme").form == "opa"
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "acme", arcname=".")
    assert signature(tmp_path, trust(RSA)).signers == ("key:k0",)
    (tmp_path / "acme/README.md").write_text("of somebody else")
    with pytest.raises(TrustError, match=r"README\.md has the digest"):
        signature(tmp_path, trust(RSA), "acme")
    (tmp_path / "acme/README.md").unlink()
    with pytest.raises(TrustError, match=r"README.md is signed, and not there"):
        signature(tmp_path, trust(RSA), "acme")
    (tmp_path / "acme/README.md").write_text("of Acme")
    (tmp_path / "acme/lib/more.rego").write_text("package acme.more\n")
    with pytest.raises(TrustError, match=r"lib/more.rego is not covered"):
        signature(tmp_path, trust(RSA), "acme")


def test_what_is_checked_is_what_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody swaps a file of the folder back to what was signed after it was read: it is the read one that counts."""
    from probatum.packs import fetch

    folder = write(tmp_path / "acme", {**FILES, FILE: token(claims(FILES))})
    module, really = folder / "controls/ACME-01/control.rego", fetch.read_folder
    signed = module.read_bytes()
    module.write_bytes(signed + b"\n# evil")

    def swapping(root: Path) -> dict[str, bytes]:
        found = really(root)
        module.write_bytes(signed)
        return found

    monkeypatch.setattr(fetch, "read_folder", swapping)
    with pytest.raises(TrustError, match=r"control\.rego has the digest"):
        signature(tmp_path, trust(P256), "acme")


@needs_opa
def test_a_shared_secret_is_no_signature(tmp_path: Path) -> None:
    built(tmp_path, b"not so secret", "HS256")
    with pytest.raises(TrustError) as caught:
        signature(tmp_path, trust(RSA))
    assert "shared secret" in caught.value.why


@needs_opa
@pytest.mark.parametrize("change", ["tampered", "added", "missing", "manifest"])
def test_what_was_changed_after_opa_signed_it_is_refused(tmp_path: Path, change: str) -> None:
    path = built(tmp_path, RSA, "RS256")
    entries = read_archive(path.read_bytes(), "x")
    control = next(name for name in entries if name.endswith("control.rego"))
    if change == "tampered":
        entries[control] += b"\n"
    elif change == "added":
        entries[control.replace("control.rego", "more.rego")] = b"package tiny.acme_01\n"
    elif change == "missing":
        del entries[next(name for name in entries if name.endswith("own.rego"))]
    else:
        entries[".manifest"] = b'{"roots": [""]}'
    path.write_bytes(pack_entries(entries))
    with pytest.raises(TrustError, match="does not hold"):
        signature(tmp_path, trust(RSA))


@needs_opa
def test_white_space_in_a_document_does_not_count_as_for_opa(tmp_path: Path) -> None:
    path = built(tmp_path, RSA, "RS256")
    entries = read_archive(path.read_bytes(), "x")
    entries[".manifest"] = entries[".manifest"] + b"\n  "
    path.write_bytes(pack_entries(entries))
    assert signature(tmp_path, trust(RSA)).form == "opa"
    opa_verifies(tmp_path, RSA, "RS256")


def test_our_own_token_holds_and_opa_agrees_on_documents(tmp_path: Path) -> None:
    own(tmp_path, token(claims(FILES)))
    assert signature(tmp_path, trust(P256)) == Signature(("key:k0",), "opa")


@needs_opa
def test_opa_takes_the_digests_that_we_compute(tmp_path: Path) -> None:
    own(tmp_path, token(claims(FILES), header={"alg": "ES256", "kid": "default", "typ": "JWT"}))
    opa_verifies(tmp_path, P256, "ES256")


def test_who_may_not_sign_did_not_sign(tmp_path: Path) -> None:
    own(tmp_path, token(claims(FILES)))
    unknown = signature(tmp_path, trust(OTHER))
    assert (unknown.signers, unknown.reason) == ((), ".signatures.json is signed by no key of trust policy")
    assert "no role" in signature(tmp_path, trust(P256, role="model")).reason
    assert signature(tmp_path, None).reason == "there is no trust policy that says who may sign policies"
    assert "2 signers needed" in signature(tmp_path, trust(P256, OTHER, threshold=2)).reason


def test_the_age_of_a_signature_counts_where_the_role_limits_it(tmp_path: Path) -> None:
    young = int((NOW - timedelta(days=2)).timestamp())
    own(tmp_path, token(claims(FILES, iat=young)))
    assert signature(tmp_path, trust(P256, max_age_days=3)).form == "opa"
    assert "older" in signature(tmp_path, trust(P256, max_age_days=1)).reason
    for odd in ({}, {"iat": "now"}, {"iat": 1e300}, {"iat": True}):
        own(tmp_path, token(claims(FILES, **odd)))
        assert "no time" in signature(tmp_path, trust(P256, max_age_days=3)).reason


def test_ed25519_signs_too(tmp_path: Path) -> None:
    own(tmp_path, token(claims(FILES), ED.sign, {"alg": "EdDSA"}))
    assert signature(tmp_path, trust(ED)).form == "opa"


def secret(data: bytes) -> bytes:
    """HMAC with the public key as the secret, as one would forge it."""
    key = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return hmac.new(key, data, hashlib.sha256).digest()


def pkcs1(data: bytes) -> bytes:
    return RSA.sign(data, padding.PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "document",
    [
        token(claims(FILES), lambda data: b"", {"alg": "none"}),
        token(claims(FILES), lambda data: b"", {"alg": "None"}),
        token(claims(FILES), secret, {"alg": "HS256"}),
        token(claims(FILES), header={"typ": "JWT"}),
        token(claims(FILES), header={"alg": "ES256", "crit": ["b64"], "b64": False}),
        token(claims(FILES), header={"alg": "ES256", "b64": False}),
        token(claims(FILES), header=["ES256"]),
        token({}),
        token({"files": {}}),
        token([]),
        token(claims(FILES, scope="read")),
        token(claims(FILES, exp=0)),
        token(claims(FILES, exp="never")),
        token(claims(FILES, nbf=4_000_000_000)),
        token({"files": [*claims(FILES)["files"], claims(FILES)["files"][0]]}),
        token({"files": [{**item, "algorithm": "MD5"} for item in claims(FILES)["files"]]}),
        token({"files": [{**item, "algorithm": "SHA-1"} for item in claims(FILES)["files"]]}),
        token({"files": [{**item, "hash": "zz"} for item in claims(FILES)["files"]]}),
        token({"files": [{**item, "hash": "00"} for item in claims(FILES)["files"]]}),
        token({"files": [{"name": 1}]}),
        token({"files": [{"name": "/", "hash": "00", "algorithm": "SHA-256"}]}),
        token({"files": [{"name": "x\0", "hash": "00", "algorithm": "SHA-256"}]}),
        token({"files": ["x"]}),
        token(claims(FILES) | {"files": claims(FILES)["files"][1:]}),
        token(claims({**FILES, "gone.rego": b""})),
        b"",
        b"[]",
        b"{}",
        b'{"signatures": []}',
        b'{"signatures": [1]}',
        b'{"signatures": ["a.b"]}',
        b'{"signatures": ["\xc3\xa9.b.c"]}',
        b'{"signatures": ["a.b.c.d"]}',
        b'{"signatures": ["!!!.e30.e30"]}',
        b'{"signatures": ["e30=.e30.e30"]}',
        b'{"signatures": ["e31.e30.e30"]}',
        b'{"signatures": ["e.e30.e30"]}',
        b'{"signatures": ["a.b.c"], "signatures": []}',
        json.dumps({**json.loads(token(claims(FILES))), "plugin": "mine"}).encode(),
        json.dumps({"signatures": json.loads(token(claims(FILES)))["signatures"] * 2}).encode(),
    ],
)
def test_a_token_that_is_none_is_refused_whoever_is_trusted(tmp_path: Path, document: bytes) -> None:
    own(tmp_path, document)
    with pytest.raises(TrustError):
        signature(tmp_path, trust(P256, RSA))


@pytest.mark.parametrize(
    ("header", "sign", "key"),
    [
        ({"alg": "RS256"}, es256, P256),
        ({"alg": "ES256"}, pkcs1, RSA),
        ({"alg": "PS256"}, pkcs1, RSA),
        ({"alg": "ES384"}, es256, P256),
        ({"alg": "ES256"}, lambda data: P256.sign(data, ec.ECDSA(SHA256())), P256),
        ({"alg": "ES256"}, lambda data: bytes(64), P256),
        ({"alg": "EdDSA"}, es256, P256),
        ({"alg": "ES256"}, lambda data: es256(data, OTHER), P256),
        ({"alg": "ES256", "jwk": {"kty": "EC"}, "kid": "k0"}, lambda data: es256(data, OTHER), P256),
    ],
)
def test_an_algorithm_that_is_not_the_keys_is_no_signature(
    tmp_path: Path, header: Any, sign: Callable[[bytes], bytes], key: Any
) -> None:
    own(tmp_path, token(claims(FILES), sign, header))
    assert signature(tmp_path, trust(key)).signers == ()


def test_every_flipped_bit_of_a_token_is_noticed(tmp_path: Path) -> None:
    """Signature first: a payload that was touched is never read."""
    document = token(claims(FILES))
    start, end = document.index(b'["') + 2, document.index(b'"]')
    for place in range(start, end, 7):
        spoilt = bytearray(document)
        spoilt[place] ^= 1
        own(tmp_path, bytes(spoilt))
        try:
            assert signature(tmp_path, trust(P256)).signers == ()
        except TrustError:
            continue


def test_a_signature_is_demanded_where_the_trust_policy_says_so(tmp_path: Path) -> None:
    own(tmp_path, token(claims(FILES)))
    assert signature(tmp_path, trust(P256, required=True), built_in=False).form == "opa"
    for by in (trust(OTHER, required=True), trust(P256, role="model", required=True)):
        with pytest.raises(TrustError, match="not signed by anybody who may"):
            signature(tmp_path, by)
    (tmp_path / "x.tar.gz").write_bytes(pack_entries(FILES))
    with pytest.raises(TrustError) as caught:
        signature(tmp_path, trust(P256, required=True))
    assert "it has no signature" in caught.value.why
    release = open_packs(wanted(tmp_path, trust=trust(P256, required=True), built_in=True)).packs
    assert [pack.name for pack in release] == ["built-in"]


@pytest.mark.parametrize("data", [b"{", b"\xff", b'{"x": "\\ud800"}', b"[" * 100_000])
def test_a_signed_document_that_is_none_is_refused(tmp_path: Path, data: bytes) -> None:
    entries = {**files(), "data.json": b"{}"}
    document = token(claims(entries))
    own(tmp_path, document, {**entries, "data.json": data})
    with pytest.raises(TrustError, match=r"does not hold") as caught:
        signature(tmp_path, trust(P256))
    assert "data.json is no JSON document" in caught.value.why


def test_nothing_is_parsed_before_its_signature_holds(tmp_path: Path) -> None:
    """A manifest of an attacker is not read where signatures are demanded: the demand is what fails."""
    spoilt = {**FILES, ".manifest": b"{" * 1000}
    own(tmp_path, token(claims(FILES), lambda data: es256(data, OTHER)), spoilt)
    with pytest.raises(TrustError, match="not signed by anybody who may"):
        signature(tmp_path, trust(P256, required=True))
