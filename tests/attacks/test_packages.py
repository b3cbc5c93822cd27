"""Attacks on verdict packages and bundles of policies: what lies in them, and what they are wrapped in."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pack_case import pack as new_pack
from package_case import KEY, POLICIES, assessment, check, contents, graph, pipeline, written
from replay_case import evaluated
from revocation_case import revocation
from signing_case import NOW, ed_key, envelope, policy, sha256, statement, write

from probatum import strict_json
from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.documents import dsse
from probatum.attestations.package import zip_package
from probatum.attestations.package.files import PackageFiles
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import unzipped, zip_bytes
from probatum.attestations.revocation.document import Given
from probatum.attestations.revocation.entry import Entry, sha256_target
from probatum.attestations.revocation.gather import gather
from probatum.attestations.trust.policy import trust_keys
from probatum.attestations.trust.predicates import POLICY_BUNDLE
from probatum.attestations.verify.expectations import Expectations
from probatum.attestations.verify.package import Demands, verify_package
from probatum.attestations.verify.report import Row, VerificationReport
from probatum.attestations.vsa import PACKAGE_FIELD
from probatum.errors import ProbatumError, TrustError, UsageError
from probatum.evaluator.bundle import pack, pack_entries
from probatum.evaluator.policies import PolicySet
from probatum.jobs.audit import Audit, verify
from probatum.packs.verify_pack import verify_pack

TRUST = trust_keys([KEY.public], source="test")


def failure(report: VerificationReport) -> Row:
    assert not report.ok
    return report.failures[0]


def resigned(tmp_path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """The package with its verdict changed and signed again: an attack by somebody who may sign."""
    folder = written(tmp_path).folder
    path = folder / "verdict.dsse.json"
    document = strict_json.loads(dsse.parse(path.read_bytes(), source="x").payload, source="x")
    change(document)
    path.write_bytes(dsse.sign(strict_json.canonical(document), [KEY]).to_bytes())
    return folder


# --- nothing verified ------------------------------------------------------------------------------------------------


def test_an_empty_package(tmp_path: Path) -> None:
    """What holds nothing holds nothing that is wrong."""
    (tmp_path / "verdict").mkdir()
    report = check(tmp_path)
    assert failure(report).check == "verdict"
    assert report.to_document()["verified"] is False


def test_an_unsigned_package(tmp_path: Path) -> None:
    write_package(tmp_path / "verdict", contents(pipeline(tmp_path / "p")), version="0")
    assert "--no-sign" in failure(check(tmp_path)).detail
    (tmp_path / "verdict" / "assessment.unsigned.json").rename(tmp_path / "verdict" / "assessment.dsse.json")
    assert not check(tmp_path).ok


@pytest.mark.parametrize(
    "name", ["verdict.dsse.json", "assessment.dsse.json", "evidence.json", "policies.tar.gz", "settings.json"]
)
def test_a_package_without_one_of_its_parts(tmp_path: Path, name: str) -> None:
    """A check of something that is not there must not be a check that was passed."""
    (written(tmp_path).folder / name).unlink()
    assert not check(tmp_path).ok
    shutil.rmtree(tmp_path / "verdict")
    folder = resigned(tmp_path, lambda document: document["predicate"][PACKAGE_FIELD]["files"].pop(name, None))
    (folder / name).unlink()
    assert not check(tmp_path).ok, "nor when a signer leaves it out"


def test_a_verdict_that_names_no_files(tmp_path: Path) -> None:
    def empty(document: dict[str, Any]) -> None:
        document["predicate"][PACKAGE_FIELD]["files"] = {}

    resigned(tmp_path, empty)
    assert not check(tmp_path).ok


# --- what lies in a package ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["extra.json", ".hidden", "reports/evil.md", "raw/.git/config", "verdict.dsse.json.bak"]
)
def test_a_file_that_the_verdict_does_not_name(tmp_path: Path, name: str) -> None:
    """Something for people, or for another tool, that nobody signed: hidden and nested files, too."""
    write(written(tmp_path).folder / name, b"evil")
    assert failure(check(tmp_path)).detail == f"{name} is not part of the verdict"


def test_a_verdict_in_two_forms(tmp_path: Path) -> None:
    """One reader would take the one, another the other."""
    folder = written(tmp_path).folder
    shutil.copy(folder / "verdict.dsse.json", folder / "verdict.sigstore.json")
    assert "is there twice" in failure(check(tmp_path)).detail


@pytest.mark.parametrize("twin", ["EVIDENCE.json", "evidence.JSON"])
def test_names_that_differ_in_case_only(tmp_path: Path, twin: str) -> None:
    folder = written(tmp_path).folder
    write(folder / twin, b"evil")
    assert any("case or Unicode form is ignored" in row.detail for row in check(tmp_path).failures)


def test_names_that_differ_in_their_unicode_form_only(tmp_path: Path) -> None:
    nfc, nfd = (unicodedata.normalize(form, "caf\u00e9.md") for form in ("NFC", "NFD"))
    folder = written(tmp_path, reports={nfc: b"# report\n"}).folder
    assert check(tmp_path).ok
    write(folder / "reports" / nfd, b"evil")
    assert any("case or Unicode form is ignored" in row.detail for row in check(tmp_path).failures)


@pytest.mark.parametrize("name", ["evidence.json", "reports", "reports/assessment.md"])
def test_links_in_a_package(tmp_path: Path, name: str) -> None:
    """What a link leads to can change after the check, and lie anywhere."""
    folder = written(tmp_path).folder
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert any(row.detail == f"{name}: symlink" for row in check(tmp_path).failures)


def test_special_files_in_a_package(tmp_path: Path) -> None:
    """A pipe without a writer would wait for ever."""
    os.mkfifo(written(tmp_path).folder / "pipe")
    assert failure(check(tmp_path)).detail == "pipe: named pipe"


def test_a_verdict_that_names_files_outside(tmp_path: Path) -> None:
    """Its paths are compared with those that are there, and none is ever opened because a verdict names it."""
    write(tmp_path / "outside.json", b"{}")

    def climb(document: dict[str, Any]) -> None:
        files = document["predicate"][PACKAGE_FIELD]["files"]
        files["../outside.json"] = {"sha256": sha256(b"{}"), "size": 2}
        files["/etc/hostname"] = {"sha256": "0" * 64, "size": 1}

    resigned(tmp_path, climb)
    assert {row.detail for row in check(tmp_path).failures} == {
        "../outside.json is missing",
        "/etc/hostname is missing",
    }


def test_a_subject_that_lies_outside(tmp_path: Path) -> None:
    """Evidence says where subjects lay; a place that climbs, or leads through a link, is not followed."""
    of = graph(pipeline(tmp_path / "pipeline"))
    write(tmp_path / "m.bin", b"weights")
    model = replace(of.subjects["model:m"], location="../m.bin")
    made = replace(of, subjects={**of.subjects, "model:m": model})
    written(tmp_path, graph=made, assessment=assessment(made))
    rows = check(tmp_path, subjects=[tmp_path / "pipeline"]).failures
    assert "outside" in rows[0].detail


def test_a_file_of_a_package_that_is_swapped_after_its_digest_was_taken(tmp_path: Path) -> None:
    """What is read must be what was hashed: the digests agree with the verdict, and other bytes would be evaluated."""
    folder = written(tmp_path).folder
    files = PackageFiles.open(folder)
    good = (folder / "policies.tar.gz").read_bytes()
    assert files.read("policies.tar.gz") == good
    (folder / "policies.tar.gz").write_bytes(pack(EVIL))
    with pytest.raises(TrustError, match="changed while it was verified"):
        files.read("policies.tar.gz")
    write(tmp_path / "evil.json", b"{}")
    with pytest.raises(TrustError, match="changed while it was verified"):
        files.read("../evil.json")


def test_a_hard_linked_file_changes_with_the_other(tmp_path: Path) -> None:
    """The bytes decide each time, whatever else names them."""
    folder = written(tmp_path).folder
    os.link(folder / "evidence.json", tmp_path / "link")
    assert check(tmp_path).ok
    (tmp_path / "link").write_bytes(b"{}")
    assert failure(check(tmp_path)).detail == "evidence.json differs from what was signed"


def test_an_assessment_or_evidence_of_another_package(tmp_path: Path) -> None:
    """Two genuine packages of one signer, mixed."""
    first = written(tmp_path).folder
    second = write_package(
        tmp_path / "second", contents(pipeline(tmp_path / "pipeline"), reports={"other.md": b"x"}),
        attestor=KeyAttestor([KEY]), version="0.2.0",
    ).folder  # fmt: skip
    assert verify_package(second, Demands(TRUST, "test", NOW)).ok
    for name in ("verdict.dsse.json", "reports/other.md"):
        shutil.copytree(first, tmp_path / "mixed")
        write(tmp_path / "mixed" / name, (second / name).read_bytes())
        assert not verify_package(tmp_path / "mixed", Demands(TRUST, "test", NOW)).ok, name
        shutil.rmtree(tmp_path / "mixed")


@pytest.mark.parametrize("name", ["verdict.tsr", "verdict.tlog-proof"])
def test_a_detached_file_of_which_nobody_can_tell(tmp_path: Path, name: str) -> None:
    """The verdict cannot name what is made from it; what is not checked is a row that says so, and none that passed."""
    write(written(tmp_path).folder / name, b"garbage")
    report = check(tmp_path)
    assert report.ok
    rows = [row for row in report.rows if "garbage" not in row.found and row.ok is None]
    assert any(row.check in (name, "timestamp", "log inclusion") for row in rows)
    assert not any(row.ok and row.check.startswith(name) for row in report.rows)


# --- policies swapped, caches poisoned -------------------------------------------------------------------------------


EVIL = PolicySet({"lib/a.rego": b"package probatum.lib.a\n\nimport rego.v1\n\nx := 2\n"})


def test_a_policy_bundle_that_was_swapped_after_signing(tmp_path: Path) -> None:
    """In the package: the verdict names the bundle's bytes, and the assessment its content."""
    folder = written(tmp_path).folder
    (folder / "policies.tar.gz").write_bytes(pack(EVIL))
    assert failure(check(tmp_path)).detail == "policies.tar.gz differs from what was signed"
    written(tmp_path, policies=pack(EVIL))
    assert failure(check(tmp_path)).detail == "policies.tar.gz holds other policies than were evaluated"
    assert failure(check(tmp_path, policy_digest=POLICIES.digest)).check == "policies"


