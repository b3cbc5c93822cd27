"""Attacks on what a signed statement is about: other files, mixed digests, files that change or hide."""

from __future__ import annotations

import fcntl
import hashlib
import io
import json
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package_case import check, pipeline, written
from signing_case import NOW, ed_key, envelope, policy, sha256, statement, write

from probatum.attestations.trust.predicates import MODEL_SIGNATURE
from probatum.attestations.verify import model_cover, statement_subjects
from probatum.attestations.verify import verify_signed as verify_signed_module
from probatum.attestations.verify.digest_sets import check_set, digests_of
from probatum.attestations.verify.package import Demands
from probatum.attestations.verify.report import Row, VerificationReport
from probatum.attestations.verify.subject_manifest import SubjectManifest
from probatum.attestations.verify.target import Target
from probatum.attestations.verify.verify_signed import SignedTarget, verify_signed
from probatum.content import read_content
from probatum.errors import EvidenceError, TrustError, UsageError
from probatum.verify import VerifiedFolder, open_verified, verified_folder

KEY = ed_key()
TRUST = policy({"k": KEY})


def failure(report: VerificationReport) -> Row:
    assert not report.ok
    return report.failures[0]


def attested(tmp_path: Path, subjects: list[dict[str, Any]], *paths: Path, **fields: Any) -> VerificationReport:
    """Verify an attestation of a trusted signer about some subjects, with some files at hand."""
    document = {**statement("0" * 64), "subject": subjects, **fields}
    target = write(tmp_path / "a.dsse.json", envelope(document, KEY))
    return verify_signed(SignedTarget(target, Target.ATTESTATION), Demands(TRUST, "test", NOW, subjects=paths))


def subject(name: str, *data: bytes, **digests: str) -> dict[str, Any]:
    given = {"sha256": sha256(data[0])} if data else {}
    return {"name": name, "digest": {**given, **digests}}


# --- the wrong subject ---------------------------------------------------------------------------------------------


def test_the_wrong_file(tmp_path: Path) -> None:
    """A genuine attestation of another file of the same name."""
    good, bad = write(tmp_path / "m.bin", b"weights"), write(tmp_path / "evil" / "m.bin", b"evil")
    assert attested(tmp_path, [subject("m.bin", b"weights")], good).ok
    assert "no subject of the statement" in failure(attested(tmp_path, [subject("m.bin", b"weights")], bad)).detail


def test_the_wrong_file_of_a_verdict(tmp_path: Path) -> None:
    """Two assessed files of one pipeline change places: each is known to the verdict, and neither is where it was."""
    written(tmp_path)
    root = tmp_path / "pipeline"
    write(root / "data" / "a.csv", b"2")
    write(root / "data" / "b.csv", b"1")
    assert failure(check(tmp_path, subjects=[root])).check == "subject dataset:d"


def test_a_file_that_the_verdict_does_not_know(tmp_path: Path) -> None:
    written(tmp_path)
    stranger = write(tmp_path / "m.bin", b"evil")
    assert failure(check(tmp_path, subjects=[stranger])).detail == "the verdict is about no such content"
    report = check(tmp_path, subjects=[tmp_path / "pipeline" / "m.bin", stranger])
    assert failure(report).check == f"subject {stranger}", "one good file makes the other no better"


def test_a_second_folder_is_not_passed_over(tmp_path: Path) -> None:
    """Two copies of a pipeline are given, the good one first: the other is to be verified, too."""
    written(tmp_path)
    good, evil = tmp_path / "pipeline", pipeline(tmp_path / "evil")
    assert check(tmp_path, subjects=[good, evil]).ok
    write(evil / "m.bin", b"evil")
    for given in ([good, evil], [evil, good]):
        row = failure(check(tmp_path, subjects=given))
        assert (row.check, row.detail.startswith(str(evil))) == ("subject model:m", True)


