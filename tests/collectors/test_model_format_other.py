from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from forged_models import EVIL, clean, make_zip, walk

from probatum.collectors.formats.names import expected_formats
from probatum.collectors.formats.source import (
    Cursor,
    FileRegion,
    MemoryRegion,
    SourceStream,
    Spool,
    TruncatedError,
    blocks,
)
from probatum.collectors.formats.visit import printable, worst


@pytest.mark.parametrize(
    ("data", "format", "executable"),
    [
        (b"", "empty", "no"),
        (b"plain words\n", "text", "no"),
        (b"a,b\n1,2\n", "text", "no"),
        ("ünïcödé\n".encode(), "text", "no"),
        (b"\xef\xbb\xbf{}", "json", "no"),
        (b'{"a": [1, 2]}', "json", "no"),
        (b"[1, 2,", "text", "no"),
        (b"[" * 100_000, "text", "no"),
        (b"<?xml version='1.0'?><a/>", "xml", "no"),
        (b"<PMML version='4.4'></PMML>", "pmml", "no"),
        (b"<html><script>alert(1)</script></html>", "html", "possible"),
        (b"a: 1\nb: [x]\n", "text", "no"),
        (b"numpy==2.0\n", "text", "no"),
        (b"import os\n", "python", "yes"),
        (b"def f():\n    return 1\n", "python", "yes"),
        (b"eval('1')\n", "python", "yes"),
        (b"f = lambda: 1\n", "python", "yes"),
        (b"# Python 2\nimport os\nprint 'x'\n", "python", "yes"),
        (b"from a import b\n" + b"# padding\n" * 120_000, "python", "yes"),
        (b"words of a long text\n" * 60_000, "text", "no"),
        (b"#!/bin/sh\nls\n", "script", "yes"),
        (b"\x7fELF\2\1\1" + b"\0" * 60, "elf", "yes"),
        (b"MZ" + b"\0" * 58 + b"\x40\0\0\0" + b"PE\0\0" + b"\0" * 50, "pe", "yes"),
        (b"MZ" + b"\0" * 100, "unknown", "possible"),
        (b"\xcf\xfa\xed\xfe" + b"\0" * 60, "macho", "yes"),
        (b"\xca\xfe\xba\xbe" + b"\0" * 60, "class_or_macho", "yes"),
        (b"\0asm\1\0\0\0", "wasm", "yes"),
        (b"\xa7\x0d\r\n" + b"\0" * 12 + b"\xe3", "python_bytecode", "yes"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "7z", "possible"),
        (b"\x28\xb5\x2f\xfd\0\0", "zstd", "possible"),
        (b"\x04\x22\x4d\x18\x60", "lz4", "possible"),
        (b"Rar!\x1a\x07\x01\0", "rar", "possible"),
        (b"ZF0x1a" + b" " * 20, "joblib_zfile", "possible"),
        (b"\x1c\0\0\0TFL3" + b"\0" * 20, "tflite", "possible"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "hdf5", "possible"),
        (b"\0" * 1024 + b"\x89HDF\r\n\x1a\n" + b"\0" * 50, "hdf5", "possible"),
        (b"\0" * 100, "unknown", "possible"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 100, "unknown", "possible"),
        (b"text with \0 in it", "unknown", "possible"),
        (b"text, then \xff", "unknown", "possible"),
    ],
)  # fmt: skip
def test_formats_are_decided_by_content(data: bytes, format: str, executable: str) -> None:
    shape, findings = walk(data)
    assert shape.format == ("joblib" if format == "joblib_zfile" else format)
    assert shape.executable == executable
    assert clean(data) == (executable == "no" and not findings.gaps)
    if executable != "no":
        assert findings.gaps or findings.issues