def signed_bundle(tmp_path: Path, key: Any = KEY) -> Path:
    folder = tmp_path / "pack" if (tmp_path / "pack").exists() else new_pack(tmp_path / "pack")
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    bundle = write(tmp_path / "acme.tar.gz", pack_entries(files))
    document = statement(sha256(bundle.read_bytes()), predicate_type=POLICY_BUNDLE)
    write(tmp_path / "acme.tar.gz.dsse.json", envelope(document, key))
    return bundle


POLICY_TRUST = policy({"k": KEY}, policy={})


def test_a_bundle_of_policies_and_its_signature(tmp_path: Path) -> None:
    bundle = signed_bundle(tmp_path)
    report = verify_pack(bundle, Demands(POLICY_TRUST, "test", NOW))
    assert (report.ok, report.kind, report.result) == (True, "bundle of policies", None)
    found = next(row.found for row in report.rows if row.check == "policy digest")
    assert verify_pack(bundle, Demands(POLICY_TRUST, "test", NOW, expected=Expectations(policy_digest=found))).ok
    for wanted in (Expectations(policy_digest="0" * 64), Expectations(stage="training"), Expectations(not_before=NOW)):
        assert not verify_pack(bundle, Demands(POLICY_TRUST, "test", NOW, expected=wanted)).ok
    assert not verify_pack(bundle, Demands(POLICY_TRUST, "test", NOW, subjects=(bundle,))).ok
    with pytest.raises(UsageError, match="as of a date"):
        verify_pack(bundle, Demands(POLICY_TRUST, "test", NOW, as_of=NOW))