def test_one_file_of_a_verdict_says_what_was_not_compared(tmp_path: Path) -> None:
    written(tmp_path)
    report = check(tmp_path, subjects=[tmp_path / "pipeline" / "m.bin", tmp_path / "pipeline" / "data"])
    assert report.ok
    assert max(report.manifest.files).endswith("m.bin")
    report = check(tmp_path, subjects=[tmp_path / "pipeline" / "data"])
    (row,) = [row for row in report.rows if row.check == "other subjects"]
    assert (row.ok, row.detail) == (None, "1 were not compared: model:m")


def test_a_pipeline_without_one_of_its_subjects(tmp_path: Path) -> None:
    """What is absent cannot be told to differ, unless absence itself is refused."""
    written(tmp_path)
    (tmp_path / "pipeline" / "m.bin").unlink()
    assert "is not there" in failure(check(tmp_path, subjects=[tmp_path / "pipeline"])).detail


# --- digest sets ---------------------------------------------------------------------------------------------------


def test_digests_spread_over_subjects(tmp_path: Path) -> None:
    """The SHA-256 of one subject and the SHA-512 of another do not make the file a subject of either."""
    file = write(tmp_path / "m.bin", b"weights")
    other = {"sha512": hashlib.sha512(b"other").hexdigest()}
    mixed = [
        subject("a", sha256=sha256(b"weights"), **other),
        subject("b", sha256=sha256(b"other"), sha512=hashlib.sha512(b"weights").hexdigest()),
    ]
    row = failure(attested(tmp_path, mixed, file))
    assert "its other digests are those of" in row.detail
    whole = [subject("a", b"weights", sha512=hashlib.sha512(b"weights").hexdigest())]
    assert attested(tmp_path, whole, file).ok


def test_any_one_digest_is_not_enough(tmp_path: Path) -> None:
    """The specification's "any may match" would let a true MD5 beside a false SHA-256 pass, and the reverse."""
    file = write(tmp_path / "m.bin", b"weights")
    md5 = hashlib.md5(b"weights").hexdigest()
    assert not attested(tmp_path, [subject("m", b"other", md5=md5)], file).ok
    assert not attested(tmp_path, [subject("m", b"weights", md5="0" * 32)], file).ok
    assert attested(tmp_path, [subject("m", b"weights", md5=md5)], file).ok


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha224", "gitCommit", "madeUp"])
def test_a_weak_or_unknown_algorithm_alone(tmp_path: Path, algorithm: str) -> None:
    """Whoever can make collisions (MD5, SHA-1) or choose the algorithm chooses the file."""
    file = write(tmp_path / "m.bin", b"weights")
    size = {"md5": 32, "sha224": 56}.get(algorithm, 40)
    name = algorithm if algorithm in hashlib.algorithms_available else "sha1"
    value = hashlib.new(name, b"weights").hexdigest()[:size]
    row = failure(attested(tmp_path, [subject("m", **{algorithm: value})], file))
    assert "no digest that can be relied on" in row.detail


def test_an_unknown_algorithm_beside_a_good_one_is_passed_over(tmp_path: Path) -> None:
    file = write(tmp_path / "m.bin", b"weights")
    assert attested(tmp_path, [subject("m", b"weights", madeUp="x")], file).ok


@pytest.mark.parametrize("digests", [{}, {"sha256": ""}, {"sha256": "abc"}, {"sha256": "A" * 64}, {"sha3_256": "ab"}])
def test_empty_and_malformed_digest_sets(digests: dict[str, str]) -> None:
    """An empty set agrees with every file if "all of them" is taken at its word."""
    with pytest.raises(TrustError):
        check_set(digests, source="m")


@pytest.mark.parametrize("subjects", [[], [{"name": "m"}], [{"name": "m", "digest": {}}], [5]])
def test_empty_subjects(tmp_path: Path, subjects: Any) -> None:
    """A statement about nothing is a statement about everything to a careless reader."""
    report = attested(tmp_path, subjects, write(tmp_path / "m.bin", b"weights"))
    assert "is not an in-toto statement" in failure(report).detail