def test_entities_in_xml_are_a_problem() -> None:
    assert walk(b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>")[1].problems


def test_programs_are_issues() -> None:
    assert walk(make_zip({"x": b"\x7fELF" + b"\0" * 60}))[1].issues


@pytest.mark.parametrize("appended", [b"", b"tail", b"\0" * 40])
@pytest.mark.parametrize("front", [b"plain text\n", pickle.dumps([1]), b"\xff\xd8\xff\xe0" + b"\7" * 99, b"{}"])
def test_a_zip_behind_anything_is_found(front: bytes, appended: bytes) -> None:
    _, findings = walk(front + make_zip({"evil.pkl": EVIL}) + appended)
    assert any("a zip is appended" in issue.message for issue in findings.issues)
    assert any("system" in issue.message for issue in findings.issues)


# Keras ---------------------------------------------------------------------------------------------------------------


def keras(config: Any, **more: bytes) -> bytes:
    members = {
        "config.json": config if isinstance(config, bytes) else json.dumps(config).encode(),
        "metadata.json": b"{}",
    }
    return make_zip(members | more)


def layer(
    name: str, module: str | None = "keras.layers", registered: str | None = None, **config: Any
) -> dict[str, Any]:
    return {"class_name": name, "module": module, "registered_name": registered, "config": config}


def model(*layers: dict[str, Any]) -> dict[str, Any]:
    return layer("Functional", "keras.src.models.functional", "Functional", layers=list(layers))


def test_a_keras_model_of_own_layers_does_not_execute() -> None:
    shape, findings = walk(keras(model(layer("Dense"), layer("Dropout", "keras.src.layers"))))
    assert (shape.format, shape.executable) == ("keras", "no")
    assert not findings.issues


@pytest.mark.parametrize(
    "bad",
    [
        layer("Lambda"), layer("Dense", function={"class_name": "__lambda__", "config": {"code": "4wEA"}}),
        layer("TFSMLayer"), {"class_name": "function", "config": "system", "module": "os", "registered_name": "system"},
        layer("Sequential", layers=[layer("Sequential", layers=[layer("Lambda")])]),
    ],
)  # fmt: skip
def test_layers_with_code_execute(bad: dict[str, Any]) -> None:
    shape, findings = walk(keras(model(layer("Dense"), bad)))
    assert shape.executable == "yes"
    assert findings.issues


@pytest.mark.parametrize(
    "bad",
    [layer("Mine", "my.module"), layer("Mine", None, "my>Mine"), layer("my>Mine", None), layer("Popen", "subprocess")],
)
def test_foreign_classes_may_execute(bad: dict[str, Any]) -> None:
    shape, findings = walk(keras(model(bad)))
    assert shape.executable == "possible"
    assert findings.issues


@pytest.mark.parametrize("config", [b"{", b'{"a":1,"a":2}', b"[" * 500])
def test_an_unreadable_config_may_execute(config: bytes) -> None:
    shape, findings = walk(keras(config))
    assert shape.executable == "possible"
    assert findings.problems


def test_weights_in_a_keras_file_are_not_examined() -> None:
    data = keras(model(layer("Dense")), **{"model.weights.h5": b"\x89HDF\r\n\x1a\n" + b"\0" * 90})
    shape, findings = walk(data)
    assert shape.executable == "no"
    assert any("HDF5" in gap.reason for gap in findings.gaps)


def test_malice_beside_the_config_is_found() -> None:
    assert walk(keras(model(), **{"assets/x.bin": EVIL}))[1].issues


def test_an_encrypted_member_of_a_keras_file_is_a_gap() -> None:
    data = bytearray(keras(model()))
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    shape, findings = walk(bytes(data))
    assert shape.executable == "possible"
    assert findings.gaps


@pytest.mark.parametrize("gap", [0, (1 << 20) - 40])
def test_a_lambda_in_hdf5_is_found(gap: int) -> None:
    data = b"\x89HDF\r\n\x1a\n" + b"\0" * gap + b'model_config {"class_name": "Lambda"}' + b"\0" * 100
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("hdf5", "yes")
    assert findings.issues


# Names and plumbing --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("a/b.safetensors", "safetensors"),
        ("M.PT", "torch_zip"),
        ("x.pkl", "pickle"),
        ("x.bin", None),
        ("x", None),
        (".npy", None),
    ],
)
def test_names_promise_formats(name: str, first: str | None) -> None:
    assert (expected_formats(name) or (None,))[0] == first


def test_sources_agree_on_regions(tmp_path: Any) -> None:
    (tmp_path / "f").write_bytes(bytes(range(200)))
    with (tmp_path / "f").open("rb") as stream:
        for source in (FileRegion(stream.fileno(), 0, 200), MemoryRegion(bytes(range(200)))):
            part = source.region(50, 100).region(10, 500)
            assert part.size == 90
            assert part.read_at(0, 3) == bytes([60, 61, 62])
            assert part.read_at(88, 10) == bytes([148, 149])
            assert part.read_at(90, 10) == b""
            assert b"".join(blocks(part, 1, 8, size=3)) == bytes(range(61, 68))
            assert b"".join(blocks(part)) == bytes(range(60, 150))


def test_a_file_that_shrinks_is_truncated(tmp_path: Any) -> None:
    (tmp_path / "f").write_bytes(b"abc")
    with (tmp_path / "f").open("rb") as stream:
        source = FileRegion(stream.fileno(), 0, 100)
        assert list(blocks(source)) == [b"abc"]
        with pytest.raises(TruncatedError, match="shrank"):
            Cursor(source).take(50)


def test_large_spools_go_to_a_file() -> None:
    spool = Spool()
    for _ in range(20):
        spool.write(b"x" * (1 << 20))
    source = spool.source()
    assert isinstance(source, FileRegion)
    assert source.size == 20 << 20
    assert source.read_at(source.size - 2, 5) == b"xx"
    spool.close()


def test_a_cursor_goes_back_and_forth() -> None:
    cursor = Cursor(MemoryRegion(bytes(range(100))))
    assert cursor.take(2) == b"\0\1"
    cursor.seek(50)
    assert (cursor.position, cursor.remaining, cursor.take(1)) == (50, 50, b"2")
    cursor.seek(0)
    assert cursor.take(1) == b"\0"
    with pytest.raises(TruncatedError):
        cursor.skip(100)


def test_a_source_is_a_python_file() -> None:
    stream = SourceStream(MemoryRegion(b"abcdef"))
    assert stream.readable()
    assert stream.seekable()
    assert stream.seek(-2, 2) == 4
    assert stream.read() == b"ef"
    assert stream.seek(1) == 1
    assert stream.seek(1, 1) == stream.tell() == 2
    with pytest.raises(OSError, match="negative"):
        stream.seek(-1)


def test_remarks_are_printable() -> None:
    assert printable("a\ud800\n\x1b[0m") == "a\\ud800\\n\\x1b[0m"
    assert len(printable("x" * 1000)) == 301


def test_the_worst_of_nothing_is_no() -> None:
    assert worst() == "no"
    assert worst("no", "yes", "possible") == "yes"


def test_a_keras_archive_needs_no_metadata_to_be_one() -> None:
    members = {
        "config.json": json.dumps(model(layer("Lambda"))).encode(),
        "model.weights.h5": b"\x89HDF\r\n\x1a\n" + b"\0" * 90,
    }
    assert walk(make_zip(members))[0].format == "keras"
    assert walk(make_zip(members))[0].executable == "yes"
    assert walk(make_zip({"config.json": b"{}", "a.txt": b"text"}))[0].format == "zip"