def test_a_signed_bundle_that_was_taken_back(tmp_path: Path) -> None:
    """A policy that lets too much pass was revoked; its signature still holds."""
    bundle = signed_bundle(tmp_path)
    trust = policy({"k": KEY}, policy={}, revocation={})
    genuine = verify_pack(bundle, Demands(trust, "test", NOW))
    assert genuine.ok
    digest = next(row.found for row in genuine.rows if row.check == "policy digest")
    revoked = Entry(sha256_target("policy", digest), "policy-defect")
    known = gather([Given("r", revocation(revoked, by=[KEY]))], trust, NOW)
    assert not known.problems
    row = failure(verify_pack(bundle, Demands(replace(trust, revocations=known), "test", NOW)))
    assert (row.check, row.found) == ("revocations", digest)
    assert "policy-defect" in row.detail


def test_a_signed_bundle_that_was_swapped(tmp_path: Path) -> None:
    """A genuine signature beside other policies; one by nobody who may sign them; none at all."""
    bundle = signed_bundle(tmp_path)
    demands = Demands(POLICY_TRUST, "test", NOW)
    good = bundle.read_bytes()
    bundle.write_bytes(pack(EVIL))
    assert "about another bundle" in failure(verify_pack(bundle, demands)).detail
    bundle.write_bytes(good)
    assert "no role" in failure(verify_pack(bundle, Demands(policy({"k": KEY}, verdict={}), "test", NOW))).detail
    signed_bundle(tmp_path, ed_key())
    assert failure(verify_pack(bundle, demands)).check == "signature"
    (tmp_path / "acme.tar.gz.dsse.json").unlink()
    assert failure(verify_pack(bundle, demands)).detail == "it has no signature"
    assert failure(verify_pack(tmp_path / "pack", demands)).detail == "it has no signature"
    bundle.write_bytes(b"\x1f\x8bnothing")
    assert failure(verify_pack(bundle, demands)).check == "bundle"


