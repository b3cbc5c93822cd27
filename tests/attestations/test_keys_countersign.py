"""Adding a signature to what others have signed: verified first, over the same bytes, whole or not at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from command_case import tree
from package_case import NOW, check, written
from signing_case import ec_key, ed_key, envelope, policy, statement, write

from probatum.attestations.countersign import add_signatures, countersign, verdict_to_countersign
from probatum.attestations.documents import dsse
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.names import DETACHED
from probatum.attestations.trust.one_signature import for_one_signature
from probatum.attestations.trust.policy import TrustPolicy
from probatum.errors import EvidenceError, TrustError, UsageError
from probatum.jobs import countersigning
from probatum.jobs.audit import Audit

ROLES: Mapping[str, Mapping[str, Any]] = {"verdict": {"threshold": 2}, "provenance": {"threshold": 2}}
NAME = "verdict.dsse.json"


def two_of(*keys: SigningKey) -> TrustPolicy:
    return policy({f"k{at}": key for at, key in enumerate(keys)}, **ROLES)


def asked(tmp_path: Path, *keys: SigningKey) -> Audit:
    """A verification under a trust policy of two of the given keys."""
    names = [f"k{at}" for at in range(len(keys))]
    lines = ["version: 1", "keys:"]
    for name, key in zip(names, keys, strict=True):
        write(tmp_path / f"{name}.pub", key.public.pem)
        lines.append(f"  {name}: {{path: {name}.pub}}")
    lines += ["roles:"]
    lines += [f"  {role}: {{signers: [{', '.join(names)}], threshold: 2}}" for role in ROLES]
    return Audit(NOW, trust=write(tmp_path / "trust.yaml", "\n".join(lines) + "\n"))


def test_a_second_person_completes_a_verdict(tmp_path: Path) -> None:
    one, two = ed_key(), ec_key()
    folder = written(tmp_path, one).folder
    before = tree(folder)
    question = asked(tmp_path, one, two)
    assert not check(tmp_path, trust=two_of(one, two)).ok
    looked = countersigning.look(folder, question)
    assert looked.report.ok
    whole = countersigning.sign(looked, [two], question.trust)
    assert whole.to_bytes() == (folder / NAME).read_bytes()
    assert set(whole.signers([one.public, two.public])) == {one.public, two.public}
    assert check(tmp_path, trust=two_of(one, two)).ok
    after = tree(folder)
    assert before.keys() == after.keys()
    assert [name for name in before if before[name] != after[name]] == [NAME]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_payload_and_the_first_signature_stay_as_they_were(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    path = written(tmp_path, one).folder / NAME
    before = dsse.parse(path.read_bytes(), source="x")
    countersign(path, path.read_bytes(), [two], beside=tmp_path)
    after = dsse.parse(path.read_bytes(), source="x", canonical=True)
    assert (after.payload, after.payload_type) == (before.payload, before.payload_type)
    assert set(before.signatures) < set(after.signatures)
    assert list(after.signatures) == sorted(after.signatures)


def test_an_attestation_in_a_file(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), one))
    question = asked(tmp_path, one, two)
    looked = countersigning.look(path, question)
    assert looked.report.ok, looked.report.rows
    countersigning.sign(looked, [two], question.trust)
    assert len(dsse.parse(path.read_bytes(), source="x").signatures) == 2
    with pytest.raises(UsageError, match="has signed already"):
        countersigning.sign(countersigning.look(path, question), [two], question.trust)


def test_what_is_not_verified_is_not_signed(tmp_path: Path) -> None:
    one, two, stranger = ed_key(), ed_key(), ed_key()
    folder = written(tmp_path, stranger).folder
    before = tree(folder)
    question = asked(tmp_path, one, two)
    looked = countersigning.look(folder, question)
    assert not looked.report.ok
    with pytest.raises(TrustError, match="is not verified"):
        countersigning.sign(looked, [two], question.trust)
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), stranger))
    with pytest.raises(TrustError, match="is not verified"):
        countersigning.sign(countersigning.look(path, question), [two], question.trust)
    assert tree(folder) == before


@pytest.mark.parametrize("name", ["evidence.json", "assessment.dsse.json", "settings.json"])
def test_a_package_that_was_changed_is_not_signed(tmp_path: Path, name: str) -> None:
    one, two = ed_key(), ed_key()
    folder = written(tmp_path, one).folder
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    assert not countersigning.look(folder, asked(tmp_path, one, two)).report.ok


def test_what_was_swapped_after_it_was_looked_at_is_not_signed(tmp_path: Path) -> None:
    """Both are authentic: only one was shown to the person who signs."""
    one, two = ed_key(), ed_key()
    folder = written(tmp_path, one).folder
    question = asked(tmp_path, one, two)
    looked = countersigning.look(folder, question)
    other = written(tmp_path / "other", one, trust=two_of(one)).folder
    (folder / NAME).write_bytes((other / NAME).read_bytes())
    with pytest.raises(TrustError, match="is not signed"):
        countersigning.sign(looked, [two], question.trust)
    assert (folder / NAME).read_bytes() == (other / NAME).read_bytes()


def test_one_key_signs_once(tmp_path: Path) -> None:
    one, two = ec_key(), ec_key()
    path = written(tmp_path, one).folder / NAME
    with pytest.raises(UsageError, match="has signed already"):
        countersign(path, path.read_bytes(), [one])
    with pytest.raises(UsageError, match="signs twice"):
        countersign(path, path.read_bytes(), [two, two])
    renamed = dsse.parse(path.read_bytes(), source="x")
    disguised = dsse.Envelope(renamed.payload, renamed.payload_type, (("SHA256:other", renamed.signatures[0][1]),))
    with pytest.raises(UsageError, match="has signed already"):
        add_signatures(disguised, [one])


def test_a_key_that_the_policy_does_not_know_would_spoil_the_package(tmp_path: Path) -> None:
    one, two, stranger = ed_key(), ed_key(), ed_key()
    folder = written(tmp_path, one).folder
    question = asked(tmp_path, one, two)
    with pytest.raises(TrustError, match="may not sign"):
        countersigning.sign(countersigning.look(folder, question), [stranger], question.trust)
    assert len(dsse.parse((folder / NAME).read_bytes(), source="x").signatures) == 1


@pytest.mark.parametrize("name", DETACHED)
def test_what_is_about_the_verdict_as_it_is_comes_last(tmp_path: Path, name: str) -> None:
    folder = written(tmp_path, ed_key()).folder
    write(folder / name, b"made from the verdict")
    with pytest.raises(TrustError, match="countersigned any more") as error:
        verdict_to_countersign(folder)
    assert name in error.value.why
    assert error.value.remedy


def test_what_can_gain_no_signature(tmp_path: Path) -> None:
    folder = written(tmp_path, ed_key()).folder
    (folder / NAME).rename(folder / "verdict.sigstore.json")
    with pytest.raises(TrustError, match="cannot be countersigned") as error:
        verdict_to_countersign(folder)
    assert "bundle" in error.value.why
    (folder / "verdict.sigstore.json").unlink()
    with pytest.raises(TrustError, match="cannot be countersigned"):
        verdict_to_countersign(folder)
    with pytest.raises(UsageError, match="cannot read"):
        verdict_to_countersign(tmp_path / "none")
    question = asked(tmp_path, ed_key(), ed_key())
    with pytest.raises(UsageError, match="cannot be countersigned") as refused:
        countersigning.look(write(tmp_path / "v.zip", b"PK\x03\x04"), question)
    assert "ZIP" in refused.value.why
    with pytest.raises(TrustError, match="is not a DSSE envelope"):
        countersigning.look(write(tmp_path / "s.json", b"{}"), question)
    spaced = envelope(statement("a" * 64), ed_key()).replace(b'{"payload"', b'{ "payload"')
    with pytest.raises(TrustError, match="canonical form"):
        countersigning.look(write(tmp_path / "t.json", spaced), question)
    with pytest.raises(EvidenceError):
        countersigning.look(write(tmp_path / "u.json", b'{"a": 1, "a": 2}'), question)


def test_an_envelope_holds_only_so_many_signatures() -> None:
    keys = [ed_key() for _ in range(dsse.MAX_SIGNATURES + 1)]
    full = dsse.sign(b"{}", keys[:-1])
    with pytest.raises(TrustError, match="too many signatures"):
        add_signatures(full, keys[-1:])


def test_many_sign_at_once_and_no_signature_is_lost(tmp_path: Path) -> None:
    """Each looks again when another was first; the lock keeps reading and writing together."""
    path = written(tmp_path, ed_key()).folder / NAME
    keys = [ed_key() for _ in range(8)]
    start = threading.Barrier(len(keys))

    def one(key: SigningKey) -> None:
        start.wait()
        while True:
            try:
                countersign(path, path.read_bytes(), [key], beside=tmp_path)
            except TrustError:  # somebody was first: look again
                continue
            return

    threads = [threading.Thread(target=one, args=(key,)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    whole = dsse.parse(path.read_bytes(), source="x", canonical=True)
    assert len(whole.signers([key.public for key in keys])) == len(keys)
    assert len(whole.signatures) == len(keys) + 1


def test_a_failed_write_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path, ed_key()).folder
    before = tree(tmp_path)
    meanwhile: list[dict[str, str]] = []

    def full(_: Path, __: Path) -> Path:
        meanwhile.append(tree(folder))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="cannot write"):
        countersign(folder / NAME, (folder / NAME).read_bytes(), [ed_key()], beside=tmp_path)
    assert tree(tmp_path) == before
    assert meanwhile == [tree(folder)]  # a process that is killed there leaves no file in the package


def test_a_folder_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot open"):
        countersign(tmp_path / "none" / NAME, b"", [ed_key()])


def test_one_signature_is_enough_for_now_and_nothing_else_is_given_up() -> None:
    one, two = ed_key(), ed_key()
    strict = policy(
        {"a": one, "b": two},
        verdict={"threshold": 2, "max_age_days": 3.0, "require_log": True, "require_timestamp": True},
    )
    role = for_one_signature(strict).roles["verdict"]
    assert (role.threshold, role.require_log, role.require_timestamp) == (1, False, False)
    assert (role.signers, role.max_age_days) == (strict.roles["verdict"].signers, 3.0)
    assert strict.roles["verdict"].threshold == 2
