from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import pickle
import threading
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forged_models import EVIL, make_zip, safetensors, torch_legacy, torch_zip

from probatum.collectors import model_scan
from probatum.collectors.base import Context
from probatum.collectors.formats.examination import Examined, Examiner, Settings, skipped_reasons
from probatum.collectors.model_format import ModelFormat
from probatum.collectors.model_scan import ModelScan
from probatum.collectors.pickles import scan
from probatum.collectors.pickles.modelscan_child import scan_file
from probatum.collectors.sandbox import SandboxError, SandboxLimits, Worker
from probatum.content import read_content
from probatum.errors import UsageError
from probatum.evaluator.graph import Observation, Status, Subject

WEIGHTS = safetensors({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"\0" * 8)


@pytest.fixture(autouse=True)
def _nothing_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Examiner, "_known", {})


def context(tmp_path: Path, files: Mapping[str, bytes] | None = None, **settings: Any) -> Context:
    """A pipeline with one model: a folder with the given files."""
    folder = tmp_path / "model"
    for name, data in (files or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    content = read_content(folder)
    subject = Subject("model", "m", {"sha256": content.sha256}, "model")
    return Context(tmp_path, {"name": "p"}, {subject.id: subject}, contents={subject.id: content}, settings=settings)


def scanned(context: Context) -> Observation:
    (observation,) = ModelScan().collect(context)
    return observation


def formats(context: Context) -> Observation:
    (observation,) = ModelFormat().collect(context)
    return observation


def by_path(observation: Observation) -> dict[str, Any]:
    return {file["path"]: file for file in observation.result["files"]}


def test_benign_files_are_complete_and_clean(tmp_path: Path) -> None:
    files = {
        "model.safetensors": WEIGHTS,
        "config.json": b"{}",
        "a.pkl": pickle.dumps(np.arange(9)),
        "README.md": b"# Model\n",
    }
    observation = scanned(context(tmp_path, files))
    assert observation.status is Status.COMPLETE
    assert observation.coverage.to_document() == {"seen": 4, "examined": 4, "skipped": []}
    assert observation.result["issues"] == []
    assert observation.result["issue_count"] == 0
    assert all(file["clean"] for file in observation.result["files"])
    assert by_path(observation)["a.pkl"]["examined_by"] == ["modelscan", "pickle_analyser", "structure"]
    assert by_path(observation)["model.safetensors"]["examined_by"] == ["structure"]
    assert "numpy.dtype" in by_path(observation)["a.pkl"]["imports"]
    assert by_path(observation)["a.pkl"]["sha256"] == hashlib.sha256(files["a.pkl"]).hexdigest()


@pytest.mark.parametrize(
    "name", ["evil.gz", "evil.bin", "evil", "evil.txt", "evil.safetensors", "sub/folder/evil.json"]
)
def test_a_malicious_file_beside_a_benign_one_is_found_whatever_its_name(tmp_path: Path, name: str) -> None:
    data = gzip.compress(EVIL) if name.endswith(".gz") else EVIL
    observation = scanned(context(tmp_path, {"benign.pkl": pickle.dumps([1]), name: data}))
    assert {issue["path"] for issue in observation.result["issues"]} == {name}
    assert observation.result["issue_count"] == len(observation.result["issues"])
    assert by_path(observation)["benign.pkl"]["clean"]
    assert not by_path(observation)[name]["clean"]


def test_both_scanners_report(tmp_path: Path) -> None:
    observation = scanned(context(tmp_path, {"evil": EVIL}))
    assert [issue["scanner"] for issue in observation.result["issues"]] == ["pickle_analyser", "modelscan"]
    assert {issue["import"] for issue in observation.result["issues"]} == {f"{os.name}.system"}
    assert observation.tool is not None
    assert observation.tool["name"] == "modelscan"


def test_members_of_archives_are_named(tmp_path: Path) -> None:
    observation = scanned(context(tmp_path, {"m.pt": torch_zip(EVIL)}))
    members = {issue["scanner"]: issue["member"] for issue in observation.result["issues"]}
    assert members == {"pickle_analyser": "archive/data.pkl", "modelscan": "archive/data.pkl"}


def test_what_nobody_examined_makes_it_partial(tmp_path: Path) -> None:
    files = {"code.py": b"import os\n", "unknown.dat": b"\0\1\2\3" * 20, "ok.json": b"{}"}
    observation = scanned(context(tmp_path, files))
    assert observation.status is Status.PARTIAL
    assert observation.coverage.examined == 1
    assert {skip.item for skip in observation.coverage.skipped} == {"code.py", "unknown.dat"}
    assert not by_path(observation)["unknown.dat"]["clean"]


def test_a_gap_in_an_archive_names_the_member(tmp_path: Path) -> None:
    observation = scanned(context(tmp_path, {"m.zip": make_zip({"inner.dat": b"\0\1\2\3" * 20})}))
    assert [skip.item for skip in observation.coverage.skipped] == ["m.zip!inner.dat"]


def test_links_in_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "outside.pkl").write_bytes(EVIL)
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "link.pkl").symlink_to(tmp_path / "outside.pkl")
    observation = scanned(context(tmp_path, {"a.json": b"{}"}))
    assert observation.status is Status.PARTIAL
    assert [skip.item for skip in observation.coverage.skipped] == ["link.pkl"]
    assert observation.result["issues"] == []