def test_a_replay_with_a_poisoned_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything below the user's folders is planted; the replay reads the package, and nothing else."""
    trust = write(tmp_path / "key.pem", KEY.public.pem)
    folder = write_package(tmp_path / "verdict", evaluated({"a": 1}), attestor=KeyAttestor([KEY]), version="0").folder
    archive = (folder / "policies.tar.gz").read_bytes()
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "HOME", "TMPDIR"):
        planted = tmp_path / variable
        for name in ("probatum/packs", "probatum/policies", ".cache/probatum/packs", ".cache/sigstore", "policies"):
            write(planted / name / hashlib.sha256(archive).hexdigest(), pack(EVIL))
            write(planted / name / "control.rego", b"package probatum.controls.test_01\n\nproof := {}\n")
        monkeypatch.setenv(variable, str(planted))
    monkeypatch.chdir(tmp_path / "HOME")
    report = verify(folder, Audit(NOW, public_keys=(trust,), replay=True))
    assert report.failures == ()
    assert report.rows[-1].check == "replay"
    assert report.rows[-1].ok


# --- packages in ZIP files -------------------------------------------------------------------------------------------


def archive(*entries: tuple[str | zipfile.ZipInfo, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", compression) as made:
        for name, data in entries:
            made.writestr(name, data)
    return stream.getvalue()


@contextmanager
def refused(tmp_path: Path, data: bytes, why: str) -> Iterator[None]:
    """The archive is not unpacked, for that reason, and leaves nothing behind."""
    folder = tmp_path / "tmp"
    folder.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tempfile.tempdir", str(folder))
        with pytest.raises(TrustError) as caught, unzipped(write(tmp_path / "x.zip", data)):
            pass
    assert why in caught.value.why
    assert list(folder.iterdir()) == []
    yield


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/evil", "a/../../evil", "a\\..\\evil", "C:/evil", "a//b", "./a", "a\0b", "..", "a/.."]
)
def test_a_path_that_leads_out_of_the_archive(tmp_path: Path, name: str) -> None:
    """Known as "Zip Slip"."""
    entry = zipfile.ZipInfo("x" * len(name))
    data = archive((entry, b"evil")).replace(b"x" * len(name), name.encode())
    with refused(tmp_path, data, "is no path inside it"):
        assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize(
    "pair", [("a.json", "a.json"), ("a.json", "A.JSON"), ("caf\u00e9", "cafe\u0301"), ("a/b", "A/B"), ("ﬁle", "file")]
)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path: Path, pair: tuple[str, str]) -> None:
    """One reader takes the first, another the last; a file system that ignores case keeps one of the two."""
    with refused(tmp_path, archive((pair[0], b"good"), (pair[1], b"evil")), "are one name"):
        pass


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFSOCK, stat.S_IFDIR])
def test_a_link_or_device_in_an_archive(tmp_path: Path, kind: int) -> None:
    """A link that is unpacked first makes the next entry land where it leads."""
    entry = zipfile.ZipInfo("link")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    with refused(tmp_path, archive((entry, b"/etc")), "neither a file nor a folder"):
        pass


