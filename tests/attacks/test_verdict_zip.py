"""Attacks on the one file that may lie in a pipeline's folder undeclared: a model that calls itself a verdict.

A verdict package in one ZIP file is no model; whatever else is in such a file keeps it one, and a gate refuses it.
"""

from __future__ import annotations

import io
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
from package_case import KEY, contents, pipeline
from signing_case import sha256, write

from probatum.attestations.attestor import KeyAttestor
from probatum.attestations.package.names import (
    ASSESSMENT,
    DETACHED,
    EVIDENCE,
    POLICIES,
    REVOCATIONS,
    SETTINGS,
    TRUST,
    UNSIGNED,
    VERDICT,
    signed_names,
)
from probatum.attestations.package.write import package_files
from probatum.attestations.package.zip_package import zip_bytes
from probatum.collectors.discovery import discover
from probatum.collectors.formats import verdict_zip

PICKLE = pickle.dumps([1], protocol=4)
SAFETENSORS = struct.pack("<Q", 2) + b"{}"


@pytest.fixture
def package(tmp_path: Path) -> dict[str, bytes]:
    """The files of a real verdict package."""
    made = contents(pipeline(tmp_path / "pipeline"))
    return package_files(made, attestor=KeyAttestor([KEY]), version="0")[0]


def kind(tmp_path: Path, data: bytes, name: str = "verdicts/training.zip") -> str | None:
    """What discovery takes a file for."""
    root = tmp_path / "root"
    write(root / name, data)
    return {item.path: item.kind for item in discover(root).found}.get(name)


def zipped(files: dict[str, bytes], **options: int) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", **options) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


@pytest.mark.parametrize("name", ["verdicts/training.zip", "model.zip", "weights", "weights.bin"])
def test_a_verdict_in_one_file_is_a_verdict_whatever_its_name(
    tmp_path: Path, package: dict[str, bytes], name: str
) -> None:
    assert kind(tmp_path, zip_bytes(package), name) == "verdict"
    packed = zipped({f"training/{path}": data for path, data in package.items()}, compression=zipfile.ZIP_DEFLATED)
    assert kind(tmp_path, packed, name) == "verdict"


def test_an_unsigned_package_is_one_too(tmp_path: Path) -> None:
    files, _ = package_files(contents(pipeline(tmp_path / "pipeline")), attestor=None, version="0")
    assert kind(tmp_path, zip_bytes({**files, "countersignatures/": b""})) == "verdict"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("data.pkl", PICKLE),
        ("archive/data.pkl", PICKLE),
        ("raw/data.pkl", PICKLE),
        ("raw/model.safetensors", SAFETENSORS),
        (f"raw/{'a' * 64}", PICKLE),
        (f"raw/{'a' * 64}", SAFETENSORS),
        (f"raw/{'a' * 64}", b"\x00\x00\x00\x00TFL3"),
        (f"raw/{'a' * 64}", b"GGUF"),
        (f"raw/{'a' * 64}", b"PK\x03\x04"),
        ("evidence.json", b"\x89HDF\r\n\x1a\n"),
        ("trust.json", PICKLE),
        ("config.json", b"{}"),
        ("reports/train.csv", b"1"),
        ("reports/assessment.md", PICKLE),
        ("model.weights.h5", b""),
    ],
)
def test_a_model_in_a_verdict(tmp_path: Path, package: dict[str, bytes], name: str, data: bytes) -> None:
    """Every entry is looked at: by its place, by its name, by how it begins."""
    assert kind(tmp_path, zip_bytes({**package, name: data})) == "model"


@pytest.mark.parametrize("gone", [(EVIDENCE,), (POLICIES,), (SETTINGS,), ("verdict.dsse.json",)])
def test_part_of_a_verdict_is_none(tmp_path: Path, package: dict[str, bytes], gone: tuple[str, ...]) -> None:
    assert kind(tmp_path, zip_bytes({name: data for name, data in package.items() if name not in gone})) == "model"
    assert kind(tmp_path, zip_bytes({})) is None
    assert kind(tmp_path, zip_bytes({"verdict.dsse.json": b"{}"})) == "model"


