"""Bundles as other tools build them, the real `opa build` first of all: what is taken, and what is refused by name."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest
from opa_case import needs_opa, opa_binary
from source_case import checklist, files, wanted, write

from probatum.errors import PolicyError
from probatum.evaluator.bundle import pack_entries
from probatum.evaluator.layout import layout_of
from probatum.evaluator.policies import PolicySet
from probatum.packs.open import open_packs

FILES = files(lib__own="package acme.own\n", checklists__acme=checklist("acme"))
REGO = {path: data for path, data in FILES.items() if path.endswith(".rego")}


def opa(*arguments: str, cwd: Path) -> None:
    done = subprocess.run([str(opa_binary()), *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@needs_opa
@pytest.mark.parametrize(
    "arguments",
    [
        ("-b", "acme"),
        ("acme",),
        ("-b", "acme", "--revision", "r7"),
        ("acme/controls", "acme/lib"),
        ("--v1-compatible", "-b", "acme"),
    ],
)
def test_what_opa_builds_is_taken(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    test = {"controls/ACME-01/control_test.rego": b"package tiny.acme_01_test\n\ntest_it if true\n"}
    write(tmp_path / "acme", {**REGO, **test, "README.md": b"of Acme"})
    opa("build", *arguments, "-o", "built.tar.gz", cwd=tmp_path)
    found = open_packs(wanted(tmp_path, "built.tar.gz")).packs[0]
    assert set(found.policies.sources) == set(REGO)  # opa lays modules out anew, so that their digests differ
    assert found.policies.controls["ACME-01"].parameters == PolicySet(REGO).controls["ACME-01"].parameters
    assert found.version == ("r7" if "r7" in arguments else "")


@needs_opa
@pytest.mark.parametrize("target", ["wasm", "plan"])
def test_what_opa_compiles_is_refused(tmp_path: Path, target: str) -> None:
    write(tmp_path / "acme", REGO)
    opa("build", "-t", target, "-e", "tiny/acme_01/proof", "-b", "acme", "-o", "built.tar.gz", cwd=tmp_path)
    with pytest.raises(PolicyError, match="cannot be used as policies"):
        open_packs(wanted(tmp_path, "built.tar.gz"))


@needs_opa
def test_rego_of_version_0_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "acme", {"lib/x.rego": b"package acme.x\n\nallow { true }\n"})
    opa("build", "--v0-compatible", "-b", "acme", "-o", "built.tar.gz", cwd=tmp_path)
    with pytest.raises(PolicyError) as caught:
        open_packs(wanted(tmp_path, "built.tar.gz"))
    assert "version 0" in caught.value.why


@needs_opa
def test_data_of_a_bundle_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "acme", {**REGO, "data.json": b'{"acme": {"limit": 3}}'})
    opa("build", "-b", "acme", "-o", "built.tar.gz", cwd=tmp_path)
    with pytest.raises(PolicyError) as caught:
        open_packs(wanted(tmp_path, "built.tar.gz"))
    assert "data.json holds data" in caught.value.why


def below(folder: str, found: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}{path}": data for path, data in found.items()}


@pytest.mark.parametrize("prefix", ["", "policies/", "a/b/c/"])
def test_policies_may_lie_anywhere(prefix: str) -> None:
    found = layout_of({**below(prefix, FILES), "LICENSE": b"x", "docs/x.md": b"x", "data.json": b" {} "}, "x")
    assert (dict(found.sources), found.prefix) == (dict(sorted(FILES.items())), prefix)


@pytest.mark.parametrize(
    ("entries", "word"),
    [
        ({}, "no policy"),
        ({"README.md": b"x"}, "no policy"),
        ({**below("a/", files()), **below("b/", files("OTHER-01"))}, "'a/', 'b/'"),
        ({**files(), **below("b/", files("OTHER-01"))}, "'the top', 'b/'"),
        ({**files(), "other.rego": b"package acme.other"}, "other.rego is a module outside"),
        ({**below("a/", files()), "lib/x.rego": b"package acme.x"}, "lib/x.rego is a module outside"),
        ({**files(), "controls/data.json": b'{"x": 1}'}, "controls/data.json holds data"),
        ({**files(), "x/data.yaml": b"x: 1"}, "x/data.yaml holds data"),
        ({**files(), "x/data.yml": b"x: [1"}, "x/data.yml holds data"),
        ({**files(), "patch.json": b"{}"}, "delta"),
        ({**files(), "policy.wasm": b"x"}, "WebAssembly"),
        ({**files(), ".manifest": b"[]"}, "no object"),
        ({**files(), ".manifest": b'{"rego_version": 0}'}, "version 0"),
        ({**files(), ".manifest": b'{"file_rego_versions": {"/lib/x.rego": 0}}'}, "version 0"),
        ({**files(), ".manifest": b'{"wasm": [{"module": "policy.wasm"}]}'}, "WebAssembly"),
        ({**files(), ".manifest": b'{"roots": [], "roots": [""]}'}, "duplicate"),
        ({**files(), "controls/\u0410CME-02/control.rego": b"package x"}, "U+0410"),
        ({**files(), "lib/\u200bx.rego": b"package x"}, "U+200B"),
    ],
)
def test_what_is_not_evaluated_is_refused_and_named(entries: dict[str, bytes], word: str) -> None:
    with pytest.raises(PolicyError) as caught:
        layout_of(entries, "x.tar.gz")
    assert word in str(caught.value)


def tar(*entries: tuple[str, Any]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for name, content in entries:
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.type, entry.linkname = content
                archive.addfile(entry)
    return stream.getvalue()


CONTROL = files()["controls/ACME-01/control.rego"]


@pytest.mark.parametrize("start", ["", "/", "./", "//"])
def test_a_leading_slash_or_dot_means_nothing(tmp_path: Path, start: str) -> None:
    data = tar((f"{start}controls", (tarfile.DIRTYPE, "")), (f"{start}controls/ACME-01/control.rego", CONTROL))
    (tmp_path / "x.tar.gz").write_bytes(data)
    assert open_packs(wanted(tmp_path, "x.tar.gz")).policies.digest == PolicySet(files()).digest


@pytest.mark.parametrize(
    "entries",
    [
        [("controls/ACME-01/control.rego", CONTROL), ("/controls/ACME-01/control.rego", CONTROL)],
        [("../controls/ACME-01/control.rego", CONTROL)],
        [("a/../../controls/ACME-01/control.rego", CONTROL)],
        [("controls//ACME-01/control.rego", CONTROL)],
        [("controls\\ACME-01\\control.rego", CONTROL)],
        [("/", CONTROL)],
        [("controls/ACME-01/control.rego", (tarfile.SYMTYPE, "/etc/passwd"))],
        [("controls/ACME-01/control.rego", (tarfile.LNKTYPE, "x"))],
        [("controls/ACME-01/control.rego", (tarfile.FIFOTYPE, ""))],
        [("controls/ACME-01/control.rego", (tarfile.CHRTYPE, ""))],
    ],
)
def test_an_odd_entry_is_refused(tmp_path: Path, entries: list[tuple[str, Any]]) -> None:
    (tmp_path / "x.tar.gz").write_bytes(tar(*entries))
    with pytest.raises(PolicyError, match="not a policy bundle"):
        open_packs(wanted(tmp_path, "x.tar.gz"))


def test_a_manifest_of_another_tool_is_read_leniently(tmp_path: Path) -> None:
    manifest = {"revision": 7, "roots": ["acme"], "metadata": {"name": ["x"], "version": 3}, "by": {"tool": "x"}}
    (tmp_path / "x.tar.gz").write_bytes(pack_entries({**files(), ".manifest": json.dumps(manifest).encode()}))
    found = open_packs(wanted(tmp_path, "x.tar.gz")).packs[0]
    assert (found.name, found.version) == ("x", "")