def test_an_entry_that_grows_too_much(tmp_path: Path) -> None:
    """A "zip bomb": a megabyte of archive, a gigabyte of zeros."""
    data = archive(("evidence.json", bytes(50_000_000)))
    assert len(data) < 100_000
    with refused(tmp_path, data, "would grow to 50000000 bytes"):
        pass


def test_entries_that_share_their_bytes(tmp_path: Path) -> None:
    """A bomb without a suspicious ratio: many entries, each of which is all of the others (CVE-2024-0450)."""
    data = archive(("a", os.urandom(2000)), ("b", b"b"), compression=zipfile.ZIP_STORED)
    at = data.index(
        b"PK\x01\x02", data.index(b"PK\x01\x02") + 1
    )  # the directory's second entry now points at the first
    moved = data[: at + 42] + struct.pack("<L", 0) + data[at + 46 :]
    with refused(tmp_path, moved, "overlaps another entry"):
        pass


def hidden(data: bytes, evil: bytes, before: bytes) -> bytes:
    """An archive with an entry of another one in front of a part of it, which the directory does not name."""
    local = evil[: evil.index(b"PK\x01\x02")]
    at = data.rindex(before) if before == b"PK\x03\x04" else data.index(before)
    made = bytearray(data[:at] + local + data[at:])
    last, end = made.rindex(b"PK\x01\x02"), made.index(b"PK\x05\x06")
    if before == b"PK\x03\x04":
        made[last + 42 : last + 46] = struct.pack("<L", at + len(local))
    made[end + 16 : end + 20] = struct.pack("<L", data.index(b"PK\x01\x02") + len(local))
    return bytes(made)


@pytest.mark.parametrize("before", [b"PK\x03\x04", b"PK\x01\x02"])
def test_an_entry_that_only_readers_from_the_front_find(tmp_path: Path, before: bytes) -> None:
    """It lies between two others, or before the directory."""
    good = archive(("verdict.dsse.json", b"{}"), ("z", b"z"))
    data = hidden(good, archive(("verdict.dsse.json", b"evil")), before)
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None, "the directory itself is in order"
    with refused(tmp_path, data, "does not name"):
        pass


@pytest.mark.parametrize(("offset", "value"), [(6, 2), (8, 0), (14, 9), (18, 3), (22, 3)])
def test_an_entry_whose_header_is_not_what_the_directory_says(tmp_path: Path, offset: int, value: int) -> None:
    """A reader from the front takes other flags, another compression, size or checksum, hence other content."""
    data = bytearray(archive(("a", b"x" * 100)))
    data[offset] = value
    with refused(tmp_path, bytes(data), "is not what the directory says"):
        pass


