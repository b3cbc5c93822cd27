"""Every kind of key, from making it to a verdict that a trust policy accepts."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import asymmetric
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from package_case import check, written
from signing_case import ec_key, ed_key, rsa_key, write

from probatum.attestations.keys import ml_dsa
from probatum.attestations.keys.choose import choose_signer
from probatum.attestations.keys.files import write_key_pair
from probatum.attestations.keys.ml_dsa_signer import MlDsaSigner
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import KINDS, new_key, signing_key
from probatum.attestations.trust.file import load_trust
from probatum.errors import TrustError, UsageError

needs_ml_dsa = pytest.mark.skipif(ml_dsa.library() is None, reason="this version of cryptography has no ML-DSA")
HERE = [kind for kind in KINDS if kind != ml_dsa.KIND or ml_dsa.library() is not None]


@pytest.mark.parametrize("kind", HERE)
def test_from_a_new_key_to_an_accepted_verdict(tmp_path: Path, kind: str) -> None:
    public_path, public = write_key_pair(tmp_path / "k.pem", kind, b"pass")
    key = choose_signer(str(tmp_path / "k.pem"), passphrase=lambda: b"pass")
    assert key.public == public
    assert kind.startswith(public.kind)
    package = written(tmp_path, key)
    assert package.signers == (public.id,)
    trust = write(
        tmp_path / "trust.yaml",
        f"version: 1\nkeys: {{release: {{path: {public_path.name}}}}}\nroles: {{verdict: {{signers: [release]}}}}\n",
    )
    report = check(tmp_path, trust=load_trust(trust))
    assert report.ok, report.failures
    assert not check(tmp_path, ed_key()).ok
    path = tmp_path / "verdict/verdict.dsse.json"
    path.write_bytes(path.read_bytes().replace(b'"sig":"', b'"sig":"AAAA', 1))
    assert not check(tmp_path, trust=load_trust(trust)).ok


def test_what_a_key_says_of_itself() -> None:
    for key, kind, bits in (
        (ed_key(), "ed25519", 256),
        (ec_key(), "ecdsa-p256", 256),
        (ec_key(ec.SECP384R1()), "ecdsa-p384", 384),
        (ec_key(ec.SECP521R1()), "ecdsa-p521", 521),
        (rsa_key(), "rsa", 3072),
    ):
        assert (key.public.kind, key.public.bits) == (kind, bits)
        assert key.public.ssh.startswith(("ssh-", "ecdsa-"))
        assert key.public.signing_weakness == ""
        assert PublicKey.from_pem(key.public.ssh.encode(), source="k") == key.public
    weak = PublicKey.of(rsa.generate_private_key(65537, 2048).public_key(), source="k")
    assert "2048" in weak.signing_weakness


@needs_ml_dsa
def test_an_ml_dsa_key_has_an_id_and_no_form_in_openssh() -> None:
    public = new_key(ml_dsa.KIND).public
    assert (public.kind, public.bits, public.ssh) == ("ml-dsa-65", 1952 * 8, "")
    assert len(public.id) == len("SHA256:") + 43
    assert PublicKey.from_pem(public.pem.encode(), source="k").id == public.id
    assert not public.verifies_sha256(b"x", bytes(32))
    with pytest.raises(NotImplementedError):
        MlDsaSigner.from_priv_key_uri("x:", signing_key(ml_dsa.new_private_key(), origin="k").signer.public_key)


@needs_ml_dsa
def test_other_parameter_sets_of_ml_dsa_are_of_an_unknown_kind() -> None:
    for private in (ml_dsa.library().MLDSA44PrivateKey.generate(), ml_dsa.library().MLDSA87PrivateKey.generate()):
        with pytest.raises(TrustError, match="unknown kind"):
            signing_key(private, origin="k")


def test_without_ml_dsa_the_user_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As with an older `cryptography`: the module cannot be imported."""
    monkeypatch.setitem(sys.modules, f"{asymmetric.__name__}.mldsa", None)
    monkeypatch.delattr(asymmetric, "mldsa", raising=False)
    assert ml_dsa.library() is None
    with pytest.raises(UsageError, match="cannot make an ML-DSA key") as error:
        write_key_pair(tmp_path / "k", ml_dsa.KIND, None)
    assert "cryptography>=48" in error.value.remedy
    assert list(tmp_path.iterdir()) == []
    assert not ml_dsa.is_public(ed_key().public.key)
    assert not ml_dsa.is_private(object())


def test_without_ml_dsa_in_openssl_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A build of `cryptography` on an older OpenSSL stood in for: it has the module and raises."""

    class Old:
        class MLDSA65PrivateKey:
            @staticmethod
            def generate() -> Any:
                raise UnsupportedAlgorithm("ML-DSA-65 is not supported")

    monkeypatch.setattr(ml_dsa, "library", lambda: Old)
    with pytest.raises(UsageError, match="cannot make an ML-DSA key") as error:
        new_key(ml_dsa.KIND)
    assert "OpenSSL" in error.value.why


def test_a_key_that_cannot_sign_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrustError, match="unknown kind"):
        signing_key(x25519.X25519PrivateKey.generate(), origin="k")
    with pytest.raises(TrustError, match="cannot sign"):
        signing_key(object(), origin="k")