def test_a_folder_is_a_subject_whole_or_file_by_file(tmp_path: Path) -> None:
    root = tmp_path / "model"
    write(root / "a.bin", b"1")
    write(root / "b.bin", b"2")
    both = [subject("a", b"1"), subject("b", b"2")]
    report = attested(tmp_path, both, root)
    assert report.ok
    assert list(report.manifest.files) == ["a.bin", "b.bin"]
    write(root / ".git" / "hooks" / "x", b"evil")
    assert ".git/hooks/x is no subject" in failure(attested(tmp_path, both, root)).detail
    assert "no file" in failure(attested(tmp_path, both, _empty(tmp_path))).detail
    assert "cannot be read" in failure(attested(tmp_path, both, tmp_path / "nowhere")).detail


def _empty(tmp_path: Path) -> Path:
    (tmp_path / "empty").mkdir()
    return tmp_path / "empty"


def test_a_link_in_a_folder_of_subjects(tmp_path: Path) -> None:
    root = tmp_path / "model"
    write(root / "a.bin", b"1")
    (root / "b.bin").symlink_to("a.bin")
    assert "b.bin is not covered (symlink)" in failure(attested(tmp_path, [subject("a", b"1")], root)).detail


# --- model signatures: what they cover -------------------------------------------------------------------------------


def oms(files: Mapping[str, bytes], **fields: Any) -> dict[str, Any]:
    resources = [{"name": name, "digest": sha256(data), "algorithm": "sha256"} for name, data in files.items()]
    predicate = {"resources": resources, "serialization": {"method": "files", "hash_type": "sha256"}, **fields}
    root = hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in files.values())).hexdigest()
    return statement(root, predicate_type=MODEL_SIGNATURE, predicate=predicate)


FILES = {"config.json": b"{}", "model.safetensors": b"weights"}


def model(tmp_path: Path, document: dict[str, Any] | None = None) -> Path:
    root = tmp_path / "model"
    for name, data in FILES.items():
        write(root / name, data)
    write(root / "model.sig", envelope(document or oms(FILES), KEY))
    return root


def covered(root: Path, artifact: Path | None = None) -> VerificationReport:
    target = SignedTarget(root / "model.sig", Target.ATTESTATION, artifact)
    return verify_signed(target, Demands(TRUST, "test", NOW))


def test_a_model_signature_covers_the_folder_that_it_lies_in(tmp_path: Path) -> None:
    report = covered(model(tmp_path))
    assert report.failures == ()
    assert report.ok
    assert list(report.manifest.files) == sorted(FILES)
    assert covered(tmp_path / "model", tmp_path / "model").ok


@pytest.mark.parametrize(
    "name", ["extra.py", ".git/hooks/post-checkout", ".gitattributes", "a/b/c.bin", "model.sig.bak"]
)
def test_uncovered_and_ignored_files(tmp_path: Path, name: str) -> None:
    """The signing library passes over everything below ``.git`` and what the signer lists as ignored."""
    root = model(tmp_path, oms(FILES, serialization={"method": "files", "ignore_paths": [name, ".git"]}))
    write(root / name, b"evil")
    assert failure(covered(root)).detail == f"{name} is not covered by the signature"


def test_a_hard_link_to_a_covered_file(tmp_path: Path) -> None:
    """A second name for covered bytes is a file that nobody signed: what is loaded depends on names."""
    root = model(tmp_path)
    os.link(root / "model.safetensors", root / "modeling.py")
    assert failure(covered(root)).detail == "modeling.py is not covered by the signature"


def test_a_link_in_a_model(tmp_path: Path) -> None:
    root = model(tmp_path)
    (root / "model.safetensors").unlink()
    (root / "model.safetensors").symlink_to(write(tmp_path / "weights", b"weights"))
    report = covered(root)
    assert {row.detail for row in report.failures} >= {"model.safetensors: symlink"}


