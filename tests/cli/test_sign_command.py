"""``probatum sign`` and ``keys show`` from the command line: two-person verdicts, and what is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
import typer
from certificate_case import Authority, pem
from command_case import last_line, tree
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from signing_case import ed_key, envelope, sha256, statement, write

from probatum.attestations.keys.public_key import PublicKey
from probatum.attestations.keys.signing_key import KINDS
from probatum.commands.passphrase import VARIABLE, passphrase

NOW = ("--now", "2026-11-20T07:00:00Z")


@pytest.fixture
def people(run, tmp_path: Path) -> Path:
    """Keys of Ann, Bob and Eve; a trust policy that wants both Ann and Bob."""
    for name, kind in (("ann", "ed25519"), ("bob", "ecdsa-p384"), ("eve", "ed25519")):
        assert run("keys", "new", tmp_path / f"{name}.pem", "--no-encrypt", "--kind", kind).exit_code == 0
    return write(
        tmp_path / "trust.yaml",
        "version: 1\nkeys: {ann: {path: ann.pem.pub}, bob: {path: bob.pem.pub}}\n"
        "roles: {verdict: {signers: [ann, bob], threshold: 2}}\n",
    )


@pytest.fixture
def verdict(run, pipeline: Path, people: Path, tmp_path: Path) -> Path:
    out = tmp_path / "verdict"
    assert run("gate", pipeline, "--out", out, "--key", tmp_path / "ann.pem", "-q", *NOW).exit_code in (1, 3)
    return out


def test_two_people_one_after_the_other(run, verdict: Path, people: Path, tmp_path: Path) -> None:
    alone = run("verify", verdict, "--trust", people)
    assert alone.exit_code == 1
    assert "signer" in last_line(alone)
    before = tree(verdict)
    signed = run("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people)
    assert signed.exit_code == 0
    assert "signing the verdict FAILED urn:probatum:pipeline:small" in signed.stderr
    assert "trust.yaml accepts it now" in signed.stderr
    assert "countersignatures/" in last_line(signed)
    assert "bob.pem" in last_line(signed)
    assert "verdict.dsse.json: signature" in signed.stdout
    assert "VERIFIED" in last_line(run("verify", verdict, "--trust", people))
    after = tree(verdict)
    (added,) = [name for name in before | after if before.get(name) != after.get(name)]
    assert added.startswith("countersignatures/")
    again = run("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people)
    assert again.exit_code == 2
    assert "has signed already" in last_line(again)


def test_two_people_at_one_machine(run, pipeline: Path, people: Path, tmp_path: Path) -> None:
    both = ("--key", tmp_path / "ann.pem", "--key", tmp_path / "bob.pem")
    made = run("gate", pipeline, "--out", tmp_path / "v", *both, *NOW)
    assert "ann.pem" in made.stderr
    assert "bob.pem" in made.stderr
    assert "VERIFIED" in last_line(run("verify", tmp_path / "v", "--trust", people))
    twice = run("gate", pipeline, "--out", tmp_path / "w", "--key", tmp_path / "ann.pem", "--key", tmp_path / "ann.pem")
    assert twice.exit_code == 2
    assert "signs twice" in last_line(twice)
    assert not (tmp_path / "w").exists()


def test_the_policy_may_still_want_more(run, verdict: Path, people: Path, tmp_path: Path) -> None:
    text = people.read_text().replace("ann: {path", "eve: {path: eve.pem.pub}, ann: {path")
    people.write_text(text.replace("[ann, bob], threshold: 2", "[ann, bob, eve], threshold: 3"))
    signed = run("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people)
    assert signed.exit_code == 0
    assert "does not accept it yet" in signed.stderr
    assert "2 of the 3 signers needed signed" in signed.stderr
    assert "accepts it now" in run("sign", verdict, "--key", tmp_path / "eve.pem", "--trust", people).stderr


def test_what_is_refused_stays_as_it_was(run, verdict: Path, people: Path, tmp_path: Path) -> None:
    before = tree(verdict)
    for options, code, words in (
        (("--key", tmp_path / "eve.pem", "--trust", people), 2, "may not sign"),
        (("--key", tmp_path / "bob.pem"), 2, "nothing to trust"),
        (("--key", tmp_path / "bob.pem", "--public-key", tmp_path / "eve.pem.pub"), 1, "REFUSED, and not signed"),
        (("--key", tmp_path / "none.pem", "--trust", people), 2, "cannot read"),
        (("--trust", people), 2, "it is not said who signs"),
        (("--trust", people, "--sign", "none"), 2, "it is not said who signs"),
        (("--trust", people, "--sign", "keyless", "--key", tmp_path / "bob.pem"), 2, "contradict each other"),
        (("--trust", people, "--key", tmp_path / "bob.pem", "--timestamp", "ftp://x"), 2, "ftp://x"),
    ):
        refused = run("sign", verdict, *options)
        assert refused.exit_code == code, refused.stderr
        assert words in refused.stderr
    write(verdict / "evidence.json", (verdict / "evidence.json").read_bytes() + b"\n")
    refused = run("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people)
    assert refused.exit_code == 1
    assert "package files: evidence.json differs" in last_line(refused)
    shutil.rmtree(verdict / "raw", ignore_errors=True)
    assert tree(verdict).get("verdict.dsse.json") == before["verdict.dsse.json"]


def test_the_second_person_looks_at_the_files_and_decides_again(
    run, verdict: Path, people: Path, pipeline: Path, tmp_path: Path
) -> None:
    look = ("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people, "--subject", pipeline, "--replay")
    (pipeline / "d.csv").write_text("a,b\n1,3\n")
    refused = run(*look)
    assert refused.exit_code == 1
    assert "subject" in last_line(refused)
    (pipeline / "d.csv").write_text("a,b\n1,2\n")
    signed = run(*look, "--format", "json")
    assert signed.exit_code == 0, signed.stderr
    rows = {row["check"]: row["ok"] for row in json.loads(signed.stdout)["rows"]}
    assert rows["replay"] is True


def test_a_quiet_run_says_one_line(run, verdict: Path, people: Path, tmp_path: Path) -> None:
    signed = run("sign", verdict, "--key", tmp_path / "bob.pem", "--trust", people, "-q")
    assert signed.stdout == ""
    assert len(signed.stderr.strip().splitlines()) == 1


def test_a_certificate_signs_and_countersigns(run, pipeline: Path, tmp_path: Path) -> None:
    """For as long as the authority of this test lives; what it signs, the clock dates."""
    now = datetime.now(UTC)
    authority = Authority(until=now + timedelta(days=30))
    names = (("ann", "ann@acme.example"), ("bob", "bob@acme.example"))
    for name, holder in names:
        key = ec.generate_private_key(ec.SECP256R1())
        since, until = now - timedelta(days=1), now + timedelta(days=9)
        made = authority.issue(names=(x509.RFC822Name(holder),), since=since, until=until, key=key)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write(tmp_path / f"{name}.pem", private).chmod(0o600)
        write(tmp_path / f"{name}-chain.pem", pem(made.leaf, authority.intermediate, authority.root))
    root = write(tmp_path / "ca.pem", pem(authority.root))
    roots = f"{{path: ca.pem, sha256: {sha256(root.read_bytes())}}}"
    entries = [f"{name}: {{roots: {roots}, email: {mail}}}" for name, mail in names]
    text = "version: 1\ncertificates:\n  " + "\n  ".join(entries)
    trust = write(tmp_path / "trust.yaml", f"{text}\nroles: {{verdict: {{signers: [ann, bob], threshold: 2}}}}\n")

    def by(name: str) -> tuple[object, ...]:
        return "--key", tmp_path / f"{name}.pem", "--certificate", tmp_path / f"{name}-chain.pem"

    out = tmp_path / "v.zip"
    made = run("gate", pipeline, "--out", out, *by("ann"))
    assert "ann.pem with the certificate of CN=builder" in made.stderr
    assert "1 of the 2" in run("verify", out, "--trust", trust).stdout
    signed = run("sign", out, "--trust", trust, *by("bob"))
    assert signed.exit_code == 0, signed.stderr
    assert "VERIFIED" in last_line(run("verify", out, "--trust", trust))
    again = run("sign", out, "--trust", trust, "--key", tmp_path / "bob.pem")
    assert "has signed already" in last_line(again)
    for wrong in (("--certificate", root), (*by("ann"), "--key", tmp_path / "bob.pem"), (*by("ann"), "--no-sign")):
        refused = run("gate", pipeline, "--out", tmp_path / "w", *wrong)
        assert refused.exit_code == 2
        assert "--certificate and anything but one --key" in refused.stderr
    other = run("gate", pipeline, "--out", tmp_path / "w", "--key", tmp_path / "ann.pem", "--certificate", root)
    assert "cannot be signed with" in other.stderr
    evidence = run("collect", pipeline, "--out", tmp_path / "e.json", *by("ann"), "-q")
    assert evidence.exit_code == 0, evidence.stderr
    assert (tmp_path / "e.sigstore.json").is_file()


def test_an_attestation_is_countersigned(run, tmp_path: Path) -> None:
    one = ed_key()
    path = write(tmp_path / "p.dsse.json", envelope(statement("a" * 64), one))
    write(tmp_path / "one.pub", one.public.pem)
    run("keys", "new", tmp_path / "two.pem", "--no-encrypt")
    signed = run("sign", path, "--key", tmp_path / "two.pem", "--public-key", tmp_path / "one.pub")
    assert signed.exit_code == 0, signed.stderr
    assert "signing: attestation" in signed.stderr
    assert "two.pem" in last_line(signed)


@pytest.mark.parametrize("kind", ["ed25519", "ecdsa-p384", "rsa-3072", "ml-dsa-65"])
def test_a_key_is_shown(run, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "k.pem"
    made = run("keys", "new", path, "--no-encrypt", "--kind", kind)
    if made.exit_code:
        assert "cryptography" in made.stderr
        pytest.skip("this version of cryptography has no ML-DSA")
    (id,) = made.stdout.split()
    for shown in (run("keys", "show", path), run("keys", "show", f"{path}.pub")):
        assert shown.exit_code == 0
        assert id in shown.stdout
        assert "signs verdicts  yes" in shown.stdout
        trust = shown.stdout[shown.stdout.index("keys:") :].replace("NAME", "release")
        text = f"version: 1\n{trust}\nroles: {{verdict: {{signers: [release]}}}}\n"
        from probatum.attestations.trust.file import load_trust

        assert load_trust(write(tmp_path / "trust.yaml", text)).keys["release"].id == id
    document = json.loads(run("keys", "show", path, "--form", "json").stdout)
    assert document["id"] == id
    assert PublicKey.from_pem(run("keys", "show", path, "--form", "pem").stdout.encode(), source="k").id == id
    ssh = run("keys", "show", path, "--form", "ssh")
    if kind == "ml-dsa-65":
        assert ssh.exit_code == 2
        assert "OpenSSH" in ssh.stderr
    else:
        assert PublicKey.from_pem(ssh.stdout.encode(), source="k").id == id


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_a_weak_key_of_somebody_else_is_shown_as_one(run, tmp_path: Path) -> None:
    for bits in ("2048", "1024"):
        made = subprocess.run(["openssl", "genrsa", bits], capture_output=True, check=True).stdout
        public = subprocess.run(["openssl", "rsa", "-pubout"], input=made, capture_output=True, check=True).stdout
        write(tmp_path / f"{bits}.pub", public)
    assert "no, it is too weak" in run("keys", "show", tmp_path / "2048.pub").stdout
    refused = run("keys", "show", tmp_path / "1024.pub")
    assert refused.exit_code == 2
    assert "too weak" in last_line(refused)
    assert run("keys", "show", tmp_path / "none").exit_code == 2


def test_the_kinds_of_the_command_are_those_of_the_library() -> None:
    from probatum.commands.options import KeyKind

    assert tuple(KeyKind) == KINDS


def test_each_of_several_people_is_asked_for_the_passphrase_of_a_named_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal stood in for: the prompt is what a person would read."""
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(typer, "prompt", lambda prompt, **_: prompt)
    assert passphrase("ann.pem") == b"Passphrase of ann.pem"
    assert passphrase() == b"Passphrase of the key"
    monkeypatch.setenv(VARIABLE, "from the environment")
    assert passphrase("ann.pem") == b"from the environment"


def test_two_encrypted_keys_sign(run, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "both of them")
    for name in ("ann", "bob"):
        assert run("keys", "new", tmp_path / f"{name}.pem").exit_code == 0
    both = ("--key", tmp_path / "ann.pem", "--key", tmp_path / "bob.pem")
    run("gate", pipeline, "--out", tmp_path / "v", *both, "-q", *NOW)
    trusted = ("--public-key", tmp_path / "ann.pem.pub", "--public-key", tmp_path / "bob.pem.pub")
    assert "VERIFIED" in last_line(run("verify", tmp_path / "v", *trusted))
