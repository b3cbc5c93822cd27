"""Discovery names what it found and what it passed over, and nothing lies in between."""

import os
import pickle
from pathlib import Path

import pytest

from probatum.collectors.discovery import discover, manifest_of, undeclared
from probatum.collectors.first_manifest import manifest_schema_text, write_first_manifest
from probatum.collectors.manifest import Manifest, load_manifest
from probatum.errors import UsageError
from probatum.evaluator.graph import Subject


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "models/a.safetensors": b"x",
        "models/disguised.bin": pickle.dumps([1], protocol=4),
        "models/no_suffix": b"\x89HDF\r\n\x1a\n",
        "data/train.csv.gz": b"x",
        "requirements.txt": b"numpy==1\n",
        "uv.lock": b"",
        "deploy/job.yaml": b"apiVersion: batch/v1\nkind: Job\n",
        "gpu.xml": b"<?xml version='1.0'?><nvidia_smi_log/>",
        "src/train.py": b"pass\n",
        "tools/x.py": b"pass\n",
        "attestations/p.dsse.json": b"{}",
        "bom.cdx.json": b"{}",
        "data/train.csv.dvc": b"outs: []\n",
        "scan.sarif": b"{}",
        "settings.toml": b"",
        "notes.md": b"# notes",
        ".git/config": b"",
    }
    for name, data in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(data)
    (tmp_path / "link").symlink_to("models")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_every_file_is_found_or_passed_over(folder: Path) -> None:
    found = discover(folder)
    kinds = {item.path: item.kind for item in found.found}
    assert kinds == {
        "models/a.safetensors": "model",
        "models/disguised.bin": "model",
        "models/no_suffix": "model",
        "data/train.csv.gz": "dataset",
        "requirements.txt": "dependency_set",
        "uv.lock": "dependency_set",
        "deploy/job.yaml": "workload",
        "gpu.xml": "gpu",
        "src/train.py": "source",
        "tools/x.py": "source",
        "attestations/p.dsse.json": "attestation",
        "bom.cdx.json": "bom",
        "data/train.csv.dvc": "pin",
        "scan.sarif": "report",
        "settings.toml": "configuration",
    }
    reasons = dict(found.passed_over)
    assert set(reasons) == {".git", "link", "pipe", "notes.md"}
    assert "symlink" in reasons["link"]
    assert "named pipe" in reasons["pipe"]


def test_a_folder_without_a_manifest_becomes_subjects(folder: Path) -> None:
    manifest = manifest_of(folder, discover(folder))
    ids = {subject.id for subject in manifest.subjects}
    assert {
        "model:models/disguised.bin",
        "dataset:data/train.csv.gz",
        "source:src",
        "source:tools",
        "gpu:gpu.xml",
    } <= ids
    assert {relation.target for relation in manifest.relations} == {"dataset:data/train.csv.gz"}
    assert not manifest.declared


def test_what_a_manifest_does_not_name_is_undeclared(folder: Path) -> None:
    declared = Manifest(folder, {"name": "p"}, (Subject("dataset", "d", location="data"),))
    assert {item.path for item in undeclared(declared, discover(folder))} == {
        "models/a.safetensors",
        "models/disguised.bin",
        "models/no_suffix",
    }
    whole = Manifest(folder, {"name": "p"}, (Subject("dataset", "all", location="."),))
    assert {item.path for item in undeclared(whole, discover(folder))} == {
        "models/a.safetensors",
        "models/disguised.bin",
    }, "what holds arrays may be data; a model that is called data would be scanned by nobody"
    both = Manifest(folder, {"name": "p"}, (*whole.subjects, Subject("model", "m", location="models")))
    assert undeclared(both, discover(folder)) == []
    code = Manifest(folder, {"name": "p"}, (Subject("source", "all", location="."),))
    assert len(undeclared(code, discover(folder))) == 4


def test_an_unreadable_folder_is_passed_over_with_a_reason(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def refusing(path: Path) -> object:
        if str(path).endswith("models"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", refusing)  # root reads everything, so the refusal is made here
    assert ("models", "unreadable folder: Permission denied") in discover(folder).passed_over


def test_the_first_manifest_can_be_loaded_again(folder: Path) -> None:
    path, manifest, _ = write_first_manifest(folder)
    assert {s.id for s in load_manifest(path).subjects} == {s.id for s in manifest.subjects}
    with pytest.raises(UsageError, match="exists"):
        write_first_manifest(folder)
    write_first_manifest(folder, force=True)
    assert '"$schema"' in manifest_schema_text()


def test_there_is_no_first_manifest_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "notes.md").write_text("x")
    with pytest.raises(UsageError, match="nothing to assess"):
        write_first_manifest(tmp_path)
    assert not (tmp_path / "probatum.yaml").exists()
    with pytest.raises(UsageError, match="no folder"):
        write_first_manifest(tmp_path / "absent")


def test_a_name_that_is_not_utf8_is_shown_and_passed_over(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"bad\xff.csv")).write_bytes(b"x")
    assert discover(tmp_path).found == ()
    assert discover(tmp_path).passed_over[0][1] == "name is not valid UTF-8"