def test_names_that_differ_in_case_only(tmp_path: Path) -> None:
    """On a file system that ignores case the last one written takes the other's place, with its signature."""
    files = {**FILES, "CONFIG.json": b"evil"}
    root = model(tmp_path, oms(files))
    write(root / "CONFIG.json", b"evil")
    assert "are one name" in failure(covered(root)).detail
    root = model(tmp_path / "unsigned")
    write(root / "CONFIG.json", b"{}")
    assert not covered(root).ok


def test_names_that_differ_in_their_unicode_form_only(tmp_path: Path) -> None:
    """``é`` as one character and as two is one name on some file systems, and two on others."""
    nfc, nfd = (unicodedata.normalize(form, "caf\u00e9.bin") for form in ("NFC", "NFD"))
    root = model(tmp_path, oms({**FILES, nfc: b"1", nfd: b"2"}))
    assert "are one name" in failure(covered(root)).detail
    root = model(tmp_path / "twin", oms({**FILES, nfc: b"1"}))
    write(root / nfd, b"1")
    assert {row.detail for row in covered(root).failures} == {
        f"{nfd} is not covered by the signature", f"{nfc} is signed, and not there"
    }  # fmt: skip


@pytest.mark.parametrize("name", ["../evil.bin", "/etc/passwd", "a/../../b", "a//b", ""])
def test_a_signature_of_files_outside_the_model(tmp_path: Path, name: str) -> None:
    """The library verifies ``../x`` when unsigned files are ignored."""
    write(tmp_path / "evil.bin", b"evil")
    assert "outside the model" in failure(covered(model(tmp_path, oms({**FILES, name: b"evil"})))).detail


@pytest.mark.parametrize(
    "fields",
    [
        {"resources": []}, {"resources": None}, {"serialization": {"method": "shards"}}, {"resources": [5]},
        {"resources": [{"name": 5, "digest": "0" * 64, "algorithm": "sha256"}]},
        {"resources": [{"name": "config.json", "digest": "0" * 32, "algorithm": "md5"}]},
        {"resources": [{"name": "config.json", "digest": "", "algorithm": "sha256"}]},
    ],
)  # fmt: skip
def test_a_signature_that_covers_nothing(tmp_path: Path, fields: dict[str, Any]) -> None:
    """``ignore_paths: ["."]`` with no resources verifies in the library."""
    report = covered(model(tmp_path, oms(FILES, **fields)))
    assert failure(report).check == "coverage"
    assert report.manifest.files == {}


def test_a_file_twice_in_one_signature(tmp_path: Path) -> None:
    document = oms(FILES)
    document["predicate"]["resources"].append({"name": "config.json", "digest": "0" * 64, "algorithm": "sha256"})
    assert "are one name" in failure(covered(model(tmp_path, document))).detail


def test_changed_missing_and_renamed_files_of_a_model(tmp_path: Path) -> None:
    """A rename leaves the root digest of the signature as it was, since that omits names."""
    root = model(tmp_path)
    write(root / "config.json", b'{"x": 1}')
    assert failure(covered(root)).detail == "config.json differs from what was signed (sha256)"
    (root / "config.json").unlink()
    assert failure(covered(root)).detail == "config.json is signed, and not there"
    write(root / "renamed.json", b"{}")
    assert len(covered(root).failures) == 2


def test_other_algorithms_of_a_model_signature(tmp_path: Path) -> None:
    digest = hashlib.blake2b(b"weights").hexdigest()
    document = oms({})
    document["predicate"]["resources"] = [{"name": "m", "digest": digest, "algorithm": "blake2b"}]
    root = tmp_path / "model"
    write(root / "m", b"weights")
    write(root / "model.sig", envelope(document, KEY))
    assert covered(root).ok
    write(root / "m", b"evil")
    assert failure(covered(root)).detail == "m differs from what was signed (blake2b)"