def test_an_allowed_import_is_recorded(tmp_path: Path) -> None:
    data = b"\x80\x04cmine.models\nModel\n)\x81."
    assert scanned(context(tmp_path, {"m.pkl": data})).result["issue_count"] == 1
    observation = scanned(context(tmp_path, {"m.pkl": data}, allow=["mine.models.Model"]))
    assert observation.status is Status.COMPLETE
    assert observation.result["issue_count"] == 0
    assert observation.result["allow_list"]["extended_with"] == ["mine.models.Model"]
    assert by_path(observation)["m.pkl"]["imports"] == ["mine.models.Model"]


@pytest.mark.parametrize(
    "settings",
    [
        {"allow": ["os.system"]}, {"allow": ["mine.*"]}, {"allow": "mine.Model"}, {"alow": []}, {"limits": []},
        {"limits": {"deep": 1}},
        {"limits": {"depth": 0}}, {"limits": {"depth": 1000}}, {"limits": {"depth": "8"}}, {"limits": {"depth": True}},
    ],
)  # fmt: skip
@pytest.mark.parametrize("collector", [ModelScan(), ModelFormat()])
def test_wrong_settings_are_refused(tmp_path: Path, settings: dict[str, Any], collector: Any) -> None:
    with pytest.raises(UsageError):
        list(collector.collect(context(tmp_path, {"a": b"{}"}, **settings)))


def test_limits_come_from_the_settings(tmp_path: Path) -> None:
    data = gzip.compress(gzip.compress(pickle.dumps([1])))
    assert scanned(context(tmp_path, {"a.gz": data})).status is Status.COMPLETE
    assert scanned(context(tmp_path, {"a.gz": data}, limits={"depth": 1})).status is Status.PARTIAL


def test_the_walk_ends_before_the_sandbox_ends_it() -> None:
    assert Settings.read({}, SandboxLimits(seconds=10), "model_scan").limits.seconds == 8
    assert Settings.read({"limits": {"seconds": 5}}, SandboxLimits(seconds=10), "x").limits.seconds == 5


def test_a_model_without_files_fails(tmp_path: Path) -> None:
    empty = replace(context(tmp_path, {"a": b"{}"}), contents={})
    for collector in (ModelScan(), ModelFormat()):
        (observation,) = collector.collect(empty)
        assert observation.status is Status.FAILED


def test_the_observation_is_about_the_models_digest(tmp_path: Path) -> None:
    given = context(tmp_path, {"a.json": b"{}"})
    for observation in (scanned(given), formats(given)):
        assert observation.inputs == {"model": given.subjects["model:m"].digest}


def test_the_same_files_give_the_same_observation_and_report(tmp_path: Path) -> None:
    files = {
        "a.pkl": EVIL,
        "b.pkl": pickle.dumps([print, len, np.float32, Path("x")]),
        "c.npy": b"\x93NUMPY",
        "d.pt": torch_legacy(),
    }
    first, second = context(tmp_path / "one", files), context(tmp_path / "two" / "deeper", files)
    assert scanned(first).id == scanned(second).id
    (report,) = [json.loads(data) for _, data in first.reports]
    assert set(report) == set(files)
    assert set(report["a.pkl"]) == {"pickle_analyser", "modelscan"}
    assert str(tmp_path) not in json.dumps(report)


def test_a_single_file_is_a_model_too(tmp_path: Path) -> None:
    (tmp_path / "m.pkl").write_bytes(EVIL)
    content = read_content(tmp_path / "m.pkl")
    subject = Subject("model", "m", {"sha256": content.sha256}, "m.pkl")
    given = Context(tmp_path, {"name": "p"}, {subject.id: subject}, contents={subject.id: content})
    assert scanned(given).result["issues"][0]["path"] == "m.pkl"


def test_equal_contents_are_examined_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []
    real = Worker.call
    monkeypatch.setattr(Worker, "call", lambda self, argument: calls.append(argument) or real(self, argument))
    given = context(tmp_path, {f"{index}.pkl": pickle.dumps([1]) for index in range(5)})
    assert len(scanned(given).result["files"]) == 5
    assert len(calls) == 2  # once by each scanner
    formats(given)
    assert len(calls) == 2


