"""Policy sets, metadata, checklists and bundles: what is read, and what is refused."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa
from policy_case import checklist, module, policies

from probatum.errors import PolicyError
from probatum.evaluator import bundle, policy_files
from probatum.evaluator.catalogue import explain_control, list_controls
from probatum.evaluator.checklist import load_checklist
from probatum.evaluator.engines.opa_server import find_binary
from probatum.evaluator.metadata import read_control
from probatum.evaluator.policies import PolicySet

CHECKLIST = """schema: https://probatum.dev/checklist/v1
id: mine
version: "1.0.0"
title: Mine
controls:
  - id: TINY-01
    priority: low
rows:
  - {row: R1, title: one, controls: [TINY-01]}
"""


def on_disk(folder: Path, **files: str) -> Path:
    """A folder with one control and further files (``a__b`` for ``a/b.rego``)."""
    sources = {
        "controls/TINY-01/control.rego": module(),
        **{f"{k.replace('__', '/')}.rego": v for k, v in files.items()},
    }
    for name, text in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def test_the_built_in_set_is_whole() -> None:
    found = PolicySet.load()
    assert found.controls
    assert found.checklists
    assert not any(path.endswith("_test.rego") for path in found.sources)
    for name in found.checklists:
        assert load_checklist(name, found).entries
    assert PolicySet.built_in().digest == found.digest


def test_a_folder_is_read_without_its_tests(tmp_path: Path) -> None:
    folder = on_disk(tmp_path, lib__x="package x\n", lib__x_test="package x_test\n")
    (folder / "README.md").write_text("no policy")
    found = PolicySet.load(folder)
    assert sorted(found.sources) == ["controls/TINY-01/control.rego", "lib/x.rego"]
    control = found.controls["TINY-01"]
    assert (control.package, control.kinds, control.evidence) == ("tiny.tiny_01", ("model",), (("scan",),))


def test_the_digest_depends_on_every_byte_and_name() -> None:
    digests = {
        policies().digest,
        policies(module() + "\n").digest,
        policies(module(), lib__x="package x").digest,
        policies(module(), lib__y="package x").digest,
    }
    assert len(digests) == 4


@pytest.mark.parametrize(
    "what",
    ["missing", "file", "link", "linked folder", "linked library", "pipe", "large", "not utf-8", "no control"],
)
def test_a_folder_that_is_no_policy_set_is_refused(tmp_path: Path, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "set" if what == "missing" else on_disk(tmp_path)
    odd = path / "lib" / "x.rego"
    if what != "missing":
        odd.parent.mkdir()
    if what == "file":
        path = path / "controls/TINY-01/control.rego"
    elif what == "linked folder":
        (path / "controls/TINY-02").symlink_to(path / "controls/TINY-01")
    elif what == "linked library":
        (path / "lib").rename(path / "elsewhere")
        (path / "lib").symlink_to(path / "elsewhere")
    elif what == "link":
        odd.symlink_to(path / "controls/TINY-01/control.rego")
    elif what == "pipe":
        os.mkfifo(odd)
    elif what == "large":
        monkeypatch.setattr(policy_files, "MAX_FILE_BYTES", 100)
    elif what == "not utf-8":
        odd.write_bytes(b"package x # \xff")
    elif what == "no control":
        (path / "controls/TINY-01/control.rego").unlink()
    with pytest.raises(PolicyError):
        PolicySet.load(path).controls  # noqa: B018  it is read when it is asked for


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy_files, "MAX_FILES", 1)
    with pytest.raises(PolicyError, match="too large"):
        PolicySet.load(on_disk(tmp_path, lib__x="package x"))


@pytest.mark.parametrize(
    ("folder", "text", "word"),
    [
        ("TINY-02", module(), "two controls have the id TINY-01"),
        ("AAAA-01", module(), "its folder is called AAAA-01"),
        ("TINY-02", module(id="TINY-02").replace("tiny.tiny_02", "tiny.tiny_01"), "its package is tiny.tiny_01"),
        ("TINY-02", module(id="TINY-02").replace("tiny.tiny_02", "tiny.other"), "its package is tiny.other"),
    ],
)
def test_id_folder_and_package_agree(folder: str, text: str, word: str) -> None:
    sources = {"controls/TINY-01/control.rego": module().encode(), f"controls/{folder}/control.rego": text.encode()}
    with pytest.raises(PolicyError, match=word):
        assert PolicySet(sources).controls


@pytest.mark.parametrize(
    ("change", "line", "word"),
    [
        (("# METADATA\n", ""), None, "METADATA"),
        (("package tiny", "x := 1\npackage tiny"), 12, "package"),
        (("#   id: TINY-01\n", ""), 5, "id"),
        (("# METADATA", "# METADATA\n#\u2028package tiny.tiny_01"), None, "YAML"),
        (("id: TINY-01", "id: tiny"), 5, "custom.id"),
        (("priority: high", "priority: urgent"), 6, "custom.priority"),
        (("stages: [training", "stages: [trainig"), 7, "custom.stages"),
        (("subjects: [model]", "subjects: [modle]"), 8, "custom.subjects"),
        (("evidence: [scan]", "evidence: []"), 9, "custom.evidence"),
        (("remediation: Mend it.", "remedy: x"), 5, "remed"),
        (("parameters: {}", "parameters: {limit: {type: integer}}"), 11, "default"),
        (("parameters: {}", "parameters: {limit: {type: integer, default: x}}"), 11, "limit"),
        (("parameters: {}", "parameters: {limit: {type: int, default: 1}}"), 11, "limit"),
        (("parameters: {}", "parameters: {min_tier: {default: best}}"), None, "min_tier"),
        (("title: Tiny", "title: [a"), None, "YAML"),
        (("title: Tiny", "title: Tiny\n# title: Twice"), None, "title"),
    ],
)
def test_wrong_metadata_names_file_and_line(change: tuple[str, str], line: int | None, word: str) -> None:
    with pytest.raises(PolicyError) as raised:
        read_control("controls/X/control.rego", module().replace(*change))
    assert "controls/X/control.rego" + (f":{line}:" if line else "") in str(raised.value)
    assert word in str(raised.value)


def test_a_comment_before_the_metadata_is_no_part_of_it() -> None:
    text = "# Copyright: [somebody\n\n" + module()
    assert read_control("x", text).title == "Tiny"


def test_a_checklist_by_path_and_by_name(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CHECKLIST)
    found = load_checklist(path, policies())
    assert (found.id, found.version, found.title, found.requires) == ("mine", "1.0.0", "Mine", ())
    assert found.entries["TINY-01"].priority == "low"
    assert load_checklist(str(path), policies()).digest == found.digest
    named = PolicySet({**policies().sources, "checklists/mine.yaml": CHECKLIST.encode()})
    assert load_checklist("mine", named).digest == found.digest
    with pytest.raises(PolicyError) as raised:
        load_checklist("mien", named)
    assert raised.value.remedy == "did you mean 'mine'?"


@pytest.mark.parametrize(
    ("change", "where", "word"),
    [
        (("- id: TINY-01", "- id: TINY-10"), ":6:", "no control"),
        (("    priority: low\n", "  - id: TINY-01\n"), ":7:", "twice"),
        (("controls: [TINY-01]", "controls: [TINY-02]"), ":9:", "does not list"),
        (("priority: low", "priority: lowest"), ":7:", "priority"),
        (("title: Mine", "titel: Mine"), ":1:", "titel"),
        (("title: Mine", "title: Mine\ntitle: Twice"), ":5:", "duplicate"),
        (('"1.0.0"', "1.0"), ":3:", "version"),
        (("title: Mine", "title: [Mine"), "mine.yaml", "YAML"),
    ],
)
def test_a_wrong_checklist_names_file_and_line(tmp_path: Path, change: tuple[str, str], where: str, word: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CHECKLIST.replace(*change))
    with pytest.raises(PolicyError) as raised:
        load_checklist(path, policies())
    assert where in str(raised.value)
    assert word in str(raised.value)


def test_a_checklist_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read"):
        load_checklist(tmp_path / "none.yaml", policies())


def test_the_catalogue_lists_and_explains(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(CHECKLIST)
    by = policies()
    assert [item["id"] for item in list_controls(by)] == ["TINY-01"]
    assert list_controls(by, str(path))[0]["priority"] == "low"
    found = explain_control("tiny-01", by, str(path), {"TINY-01": {"max_age_days": 3}})
    assert found["parameters"]["max_age_days"]["origin"] == "manifest"


def test_a_bundle_is_deterministic_and_reads_back() -> None:
    one = policies(module(), module(id="TINY-02"), lib__x="package tiny.lib")
    two = PolicySet(dict(reversed(one.sources.items())))
    data = bundle.pack(one)
    assert data == bundle.pack(two)
    back = bundle.unpack(data, source="b")
    assert (back.sources, back.digest) == (dict(sorted(one.sources.items())), one.digest)
    assert bundle.roots(one) == ["tiny"]


def test_a_bundle_is_loaded_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "policies.tar.gz"
    path.write_bytes(bundle.pack(policies()))
    assert PolicySet.load(path).digest == policies().digest
    with pytest.raises(PolicyError, match="cannot read"):
        PolicySet.load(tmp_path / "none.tar.gz")


def test_every_byte_of_a_bundle_matters() -> None:
    """A flipped byte is refused, or (in gzip's own header) changes nothing that decides."""
    data = bundle.pack(policies())
    for place in range(len(data)):
        spoilt = bytearray(data)
        spoilt[place] ^= 0xFF
        try:
            back = bundle.unpack(bytes(spoilt), source="b")
        except PolicyError:
            continue
        assert back.digest == policies().digest
        assert place < 10


def packed(*entries: tuple[tarfile.TarInfo, bytes]) -> bytes:
    """A gzipped tar of odd entries."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for entry, data in entries:
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def entry(name: str, **fields: Any) -> tarfile.TarInfo:
    """A tar header."""
    made = tarfile.TarInfo(name)
    for key, value in fields.items():
        setattr(made, key, value)
    return made


CONTROL = (entry("controls/C/control.rego"), module().encode())


@pytest.mark.parametrize(
    "entries",
    [
        [(entry("../controls/C/control.rego"), b"x")],
        [(entry("/controls/C/control.rego"), b"x")],
        [(entry("controls/../x.rego"), b"x")],
        [(entry("lib/x.rego", type=tarfile.SYMTYPE, linkname="/etc/passwd"), b"")],
        [(entry("lib/x.rego", type=tarfile.LNKTYPE, linkname="controls/C/control.rego"), b"")],
        [(entry("lib", type=tarfile.DIRTYPE), b"")],
        [CONTROL, CONTROL],
        [(entry("lib/x_test.rego"), b"package x")],
        [(entry("data.json"), b"{}")],
        [(entry("lib/x.rego"), b"x" * (policy_files.MAX_FILE_BYTES + 1))],
        [CONTROL],
        [CONTROL, (entry(".manifest"), b'{"roots": []}')],
        [],
    ],
)
def test_an_odd_bundle_is_refused(entries: list[tuple[tarfile.TarInfo, bytes]]) -> None:
    with pytest.raises(PolicyError):
        bundle.unpack(packed(*entries), source="b")


def test_a_bomb_and_trailing_bytes_are_refused() -> None:
    for data in (gzip.compress(bytes(80 * 1024 * 1024)), bundle.pack(policies()) + b"x", b"", b"PK\x03\x04"):
        with pytest.raises(PolicyError, match="not a policy bundle"):
            bundle.unpack(data, source="b")


@needs_opa
def test_opa_itself_takes_the_bundle(tmp_path: Path) -> None:
    opa = find_binary()
    path = tmp_path / "policies.tar.gz"
    path.write_bytes(bundle.pack(PolicySet.built_in()))
    done = subprocess.run([opa, "eval", "-b", str(path), "data.probatum"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "model_01" in done.stdout


def test_a_checklist_of_another_shape_is_refused() -> None:
    with pytest.raises(PolicyError, match="wrong checklist"):
        checklist(policies(), controls=[])


def test_a_bundle_holds_no_time() -> None:
    header = bundle.pack(PolicySet.built_in())[:10]
    assert header[4:8] == bytes(4)  # RFC 1952 section 2.3.1, MTIME
