"""Adding a signature to what others have signed: verified first, over the same bytes, whole or not at all."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from command_case import tree
from package_case import NOW, POLICIES, check, written
from signing_case import ec_key, ed_key, envelope, policy, sha256, statement, write
from sigstore_package import authority
from timestamp_case import Authority as Clock

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.countersign import add_signatures, countersign
from probatum.attestations.documents import dsse
from probatum.attestations.keys.signing_key import SigningKey
from probatum.attestations.package.put import as_folder, put
from probatum.attestations.package.zip_package import zip_bytes
from probatum.attestations.trust.one_signature import for_one_signature
from probatum.attestations.trust.policy import TrustPolicy
from probatum.attestations.verify.package import Demands, verify_package
from probatum.errors import EvidenceError, TrustError, UsageError
from probatum.evaluator.bundle import pack
from probatum.jobs import countersigning
from probatum.jobs.audit import Audit, verify

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


def sign(looked: countersigning.Looked, *keys: SigningKey) -> Path:
    return countersigning.sign(looked, KeyAttestor(keys))


def added(before: Mapping[str, str], folder: Path) -> list[str]:
    """The files that are new or changed."""
    after = tree(folder)
    return sorted(name for name in before | after if before.get(name) != after.get(name))


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_a_second_person_completes_a_verdict(tmp_path: Path, zipped: bool) -> None:
    one, two = ed_key(), ec_key()
    package, trust = written(tmp_path, one).folder, two_of(one, two)
    before = tree(package)
    if zipped:
        package = write(tmp_path / "v.zip", zip_bytes({name: (package / name).read_bytes() for name in before}))
    question = asked(tmp_path, one, two)
    assert not verify(package, question).ok
    looked = countersigning.look(package, question)
    assert looked.report.ok
    place = sign(looked, two)
    assert verify(package, question).ok
    with as_folder(package) as folder:
        assert added(before, folder) == [place.relative_to(package).as_posix()]
        data = (folder / place.relative_to(package)).read_bytes()
        assert place.name == f"{sha256(data)[:16]}.dsse.json"
        envelope_of = dsse.parse(data, source="x", canonical=True)
        assert envelope_of.payload == dsse.parse((folder / NAME).read_bytes(), source="x").payload
        assert verify_package(folder, Demands(trust, "test", NOW)).ok
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    if zipped:
        with as_folder(package) as folder:
            files = {name: (folder / name).read_bytes() for name in tree(folder)}
        assert package.read_bytes() == zip_bytes(files), "equal packages are equal files"


def test_several_people_one_after_the_other_and_at_once(tmp_path: Path) -> None:
    """Two who sign copies of one package put their files together; names never collide."""
    keys = [ed_key() for _ in range(4)]
    package, trust = written(tmp_path, keys[0]).folder, two_of(*keys)
    strict = replace(trust, roles={"verdict": replace(trust.roles["verdict"], threshold=4)})
    question = asked(tmp_path, *keys)
    copy = shutil.copytree(package, tmp_path / "copy")
    sign(countersigning.look(package, question), keys[1], keys[2])
    sign(countersigning.look(copy, question), keys[3])
    assert not check(tmp_path, trust=strict).ok
    for path in (copy / "countersignatures").iterdir():
        shutil.copy(path, package / "countersignatures")
    report = check(tmp_path, trust=strict)
    assert report.ok
    assert len(list((package / "countersignatures").iterdir())) == 2


def test_an_attestation_in_a_file(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), one))
    question = asked(tmp_path, one, two)
    looked = countersigning.look(path, question)
    assert looked.report.ok, looked.report.rows
    sign(looked, two)
    assert len(dsse.parse(path.read_bytes(), source="x").signatures) == 2
    with pytest.raises(UsageError, match="has signed already"):
        sign(countersigning.look(path, question), two)


def test_what_is_not_verified_is_not_signed(tmp_path: Path) -> None:
    one, two, stranger = ed_key(), ed_key(), ed_key()
    folder = written(tmp_path, stranger).folder
    before = tree(folder)
    question = asked(tmp_path, one, two)
    looked = countersigning.look(folder, question)
    assert not looked.report.ok
    with pytest.raises(TrustError, match="is not verified"):
        sign(looked, two)
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), stranger))
    with pytest.raises(TrustError, match="is not verified"):
        sign(countersigning.look(path, question), two)
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
        sign(looked, two)
    assert (folder / NAME).read_bytes() == (other / NAME).read_bytes()


def test_one_key_signs_once(tmp_path: Path) -> None:
    one, two = ec_key(), ec_key()
    folder = written(tmp_path, one).folder
    question = asked(tmp_path, one, two)
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), one))
    for target in (folder, path):
        with pytest.raises(UsageError, match="has signed already"):
            sign(countersigning.look(target, question), one)
        with pytest.raises(UsageError, match="signs twice"):
            sign(countersigning.look(target, question), two, two)
    sign(countersigning.look(folder, question), two)
    with pytest.raises(UsageError, match="has signed already"):
        sign(countersigning.look(folder, question), two)
    by_keys = Audit(NOW, public_keys=(tmp_path / "k0.pub", tmp_path / "k1.pub"))
    with pytest.raises(UsageError, match="has signed already"):
        sign(countersigning.look(folder, by_keys), two)
    renamed = dsse.parse((folder / NAME).read_bytes(), source="x")
    disguised = dsse.Envelope(renamed.payload, renamed.payload_type, (("SHA256:other", renamed.signatures[0][1]),))
    with pytest.raises(UsageError, match="has signed already"):
        add_signatures(disguised, [one])


def test_who_may_not_would_spoil_the_package(tmp_path: Path) -> None:
    one, two, stranger = ed_key(), ed_key(), ed_key()
    folder = written(tmp_path, one).folder
    before = tree(folder)
    question = asked(tmp_path, one, two)
    with pytest.raises(TrustError, match="may not sign the verdict") as error:
        sign(countersigning.look(folder, question), stranger)
    assert "is not a trusted key" in error.value.why
    text = (tmp_path / "trust.yaml").read_text()
    write(tmp_path / "trust.yaml", text.replace("{path: k1.pub}", "{path: k1.pub, valid_until: 2026-11-01T00:00:00Z}"))
    with pytest.raises(TrustError, match="may not sign the verdict") as error:
        sign(countersigning.look(folder, question), two)
    assert "valid until" in error.value.why
    assert tree(folder) == before


def test_a_proof_and_a_timestamp_of_the_verdict_stay_what_they_are(tmp_path: Path) -> None:
    """They were made from its bytes, which nobody changes any more."""
    one, two = ed_key(), ed_key()
    clock = Clock()
    folder = written(tmp_path, one).folder
    write(folder / "verdict.tsr", clock.stamp((folder / NAME).read_bytes(), NOW - timedelta(minutes=1)))
    question = asked(tmp_path, one, two)
    before = tree(folder)
    place = sign(countersigning.look(folder, question), two)
    assert added(before, folder) == [place.relative_to(folder).as_posix()]
    trust = replace(two_of(one, two), timestamp_authorities={"clock": authority(clock)})
    report = check(tmp_path, trust=trust)
    assert report.ok
    assert [row.ok for row in report.rows if row.check == "verdict.tsr"] == [True]


def test_who_vouches_for_a_countersignature_vouches_for_it_alone(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    clock = Clock()

    def stamp(data: bytes) -> bytes:
        return clock.stamp(data, NOW - timedelta(minutes=1))

    folder = written(tmp_path, one).folder
    question = asked(tmp_path, one, two)
    place = countersigning.sign(countersigning.look(folder, question), KeyAttestor([two]), {".tsr": stamp})
    stamped = place.with_name(f"{place.name}.tsr")
    base = replace(two_of(one, two), timestamp_authorities={"clock": authority(clock)})
    demanding = replace(base, roles={"verdict": replace(base.roles["verdict"], require_timestamp=True)})
    report = check(tmp_path, trust=demanding)
    assert "key:k0 does not count: its time is not vouched for" in report.failures[-1].detail
    write(folder / "verdict.tsr", stamp((folder / NAME).read_bytes()))
    report = check(tmp_path, trust=demanding)
    assert report.ok
    rows = {row.check: row for row in report.rows}
    path = place.relative_to(folder).as_posix()
    assert rows[f"{path}.tsr"].ok is True
    stamped.unlink()
    assert "key:k1 does not count" in check(tmp_path, trust=demanding).failures[-1].detail


def test_what_can_gain_no_signature(tmp_path: Path) -> None:
    question = asked(tmp_path, ed_key(), ed_key())
    with pytest.raises(UsageError):
        countersigning.look(tmp_path / "none", question)
    with pytest.raises(TrustError, match="is not unpacked"):
        countersigning.look(write(tmp_path / "v.zip", b"PK\x03\x04"), question)
    with pytest.raises(TrustError, match="is not a DSSE envelope"):
        countersigning.look(write(tmp_path / "s.json", b"{}"), question)
    spaced = envelope(statement("a" * 64), ed_key()).replace(b'{"payload"', b'{ "payload"')
    with pytest.raises(TrustError, match="canonical form"):
        countersigning.look(write(tmp_path / "t.json", spaced), question)
    with pytest.raises(EvidenceError):
        countersigning.look(write(tmp_path / "u.json", b'{"a": 1, "a": 2}'), question)
    bundle = write(tmp_path / "policies.tar.gz", pack(POLICIES))
    with pytest.raises(UsageError, match="cannot be countersigned"):
        countersigning.look(bundle, question)


def test_an_attestation_gains_signatures_of_keys_alone(tmp_path: Path) -> None:
    one, two = ed_key(), ed_key()
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), one))
    looked = countersigning.look(path, asked(tmp_path, one, two))
    with pytest.raises(UsageError, match="with --key alone"):
        countersigning.sign(looked, KeyAttestor([two]), {".tsr": lambda data: data})
    with pytest.raises(TrustError, match="may not sign"):
        sign(looked, ed_key())


def test_an_envelope_holds_only_so_many_signatures() -> None:
    keys = [ed_key() for _ in range(dsse.MAX_SIGNATURES + 1)]
    full = dsse.sign(b"{}", keys[:-1])
    with pytest.raises(TrustError, match="too many signatures"):
        add_signatures(full, keys[-1:])


def test_many_sign_at_once_and_no_signature_is_lost(tmp_path: Path) -> None:
    """Each looks again when another was first; the lock keeps reading and writing together."""
    path = write(tmp_path / "p.json", envelope(statement("a" * 64), ed_key()))
    keys = [ed_key() for _ in range(8)]
    start = threading.Barrier(len(keys))

    def one(key: SigningKey) -> None:
        start.wait()
        while True:
            try:
                countersign(path, path.read_bytes(), [key])
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


@pytest.mark.parametrize("zipped", [False, True], ids=["folder", "zip"])
def test_many_put_files_into_a_package_at_once(tmp_path: Path, zipped: bool) -> None:
    package = written(tmp_path, ed_key()).folder
    if zipped:
        package = write(tmp_path / "v.zip", zip_bytes({NAME: b"{}"}))
    start = threading.Barrier(8)

    def one(at: int) -> None:
        start.wait()
        put(package, {f"countersignatures/{at}": b"x"})

    threads = [threading.Thread(target=one, args=(at,)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with as_folder(package) as folder:
        assert len(list((folder / "countersignatures").iterdir())) == 8


def test_a_failed_write_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = written(tmp_path, ed_key()).folder
    before = tree(tmp_path)
    meanwhile: list[dict[str, str]] = []

    def full(_: Path, __: Path) -> Path:
        meanwhile.append(tree(folder))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="cannot write"):
        put(folder, {"countersignatures/a": b"x"})
    assert tree(tmp_path) == before
    assert meanwhile == [tree(folder)]  # a process that is killed there leaves no file in the package


def test_a_package_in_a_folder_that_nobody_may_write_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a mounted one: root, who may write everywhere, is told that it may not."""
    folder = written(tmp_path, ed_key()).folder
    monkeypatch.setattr("os.access", lambda path, mode: False)
    seen: list[Path] = []
    replace_file = Path.replace

    def replaced(self: Path, target: Path) -> Path:
        seen.append(self.parent)
        return replace_file(self, target)

    monkeypatch.setattr(Path, "replace", replaced)
    put(folder, {"countersignatures/a": b"x"})
    assert seen == [folder / "countersignatures"]


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