def test_a_model_that_changes_while_it_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its SHA-256 was taken, and the digest that was signed is of another algorithm, hence of another reading."""
    document = oms({})
    resource = {"name": "m", "digest": hashlib.blake2b(b"weights").hexdigest(), "algorithm": "blake2b"}
    document["predicate"]["resources"] = [resource]
    root = tmp_path / "model"
    write(root / "model.sig", envelope(document, KEY))
    for change, why in ((lambda file: file.write_bytes(b"weights"), "changed while"), (Path.unlink, "No such file")):
        write(root / "m", b"evil!!!")

        def read_then_change(path: Path, change: Any = change) -> Any:
            content = read_content(path)
            change(root / "m")
            return content

        monkeypatch.setattr(model_cover, "read_content", read_then_change)
        assert why in failure(covered(root)).detail


def test_a_model_that_is_not_there(tmp_path: Path) -> None:
    root = model(tmp_path)
    assert "No such file" in failure(covered(root, tmp_path / "nowhere")).detail
    (tmp_path / "link").symlink_to(root)
    assert "symlink" in failure(covered(root, tmp_path / "link")).detail


def test_a_subject_that_changes_while_it_is_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "m", b"evil!!!")

    def read_then_change(path: Path) -> Any:
        content = read_content(path)
        file.write_bytes(b"weights")
        return content

    monkeypatch.setattr(statement_subjects, "read_content", read_then_change)
    report = attested(tmp_path, [subject("m", sha512=hashlib.sha512(b"weights").hexdigest())], file)
    assert failure(report).detail == "m was changed while it was verified"


def test_a_model_of_one_file(tmp_path: Path) -> None:
    file = write(tmp_path / "model.bin", b"weights")
    write(tmp_path / "model.bin.sig", envelope(oms({".": b"weights"}), KEY))
    target = SignedTarget(tmp_path / "model.bin.sig", Target.ATTESTATION)
    assert verify_signed(target, Demands(TRUST, "test", NOW)).kind == "signature of a model"
    assert verify_signed(target, Demands(TRUST, "test", NOW)).ok
    folder = verify_signed(replace(target, artifact=tmp_path), Demands(TRUST, "test", NOW))
    assert "it signs one file" in failure(folder).detail
    write(file, b"evil")
    assert "model.bin differs" in failure(verify_signed(target, Demands(TRUST, "test", NOW))).detail


def test_very_many_differences_are_counted_not_listed(tmp_path: Path) -> None:
    root = model(tmp_path)
    for at in range(30):
        write(root / f"{at}.py", b"evil")
    report = covered(root)
    assert len(report.failures) == 21
    assert report.failures[-1].detail == "10 more files"


# --- between the check and the use ----------------------------------------------------------------------------------


BOTH = pytest.mark.parametrize("in_memory", [1 << 20, 0], ids=["memory", "disk"])


@BOTH
def test_a_file_swapped_after_it_was_opened(tmp_path: Path, in_memory: int) -> None:
    """What was verified is what is read, whatever becomes of the file: replaced, written to, cut short, removed."""
    path = write(tmp_path / "m.bin", b"weights")
    with open_verified(path, sha256(b"weights"), in_memory=in_memory, temporary=tmp_path) as stream:
        path.write_bytes(b"evil!!!")
        write(tmp_path / "other", b"evil").rename(path)
        path.unlink()
        assert stream.read() == b"weights"
        stream.seek(0)
        assert Path(f"/proc/self/fd/{stream.fileno()}").read_bytes() == b"weights"
    assert list(tmp_path.iterdir()) == []


@BOTH
def test_a_file_written_to_through_another_name(tmp_path: Path, in_memory: int) -> None:
    """A hard link outside the folder, or a handle opened for writing before the check, still reach the same file."""
    path = write(tmp_path / "m.bin", b"weights")
    os.link(path, tmp_path / "link")
    with path.open("r+b") as early, open_verified(path, sha256(b"weights"), in_memory=in_memory) as stream:
        early.write(b"evil!!!")
        early.flush()
        (tmp_path / "link").write_bytes(b"evil")
        assert stream.read() == b"weights"


@BOTH
def test_a_file_that_is_swapped_between_hash_and_load(tmp_path: Path, in_memory: int) -> None:
    """The hash taken earlier, at verification, decides again when the file is opened."""
    path = write(tmp_path / "m.bin", b"weights")
    digest = sha256(path.read_bytes())
    path.write_bytes(b"weightz")
    with pytest.raises(TrustError, match="is not the file that was verified"):
        open_verified(path, digest, in_memory=in_memory)


def test_a_file_that_is_swapped_all_the_time(tmp_path: Path) -> None:
    """A race against a process that never stops swapping: what is opened is good, or nothing is."""
    path, good = tmp_path / "m.bin", b"w" * 300_000
    path.write_bytes(good)
    code = (
        "import os,sys\np=sys.argv[1]\nprint('go',flush=True)\n"
        "while True:\n"
        " for c in (b'e',b'w'):\n"
        "  open(p+'.n','wb').write(c*300000); os.rename(p+'.n',p)\n"
        "  f=open(p,'r+b'); f.write(c*1000); f.close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as swapper:
        assert swapper.stdout is not None
        swapper.stdout.readline()
        opened = refused = 0
        for _ in range(300):
            try:
                with open_verified(path, sha256(good)) as stream:
                    assert stream.read() == good
                    opened += 1
            except (TrustError, UsageError):
                refused += 1
        swapper.kill()
    assert opened + refused == 300
    assert refused, "the attack never hit: it proves nothing"


def test_the_copy_in_memory_is_sealed(tmp_path: Path) -> None:
    """Not even this process, by any handle, can write to what was verified."""
    with open_verified(write(tmp_path / "m", b"weights"), sha256(b"weights")) as stream:
        seals = fcntl.fcntl(stream.fileno(), fcntl.F_GET_SEALS)
        assert seals & fcntl.F_SEAL_WRITE
        assert seals & fcntl.F_SEAL_SHRINK
        assert seals & fcntl.F_SEAL_SEAL
        with pytest.raises(PermissionError):
            os.write(os.open(f"/proc/self/fd/{stream.fileno()}", os.O_RDWR), b"evil")
        with pytest.raises(io.UnsupportedOperation):
            stream.write(b"evil")


def test_the_copy_on_disk_has_no_handle_for_writing(tmp_path: Path) -> None:
    with open_verified(write(tmp_path / "m", b"weights"), sha256(b"weights"), in_memory=0) as stream:
        assert fcntl.fcntl(stream.fileno(), fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.write(stream.fileno(), b"evil")


@pytest.mark.parametrize("size", [6, 8])
def test_a_file_of_another_size_is_not_read(tmp_path: Path, size: int) -> None:
    """A manifest's size keeps a file that was replaced by an endless one from being copied first."""
    with pytest.raises(TrustError, match=f"expected were {size}"):
        open_verified(write(tmp_path / "m", b"weights"), sha256(b"weights"), size=size)