def test_an_archive_that_was_written_as_a_stream(tmp_path: Path) -> None:
    """Size and checksum stand behind each entry, as `zip -` and Go write it."""

    class Pipe(io.RawIOBase):
        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            Pipe.data += bytes(data)
            return len(data)

    with zipfile.ZipFile(Pipe(), "w", zipfile.ZIP_DEFLATED) as made:  # type: ignore[call-overload]
        for name in ("a", "b"):
            made.writestr(name, b"x" * 100)
    with unzipped(write(tmp_path / "x.zip", Pipe.data)) as folder:
        assert (folder / "b").read_bytes() == b"x" * 100


def test_too_many_entries_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zip_package, "MAX_ENTRIES", 3)
    with refused(tmp_path, archive(*((str(at), b"") for at in range(4))), "it has 4 entries"):
        pass
    monkeypatch.setattr(zip_package, "MAX_BYTES", 10)
    with refused(tmp_path, archive(("a", b"12345"), ("b", b"123456")), "more than 10 bytes"):
        pass


def test_an_entry_that_lies_about_its_size(tmp_path: Path) -> None:
    """The limits are of what is written, not of what the directory says."""
    data = bytearray(archive(("a", bytes(3_000_000)), compression=zipfile.ZIP_DEFLATED))
    at = data.index(b"PK\x01\x02")
    for offset in (22, at + 24):
        data[offset : offset + 4] = struct.pack("<L", 10)
    with refused(tmp_path, bytes(data), "CRC"):
        pass


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_and_encryption(tmp_path: Path, method: int) -> None:
    """Each decoder is code that reads what an attacker wrote."""
    with refused(tmp_path, archive(("a", b"x" * 100), compression=method), "compressed in a way"):
        pass
    data = bytearray(archive(("a", b"x"), compression=zipfile.ZIP_STORED))
    for at in (6, data.index(b"PK\x01\x02") + 8):
        data[at] |= 1
    with refused(tmp_path, bytes(data), "is encrypted, or compressed"):
        pass


@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: b"#!/bin/sh\n" + data, lambda data: data + b"more", lambda data: archive(("evil", b"x")) + data,
        lambda data: data + archive(("evil", b"x")), lambda data: data[:-2] + struct.pack("<H", 4) + b"note",
    ],
)  # fmt: skip
def test_two_archives_in_one_file(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    """A reader from the front and one from the back find different files; the one is verified, the other used."""
    with refused(tmp_path, wrap(zip_bytes({"verdict.dsse.json": b"{}"})), ""):
        pass


def test_a_changed_byte_anywhere_in_an_archive(tmp_path: Path) -> None:
    """Nothing of it is signed but the files inside: whatever byte changes, those are refused, or are as signed."""
    folder = written(tmp_path).folder
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    good = zip_bytes(files)
    seen = set()
    for at in range(0, len(good), 61):
        changed = bytearray(good)
        changed[at] ^= 0x20
        try:
            with unzipped(write(tmp_path / "x.zip", bytes(changed))) as inside:
                report = verify_package(inside, Demands(TRUST, "test", NOW))
                found = {str(p.relative_to(inside)): p.read_bytes() for p in inside.rglob("*") if p.is_file()}
            assert report.ok == (found == files), at
            seen.add(report.ok)
        except ProbatumError:
            seen.add(False)
    assert False in seen


def test_an_archive_of_something_else(tmp_path: Path) -> None:
    key = write(tmp_path / "key.pem", KEY.public.pem)
    path = write(tmp_path / "x.zip", archive(("photo.jpg", b"x"), ("b/c.txt", b"y")))
    assert failure(verify(path, Audit(NOW, public_keys=(key,)))).check == "verdict"
    later = Audit(NOW + timedelta(days=1), public_keys=(key,), expected=Expectations(max_age_days=2))
    folder = written(tmp_path).folder
    files = {str(item.relative_to(folder)): item.read_bytes() for item in folder.rglob("*") if item.is_file()}
    assert verify(write(tmp_path / "y.zip", zip_bytes(files)), later).ok