def test_bytes_that_belong_to_no_entry(tmp_path: Path, package: dict[str, bytes]) -> None:
    """Behind the archive, before its directory, and in an entry that the directory does not name."""
    data = zip_bytes(package)
    assert kind(tmp_path, data + PICKLE) == "model"
    assert kind(tmp_path, data[:-2] + struct.pack("<H", len(PICKLE)) + PICKLE) == "model"
    at = data.index(b"PK\x01\x02")
    (start,) = struct.unpack("<I", data[-6:-2])
    moved = data[:at] + PICKLE + data[at:-6] + struct.pack("<I", start + len(PICKLE)) + data[-2:]
    assert kind(tmp_path, moved) == "model"


def test_an_entry_that_two_readers_find_under_two_names(tmp_path: Path, package: dict[str, bytes]) -> None:
    """The local header names a pickle, the directory a report."""
    data = zip_bytes({**package, "raw/" + "a" * 64: b"weights"})
    local = data.index(b"raw/" + b"a" * 64)
    other = data[:local] + (b"data.pkl" + b"a" * 60) + data[local + 68 :]
    assert kind(tmp_path, other) == "model"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_entries_of_one_name(tmp_path: Path, package: dict[str, bytes]) -> None:
    """The first is a pickle, the second is none; readers differ in which they take."""
    stream = io.BytesIO(zip_bytes(package))
    with zipfile.ZipFile(stream, "a") as archive:
        for data in (PICKLE, b"{}"):
            archive.writestr("raw/" + "a" * 64, data)
    assert kind(tmp_path, stream.getvalue()) == "model"
    twice = io.BytesIO(zip_bytes(package))
    with zipfile.ZipFile(twice, "a") as archive:
        archive.writestr("settings.json", b"{}")
    assert kind(tmp_path, twice.getvalue()) == "model"


def test_an_archive_that_takes_long_to_look_at(
    tmp_path: Path, package: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be looked at within the limits stays what it might be."""
    data = zip_bytes({**package, **{f"raw/{number:064x}": b"" for number in range(40)}})
    assert kind(tmp_path, data) == "verdict"
    with monkeypatch.context() as small:
        small.setattr(verdict_zip, "_DIRECTORY", 1000)
        assert kind(tmp_path, data) == "model"
    monkeypatch.setattr(verdict_zip, "_LIMITS", verdict_zip.Limits(entries=40))
    assert kind(tmp_path, data) == "model"


def test_what_cannot_be_read_as_an_archive(tmp_path: Path, package: dict[str, bytes]) -> None:
    data = bytearray(zipped(package, compression=zipfile.ZIP_DEFLATED))
    start = data.index(b"evidence.json") + len("evidence.json")
    data[start : start + 8] = b"\xff" * 8
    assert kind(tmp_path, bytes(data)) == "model"
    assert kind(tmp_path, b"PK\x03\x04") == "model"
    assert kind(tmp_path, b"PK\x03\x04" + b"\x00" * 64) == "model"
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, 46, 4, 0)
    assert kind(tmp_path, b"PK\x03\x04" + b"\x00" * 46 + end) == "model", "a directory that is none"
    link = tmp_path / "link.zip"
    link.symlink_to(write(tmp_path / "v.zip", zip_bytes(package)))
    assert not verdict_zip.is_verdict_zip(link, lambda head: False)


def test_every_file_of_a_package_has_a_place(tmp_path: Path) -> None:
    """The places that are known here are those in which packages are written."""
    made = contents(pipeline(tmp_path / "pipeline"))
    files = {*package_files(made, attestor=KeyAttestor([KEY]), version="0")[0], UNSIGNED, REVOCATIONS, TRUST, *DETACHED}
    files |= {*signed_names(VERDICT), *signed_names(ASSESSMENT), f"raw/{sha256(b'')}", "reports/assessment.sarif"}
    files |= {f"countersignatures/{'a' * 16}.sigstore.json{end}" for end in ("", ".tsr", ".tlog-proof")}
    assert [name for name in sorted(files) if not verdict_zip._PLACES.fullmatch(name)] == []
