"""Keys: made, encrypted, read, kept private, named by their SSH fingerprint."""

from __future__ import annotations

import shutil
import stat
import subprocess
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from signing_case import ec_key, ed_key, rsa_key, write

from probatum.attestations.documents import dsse
from probatum.attestations.keys.choose import choose_signer
from probatum.attestations.keys.files import write_key_pair
from probatum.attestations.keys.local_key import local_key, local_key_path, local_trust
from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import key_from_file, new_key
from probatum.errors import TrustError, UsageError


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("CRYPTO_SIGNER_PATH_PREFIX", raising=False)
    return tmp_path / "config"


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p256", "ecdsa-p384", "rsa-3072", "rsa-4096", "ml-dsa-65"])
@pytest.mark.parametrize("passphrase", [None, b"correct horse"])
def test_a_new_key_signs_and_verifies(tmp_path: Path, kind: str, passphrase: bytes | None) -> None:
    pair = new_key(kind, passphrase)
    path = write(tmp_path / "k.pem", pair.private)
    path.chmod(0o600)
    key = key_from_file(path, lambda: passphrase)
    assert key.public == pair.public
    signature = bytes.fromhex(key.signer.sign(b"data").signature)
    assert pair.public.verifies(signature, b"data")
    assert not pair.public.verifies(signature, b"datb")
    assert key.signer.public_key.keyid == pair.public.id
    assert (b"ENCRYPTED" in pair.private) == (passphrase is not None)


def test_unknown_kind() -> None:
    with pytest.raises(UsageError, match="unknown kind of key 'rsa'"):
        new_key("rsa")


@pytest.mark.parametrize("passphrase", [None, b"", b"wrong"])
def test_an_encrypted_key_needs_its_passphrase(tmp_path: Path, passphrase: bytes | None) -> None:
    path = write(tmp_path / "k.pem", new_key(passphrase=b"right").private)
    with pytest.raises(TrustError) as error:
        key_from_file(path, lambda: passphrase)
    assert "passphrase" in error.value.why


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "k.pem", new_key().private)
    path.chmod(mode)
    with pytest.raises(TrustError, match="can be read by others"):
        key_from_file(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_what_is_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = write(tmp_path / "k.pem", content)
    path.chmod(0o600)
    with pytest.raises(TrustError, match="cannot read the private key"):
        key_from_file(path)


def test_a_public_key_in_the_place_of_a_private_one(tmp_path: Path) -> None:
    path = write(tmp_path / "k.pem.pub", new_key().public.pem)
    with pytest.raises(TrustError, match="is no private key") as error:
        key_from_file(path)
    assert "chmod" not in error.value.remedy


def test_a_key_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"):
        key_from_file(tmp_path / "none.pem")


def test_the_key_id_is_the_ssh_fingerprint(tmp_path: Path) -> None:
    ssh_keygen = shutil.which("ssh-keygen")
    for number, key in enumerate((ed_key(), ec_key(), rsa_key())):
        line = key.public.key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
        path = write(tmp_path / f"{number}.pub", line)
        again = PublicKey.from_pem(path.read_bytes(), source="x")
        assert again.id == key.public.id
        assert again == PublicKey.from_pem(key.public.pem.encode(), source="x")
        assert len(key.public.id) == len("SHA256:") + 43
        if ssh_keygen:
            shown = subprocess.run(
                [ssh_keygen, "-l", "-f", str(path)], capture_output=True, text=True, check=True
            ).stdout
            assert key.public.id in shown.split()


def test_weak_and_unknown_public_keys_are_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024).public_key()
    with pytest.raises(TrustError, match="too weak"):
        PublicKey.of(weak, source="k")
    with pytest.raises(TrustError, match="unknown kind"):
        PublicKey.of(ec.generate_private_key(ec.SECP256K1()).public_key(), source="k")
    with pytest.raises(TrustError, match="unknown kind"):
        PublicKey.of(dsa.generate_private_key(1024).public_key(), source="k")
    for text in (
        b"",
        b"ssh-ed25519 AAAA",
        b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        new_key().private,
    ):
        with pytest.raises(TrustError, match="not a public key"):
            PublicKey.from_pem(text, source="k")


def test_the_local_key_is_made_once_and_kept_private(config: Path) -> None:
    with pytest.raises(TrustError, match="nothing to trust"):
        local_trust()
    first, second = local_key(), choose_signer()
    assert first.public == second.public
    assert first.local
    assert stat.S_IMODE(local_key_path().stat().st_mode) == 0o600
    assert stat.S_IMODE(local_key_path().parent.stat().st_mode) == 0o700
    assert [entry.name for entry in local_key_path().parent.iterdir()] == [local_key_path().name]
    assert local_trust().keys == {first.public.id: first.public}


def test_many_first_uses_at_once_make_one_key() -> None:
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(local_key().public.id)) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 12
    assert len(set(made)) == 1


def test_a_local_key_that_others_can_read_is_refused() -> None:
    local_key()
    local_key_path().chmod(0o644)
    for use in (local_key, local_trust):  # whoever could read it may have signed what is to be verified
        with pytest.raises(TrustError, match="not private"):
            use()


def test_a_local_key_that_is_a_link_is_refused(tmp_path: Path) -> None:
    local_key()
    local_key_path().rename(tmp_path / "elsewhere.pem")
    local_key_path().symlink_to(tmp_path / "elsewhere.pem")
    for use in (local_key, local_trust):
        with pytest.raises(TrustError, match="not private"):
            use()


def test_a_configuration_folder_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "file", b"")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "file"))
    with pytest.raises(UsageError, match="cannot make the local key"):
        local_key()


def test_a_relative_configuration_folder_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert local_key_path() == tmp_path / ".config" / "probatum" / "local-key.pem"


def test_without_a_home_there_is_no_place_for_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(UsageError, match="no place for a local key"):
        local_key()


@pytest.mark.parametrize("form", ["{}", "file:{}", "file2:{}", "file://{}"])
def test_a_key_by_path_and_by_uri(tmp_path: Path, form: str) -> None:
    path = tmp_path / "k.pem"
    public_path, public = write_key_pair(path, "ecdsa-p256", b"pass")
    assert choose_signer(form.format(path), passphrase=lambda: b"pass").public == public
    assert PublicKey.from_pem(public_path.read_bytes(), source="k") == public
    with pytest.raises(UsageError, match="exists"):
        write_key_pair(path, "ecdsa-p256", None)


@pytest.mark.parametrize("uri", ["awskms:alias/x", "gcpkms:projects/p", "azurekms://v.vault.azure.net/keys/k", "hv:k"])
def test_a_service_whose_library_is_missing_is_named(uri: str) -> None:
    with pytest.raises((UsageError, TrustError)) as error:
        choose_signer(uri)
    assert uri.partition(":")[0] in error.value.what or "securesystemslib" in error.value.remedy


def test_a_token_with_a_given_public_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYKCS11LIB", raising=False)
    public = write(tmp_path / "k.pub", ec_key().public.pem)
    with pytest.raises((UsageError, TrustError), match=r"cannot use hsm: keys|hsm:2\?label=x cannot sign") as error:
        dsse.sign(b"{}", [choose_signer("hsm:2?label=x", public_key=public)])
    assert error.value.remedy
    with pytest.raises(TrustError, match="not a public key"):
        choose_signer("hsm:2", public_key=write(tmp_path / "bad.pub", b"x"))
    with pytest.raises((UsageError, TrustError), match="hsm:"):
        choose_signer("hsm:2")


def test_an_unknown_scheme() -> None:
    with pytest.raises(UsageError, match="unknown kind of key ftp:"):
        choose_signer("ftp:x")