def test_a_file_that_grows_while_it_is_read(tmp_path: Path) -> None:
    """Only what was there at first is copied, so that a writer cannot fill the memory of a reader."""
    path = write(tmp_path / "m", b"w" * (1 << 18))
    grown = False

    def growing(handle: int, buffers: Any, real: Callable[..., int] = os.readv) -> int:
        nonlocal grown
        if not grown:
            grown = True
            with path.open("ab") as stream:
                stream.write(b"w" * (1 << 20))
        return real(handle, buffers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "readv", growing)
        with pytest.raises(TrustError, match="it grew while it was read"):
            open_verified(path, sha256(b"w" * (1 << 18)))


def test_what_is_no_regular_file(tmp_path: Path) -> None:
    """A link leads elsewhere, a pipe without a writer waits for ever, a device never ends."""
    digest = sha256(b"weights")
    target = write(tmp_path / "m", b"weights")
    (tmp_path / "link").symlink_to(target)
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("link", "pipe", "folder", "nothing"):
        with pytest.raises(UsageError, match="cannot open"):
            open_verified(tmp_path / name, digest)
    with pytest.raises(UsageError, match="regular file"):
        open_verified("/dev/zero", digest)


def test_a_digest_that_proves_nothing_opens_nothing(tmp_path: Path) -> None:
    path = write(tmp_path / "m", b"weights")
    for digest in ({}, {"md5": hashlib.md5(b"weights").hexdigest()}, "", "x" * 64):
        with pytest.raises(TrustError):
            open_verified(path, digest)  # type: ignore[arg-type]
    both = {"sha256": sha256(b"weights"), "sha512": hashlib.sha512(b"weights").hexdigest()}
    open_verified(path, both).close()
    with pytest.raises(TrustError, match="its sha512 is"):
        open_verified(path, both | {"sha512": "0" * 128})