# Without, or with a failing, scanner ---------------------------------------------------------------------------------


def test_without_modelscan_the_analyser_works_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_scan.importlib.util, "find_spec", lambda name: None)
    given = context(tmp_path, {"a.pkl": EVIL})
    available = ModelScan().available(given)
    assert available.ready
    assert "alone" in available.reason
    observation = scanned(given)
    assert observation.tool is None
    assert by_path(observation)["a.pkl"]["modelscan"] == "not installed"
    assert [issue["scanner"] for issue in observation.result["issues"]] == ["pickle_analyser"]


def test_with_modelscan_it_says_so(tmp_path: Path) -> None:
    available = ModelScan().available(context(tmp_path, {"a": b"{}"}))
    assert available.ready
    assert "modelscan" in available.reason
    assert ModelFormat().available(context(tmp_path)).ready


def test_a_scanner_that_crashes_is_not_examined(tmp_path: Path) -> None:
    given = replace(context(tmp_path, {"a.json": b"{}"}), limits=SandboxLimits(memory_bytes=1 << 20))
    for observation in (scanned(given), formats(given)):
        assert observation.status is Status.PARTIAL
        assert observation.coverage.examined == 0
        assert "ended" in observation.coverage.skipped[0].reason
    assert not by_path(scanned(given))["a.json"]["clean"]
    assert by_path(formats(given))["a.json"]["executable"] == "possible"


def test_a_scanner_that_hangs_is_ended(tmp_path: Path) -> None:
    given = replace(context(tmp_path, {"a.json": b"{}"}), limits=SandboxLimits(seconds=0.001))
    began = time.monotonic()
    observation = scanned(given)
    assert time.monotonic() - began < 10
    assert observation.status is Status.PARTIAL
    assert "no answer within" in observation.coverage.skipped[0].reason


def test_a_failing_modelscan_alone_takes_nothing_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Worker.call

    def failing(self: Worker, argument: Any) -> Any:
        if "size" not in argument:
            raise SandboxError("crash", "probatum.modelscan:scan", f"killed while reading {argument['path']}")
        return real(self, argument)

    monkeypatch.setattr(Worker, "call", failing)
    given = context(tmp_path, {"a.pkl": pickle.dumps([1])})
    observation = scanned(given)
    assert observation.status is Status.COMPLETE
    assert by_path(observation)["a.pkl"]["modelscan"] == "failed"
    assert by_path(observation)["a.pkl"]["examined_by"] == ["pickle_analyser", "structure"]
    (report,) = [data for _, data in given.reports]
    assert b"killed while reading FILE" in report


