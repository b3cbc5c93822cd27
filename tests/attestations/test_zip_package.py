"""Verdict packages in one ZIP file: the same bytes everywhere, and as strict to read as a folder."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from package_case import KEY, check, contents, pipeline, written
from signing_case import NOW, write

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.write import write_package
from probatum.attestations.package.zip_package import unzipped, zip_bytes
from probatum.attestations.trust.policy import trust_keys
from probatum.attestations.verify.package import Demands, verify_package
from probatum.errors import TrustError, UsageError
from probatum.jobs.audit import Audit, read_assessment, verify


def zipped(tmp_path: Path, name: str = "verdict.zip") -> Path:
    root = pipeline(tmp_path / "pipeline")
    write_package(tmp_path / name, contents(root), attestor=KeyAttestor([KEY]), version="0.1.0")
    return tmp_path / name


def test_a_package_is_the_same_in_a_folder_and_in_a_file(tmp_path: Path) -> None:
    path, folder = zipped(tmp_path), written(tmp_path).folder
    names = sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())
    with unzipped(path) as inside:
        assert sorted(str(file.relative_to(inside)) for file in inside.rglob("*") if file.is_file()) == names
        assert all((inside / name).read_bytes() == (folder / name).read_bytes() for name in names)
    assert not inside.exists()
    assert check(tmp_path).ok


def test_same_input_same_bytes(tmp_path: Path) -> None:
    first, second = zipped(tmp_path / "a"), zipped(tmp_path / "b")
    assert first.read_bytes() == second.read_bytes()
    assert zip_bytes({"b": b"2", "a": b"1"}) == zip_bytes({"a": b"1", "b": b"2"})
    with zipfile.ZipFile(first) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_is_verified_and_read_like_a_folder(tmp_path: Path) -> None:
    path = zipped(tmp_path)
    key = write(tmp_path / "key.pem", KEY.public.pem)
    report = verify(path, Audit(NOW, (tmp_path / "pipeline",), public_keys=(key,)))
    assert report.ok
    assert report.kind == "verdict package"
    assert read_assessment(path) == read_assessment(written(tmp_path).folder)


@pytest.mark.skipif(shutil.which("zip") is None, reason="there is no zip")
def test_what_other_tools_zip_is_read(tmp_path: Path) -> None:
    written(tmp_path)
    subprocess.run(["zip", "-qr", "one.zip", "verdict"], cwd=tmp_path, check=True)
    subprocess.run(["zip", "-qr", "../two.zip", "."], cwd=tmp_path / "verdict", check=True)
    for name in ("one.zip", "two.zip"):
        with unzipped(tmp_path / name) as folder:
            assert verify_package(folder, Demands(trust_keys([KEY.public], source="test"), "test", NOW)).ok, name


def test_only_an_older_package_is_replaced(tmp_path: Path) -> None:
    first = zipped(tmp_path).read_bytes()
    assert zipped(tmp_path).read_bytes() == first
    other = io.BytesIO()
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("photos/1.jpg", b"mine")
        archive.writestr("notes.txt", b"mine")
    for content in (other.getvalue(), b"no archive", zip_bytes({})):
        write(tmp_path / "verdict.zip", content)
        with pytest.raises(UsageError, match="is not a verdict package"):
            zipped(tmp_path)
        assert (tmp_path / "verdict.zip").read_bytes() == content
    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(UsageError, match="is not a file"):
        zipped(tmp_path, "folder.zip")


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read"), unzipped(tmp_path / "nothing.zip"):
        pass
    for content in (b"PK\x03\x04", b"PK\x05\x06", b"", zipped(tmp_path).read_bytes()[:-30]):
        write(tmp_path / "bad.zip", content)
        with pytest.raises(TrustError, match="is not unpacked"), unzipped(tmp_path / "bad.zip"):
            pass