def test_a_file_that_changes_while_its_digests_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "m", b"weights")
    real, calls = os.fstat, []

    def changing(handle: int) -> os.stat_result:
        calls.append(handle)
        if len(calls) == 2:
            path.write_bytes(b"evil")
        return real(handle)

    assert digests_of(path, ["sha256", "md5", "madeUp"])[1].keys() == {"sha256", "md5"}
    monkeypatch.setattr(os, "fstat", changing)
    with pytest.raises(OSError, match="changed while"):
        digests_of(path, ["sha256"])
    with pytest.raises(OSError, match="not a regular file"):
        digests_of(Path("/dev/zero"), ["sha256"])


# --- folders opened verified -----------------------------------------------------------------------------------------


def manifest_of(files: Mapping[str, bytes]) -> SubjectManifest:
    return SubjectManifest({name: (len(data), sha256(data)) for name, data in files.items()})


def read(folder: VerifiedFolder, name: str) -> bytes:
    with folder.open(name) as stream:
        return stream.read()


def test_only_what_a_manifest_names_is_opened(tmp_path: Path) -> None:
    root, files = tmp_path / "model", {"a/1.safetensors": b"one", "a/2.safetensors": b"two"}
    for name, data in {**files, "evil.py": b"evil"}.items():
        write(root / name, data)
    with verified_folder(root, manifest_of(files)) as folder:
        assert folder.names == ("a/1.safetensors", "a/2.safetensors")
        assert [read(folder, name) for name in folder.names] == [b"one", b"two"]
        with pytest.raises(TrustError, match="was not verified"):
            folder.open("evil.py")
        write(root / "a/1.safetensors", b"ONE")
        with pytest.raises(TrustError, match="is not the file"):
            folder.open("a/1.safetensors")
        (root / "a/2.safetensors").unlink()
        with pytest.raises(UsageError, match="No such file"):
            folder.open("a/2.safetensors")
    folder.close()


def test_a_folder_replaced_by_a_link(tmp_path: Path) -> None:
    """Any part of the path may be swapped for a link after the verification."""
    root, files = tmp_path / "model", {"a/b/m": b"weights"}
    write(root / "a/b/m", b"weights")
    write(tmp_path / "other/b/m", b"weights")
    with verified_folder(root, manifest_of(files)) as folder:
        (root / "a").rename(tmp_path / "old")
        (root / "a").symlink_to(tmp_path / "other")
        with pytest.raises(UsageError, match="cannot open"):
            folder.open("a/b/m")
        root.rename(tmp_path / "moved")  # the folder that was opened is still the one that is read
        (tmp_path / "moved" / "a").unlink()
        (tmp_path / "old").rename(tmp_path / "moved" / "a")
        assert read(folder, "a/b/m") == b"weights"
    with pytest.raises(UsageError, match="cannot open the folder"):
        verified_folder(tmp_path / "nothing", manifest_of(files))