def test_an_interrupt_ends_both_children(tmp_path: Path) -> None:
    def interrupt(item: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    given = replace(context(tmp_path, {"a.pkl": pickle.dumps([1])}), progress=interrupt)
    with pytest.raises(KeyboardInterrupt):
        scanned(given)
    deadline = time.monotonic() + 10
    while any(thread.name.startswith("Thread") and "_run_modelscan" in thread.name for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_file_that_changes_after_its_digest_is_not_examined(tmp_path: Path) -> None:
    given = context(tmp_path, {"a.json": b"{}"})
    (tmp_path / "model" / "a.json").write_bytes(b"{} ")
    assert "changed after its digest" in scanned(given).coverage.skipped[0].reason


def test_a_file_that_becomes_a_link_is_not_read(tmp_path: Path) -> None:
    given = context(tmp_path, {"a.json": b"{}"})
    (tmp_path / "model" / "a.json").unlink()
    (tmp_path / "model" / "a.json").symlink_to("/etc/hostname")
    assert scanned(given).status is Status.PARTIAL


def test_five_sparse_gibibytes_end_quickly_in_little_memory(tmp_path: Path) -> None:
    files = {"m.bin": b"", "m.pkl": b"\x80\x04\x8e" + (5 * 1024**3).to_bytes(8, "little"), "m.safetensors": WEIGHTS}
    given = context(tmp_path, {**files, "ok.json": b"{}"})
    entries = []
    for entry in given.contents["model:m"].files:
        if entry.path in files:
            os.truncate(tmp_path / "model" / entry.path, 5 * 1024**3)
            # The digest would take longer than the test: any other name of the content serves.
            entry = entry._replace(size=5 * 1024**3, sha256=hashlib.sha256(entry.path.encode()).hexdigest())
        entries.append(entry)
    content = replace(given.contents["model:m"], files=tuple(entries))
    given = replace(given, contents={"model:m": content}, limits=SandboxLimits(seconds=30, memory_bytes=512 << 20))
    began = time.monotonic()
    observation = scanned(given)
    assert time.monotonic() - began < 20
    reasons = {skip.item: skip.reason for skip in observation.coverage.skipped}
    assert set(reasons) == set(files)
    assert "no known format" in reasons["m.bin"]
    assert "the tensors end" in reasons["m.safetensors"]
    assert observation.coverage.examined == 1


def zipped(content: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", content)
    return stream.getvalue()


@pytest.mark.parametrize("packed", [gzip.compress, zipped])
def test_a_bomb_is_a_gap_and_the_next_file_is_still_examined(tmp_path: Path, packed: Callable[[bytes], bytes]) -> None:
    files = {"a.bin": packed(b"\0" * (80 << 20)), "b.pkl": EVIL}
    observation = scanned(context(tmp_path, files, limits={"expanded_bytes": 10 << 20}))
    assert any("expands to more than" in skip.reason for skip in observation.coverage.skipped)
    assert {issue["path"] for issue in observation.result["issues"]} == {"b.pkl"}


def test_many_gaps_are_counted() -> None:
    gaps = [{"member": str(index), "reason": "x"} for index in range(50)]
    reasons = skipped_reasons(gaps, "a.zip")
    assert len(reasons) == 21
    assert reasons[0] == ("a.zip!0", "x")
    assert "30 more" in reasons[-1][1]


# modelscan's child ---------------------------------------------------------------------------------------------------


def test_modelscan_looks_at_content_not_at_names(tmp_path: Path) -> None:
    (tmp_path / "weights.unknown").write_bytes(EVIL)
    answer = scan_file({"path": str(tmp_path / "weights.unknown")})
    assert [issue["operator"] for issue in answer["issues"]] == ["system"]
    assert answer["issues"][0]["source"] == "FILE"


def test_modelscan_reads_members_and_later_streams(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(make_zip({"x/y": pickle.dumps(1) + EVIL}))
    answer = scan_file({"path": str(tmp_path / "a.zip")})
    assert answer["issues"][0]["source"] == "FILE:x/y"


def test_modelscan_meets_arrays_and_nothing(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, np.arange(3))
    for name, data in {"a.npy": buffer.getvalue(), "empty": b"", "short": b"\x80"}.items():
        (tmp_path / name).write_bytes(data)
        assert scan_file({"path": str(tmp_path / name)})["issues"] == []


def test_modelscan_is_not_given_what_it_would_hold_in_memory(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(b"\x80\x04")
    os.truncate(tmp_path / "a.pkl", 2 << 30)
    assert "larger than" in scan_file({"path": str(tmp_path / "a.pkl")})["skipped"][0]["description"]


def test_a_foreign_severity_is_high() -> None:
    opinions = scan.Opinions(
        Examined("text", "no"), {"status": "scanned", "issues": [{"severity": "odd"}], "errors": [], "skipped": []}
    )
    (issue,) = opinions.issues("a")
    assert issue["severity"] == "high"
    assert not opinions.document("a", "0" * 64)["clean"]


# model_format --------------------------------------------------------------------------------------------------------


def test_formats_mismatches_and_problems_are_counted(tmp_path: Path) -> None:
    files = {
        "a.safetensors": WEIGHTS,
        "b.safetensors": WEIGHTS + b"\0",
        "c.safetensors": EVIL,
        "d.onnx": b"text",
        "e.bin": pickle.dumps(1),
    }
    observation = formats(context(tmp_path, files))
    assert observation.status is Status.COMPLETE
    found = by_path(observation)
    assert found["a.safetensors"] == {
        "path": "a.safetensors", "format": "safetensors", "executable": "no", "expected": "safetensors",
        "mismatch": False, "problems": [],
    }  # fmt: skip
    assert found["b.safetensors"]["executable"] == "possible"
    assert found["b.safetensors"]["problems"]
    assert (found["c.safetensors"]["format"], found["c.safetensors"]["mismatch"]) == ("pickle", True)
    assert (found["d.onnx"]["format"], found["d.onnx"]["mismatch"]) == ("text", True)
    assert (found["e.bin"]["expected"], found["e.bin"]["mismatch"]) == (None, False)
    assert observation.result["executable_files"] == 3
    assert observation.result["mismatches"] == 2
    assert observation.result["problems"] == 1


def test_a_harmless_format_with_gaps_may_execute(tmp_path: Path) -> None:
    found = by_path(formats(context(tmp_path, {"a.gz": gzip.compress(b"text")[:-2]})))
    assert found["a.gz"]["executable"] == "possible"


def test_every_collector_has_the_contracts_attributes() -> None:
    for collector in (ModelScan(), ModelFormat()):
        assert collector.kinds == ("model",)
        assert collector.types == (collector.name,)
        assert not collector.network