@pytest.mark.parametrize("name", ["../m", "/etc/hostname", "a/../../m", "./m", "a//m", "\0"])
def test_a_manifest_that_climbs_out(tmp_path: Path, name: str) -> None:
    """A name in a manifest that somebody else wrote must not lead out of the folder, whatever its digest."""
    write(tmp_path / "m", b"weights")
    write(tmp_path / "root" / "a" / "x", b"")
    write(tmp_path / "root" / "m", b"weights")
    with verified_folder(tmp_path / "root", manifest_of({name: b"weights"})) as folder, pytest.raises(UsageError):
        folder.open(name)


def test_a_manifest_is_what_a_verification_hashed(tmp_path: Path) -> None:
    """From the report to the bytes: nothing between the two is taken on trust."""
    written(tmp_path)
    root = pipeline(tmp_path / "pipeline")
    report = check(tmp_path, subjects=[root])
    path = write(tmp_path / "report.json", json.dumps(report.to_document(manifest=True)))
    manifest = SubjectManifest.read(path)
    assert manifest == report.manifest
    write(root / "m.bin", b"evil")
    with verified_folder(root, manifest) as folder:
        assert read(folder, "data/a.csv") == b"1"
        with pytest.raises(TrustError):
            folder.open("m.bin")
    refused = check(tmp_path, subjects=[root])
    assert "manifest" not in refused.to_document(manifest=True), "of what is refused nothing is to be loaded"


def test_the_text_of_a_manifest_is_what_sha256sum_checks(tmp_path: Path) -> None:
    """A name with a line break must not become a line of its own."""
    files = {"a.bin": b"1", "b\nSHA256 x": b"2", "c\\d": b"3"}
    for name, data in files.items():
        write(tmp_path / name, data)
    text = manifest_of(files).to_text()
    assert text.startswith("# 3 files, 3 bytes\n")
    command = ["sha256sum", "--check", "--strict", "-"]
    done = subprocess.run(command, cwd=tmp_path, input=text.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b": OK") == 3
    write(tmp_path / "a.bin", b"evil")
    assert subprocess.run(command, cwd=tmp_path, input=text.encode(), capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize(
    "files",
    [None, 5, [5], [{"path": "m"}], [{"path": "m", "size": -1, "sha256": "0" * 64}],
     [{"path": "m", "size": True, "sha256": "0" * 64}], [{"path": "m", "size": 1, "sha256": "x"}],
     [{"path": "m", "size": 1, "sha256": "0" * 64}] * 2],
)  # fmt: skip
def test_what_is_no_manifest(tmp_path: Path, files: Any) -> None:
    document = {"schema": "https://probatum.dev/subject-manifest/v1", "files": files}
    with pytest.raises((EvidenceError, TrustError)):
        SubjectManifest.from_document(document, source="m.json")
    with pytest.raises(EvidenceError):
        SubjectManifest.from_document({"files": []}, source="m.json")


def test_a_file_swapped_between_its_signature_and_its_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two readings of one file: the first is what was signed, the second what the manifest would have loaded."""
    path = write(tmp_path / "m.bin", b"weights")
    signature = write(tmp_path / "m.bin.sig", bytes.fromhex(KEY.signer.sign(b"weights").signature))
    target, demands = SignedTarget(signature, Target.SIGNATURE), Demands(TRUST, "test", NOW)
    assert list(verify_signed(target, demands).manifest.files.values()) == [(7, sha256(b"weights"))]

    def swap_then_read(artifact: Path) -> Any:
        times = path.stat()
        path.write_bytes(b"evil!!!")
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # only the time of change cannot be set back
        return read_content(artifact)

    monkeypatch.setattr(verify_signed_module, "read_content", swap_then_read)
    report = verify_signed(target, demands)
    assert failure(report).detail.endswith("changed meanwhile")
    assert "manifest" not in report.to_document(manifest=True)
