from __future__ import annotations

import pickle
import struct

import pytest
from forged_models import (
    EVIL,
    clean,
    make_zip,
    reasons,
    storage_id,
    tensor,
    text4,
    torch_legacy,
    torch_zip,
    walk,
)


def test_a_torch_zip_is_clean_though_executable() -> None:
    shape, findings = walk(torch_zip())
    assert (shape.format, shape.executable) == ("torch_zip", "yes")
    assert not findings.issues
    assert not findings.gaps


def test_serialization_id_and_alignment_are_part_of_the_format() -> None:
    assert clean(torch_zip(**{"archive__.data__serialization_id": b"1234", "archive__.format_version": b"1"}))


@pytest.mark.parametrize("kind", ["DoubleStorage", "HalfStorage", "BoolStorage", "ComplexDoubleStorage", "LongStorage"])
def test_sizes_follow_the_kind_of_storage(kind: str) -> None:
    size = {"D": 8, "H": 2, "B": 1, "C": 16, "L": 8}[kind[0]]
    pickled = b"\x80\x02" + storage_id("0", 3, kind) + b"."
    assert clean(torch_zip(pickled, {"0": b"\0" * 3 * size}))
    assert "another size" in reasons(torch_zip(pickled, {"0": b"\0" * (3 * size + 1)}))


def test_a_missing_storage_is_a_gap() -> None:
    assert "storage 7 is not in the archive" in reasons(torch_zip(b"\x80\x02" + tensor("7", 4) + b"."))


def test_a_storage_that_nothing_uses_is_a_gap() -> None:
    assert not clean(torch_zip(storages={"0": b"\0" * 16, "1": b"\xfe" * 16}))


def test_malice_in_the_pickle_is_found() -> None:
    assert walk(torch_zip(EVIL))[1].issues
    assert walk(torch_zip(b"\x80\x02" + tensor("0", 4) + b"0cos\nsystem\n)R."))[1].issues


def test_malice_in_a_storage_is_found() -> None:
    pickled = b"\x80\x02" + storage_id("0", len(EVIL), "ByteStorage") + b"."
    assert walk(torch_zip(pickled, {"0": EVIL}))[1].issues


def test_malice_in_another_member_is_found() -> None:
    assert walk(torch_zip(archive__extra=EVIL))[1].issues
    assert walk(torch_zip(archive__version=EVIL + b"." * 5000))[1].issues


def test_a_second_data_pickle_is_examined() -> None:
    members = {"a/data.pkl": b"\x80\x02N.", "b/data.pkl": EVIL}
    assert walk(make_zip(members))[1].issues


@pytest.mark.parametrize(
    "key",
    [
        b"X\x07\0\0\0storage",
        b"(X\x06\0\0\0modulectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04t",
        b"(X\x07\0\0\0storageccollections\nOrderedDict\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04t",
        b"(X\x07\0\0\0storagectorch\nSize\nX\x01\0\0\x000X\x03\0\0\0cpuK\x04t",
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuJ\xff\xff\xff\xfft",
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nK\x00X\x03\0\0\0cpuK\x04t",
    ],
)
def test_a_persistent_id_that_names_no_storage_is_a_gap(key: bytes) -> None:
    assert "names no storage" in reasons(torch_zip(b"\x80\x02" + key + b"Q."))


def test_two_sizes_for_one_storage_are_a_gap() -> None:
    pickled = b"\x80\x02" + storage_id("0", 4) + b"0" + storage_id("0", 5) + b"."
    assert "names no storage" in reasons(torch_zip(pickled))


def test_torchscript_is_executable_and_never_clean() -> None:
    shape, findings = walk(torch_zip(**{"archive__code____torch__.py": b"def forward(self):\n  return 1\n"}))
    assert (shape.format, shape.executable) == ("torchscript", "yes")
    assert any("TorchScript" in gap.reason for gap in findings.gaps)


def test_an_encrypted_data_pickle_is_a_gap() -> None:
    data = bytearray(torch_zip())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    assert "encrypted" in reasons(bytes(data))


# Legacy --------------------------------------------------------------------------------------------------------------


def test_a_legacy_file_is_accounted_for_to_its_last_byte() -> None:
    shape, findings = walk(torch_legacy())
    assert (shape.format, shape.executable) == ("torch_legacy", "yes")
    assert not findings.issues
    assert not findings.gaps


@pytest.mark.parametrize("stream", [0, 1, 2, 3, 4])
def test_malice_in_any_stream_of_a_legacy_file_is_found(stream: int) -> None:
    parts = [
        pickle.dumps(0x1950A86A20F9469CFC6C, 2),
        pickle.dumps(1001, 2),
        pickle.dumps({}, 2),
        b"\x80\x02N.",
        b"\x80\x02].",
    ]
    parts[stream] = parts[stream][:-1] + b"cos\nsystem\n)R0."
    assert walk(b"".join(parts))[1].issues


def test_bytes_behind_the_storages_are_a_gap() -> None:
    assert "belong to no pickle stream" in reasons(torch_legacy() + b"\xff\xff")


def test_a_pickle_behind_the_storages_is_never_clean() -> None:
    assert not clean(torch_legacy() + EVIL)


@pytest.mark.parametrize(
    ("keys", "tail", "reason"),
    [
        (("1",), None, "list of storages"),
        (("0", "0"), None, "list of storages"),
        (("0",), struct.pack("<q", 5) + b"\0" * 20, "another length"),
        (("0",), struct.pack("<q", 4) + b"\0" * 8, "truncated"),
        (("0",), b"\4", "truncated"),
    ],
)
def test_storages_that_do_not_fit_are_a_gap(keys: tuple[str, ...], tail: bytes | None, reason: str) -> None:
    assert reason in reasons(torch_legacy(keys=keys, tail=tail))


def test_a_legacy_file_with_a_foreign_persistent_id_is_a_gap() -> None:
    assert "names no storage" in reasons(torch_legacy(b"\x80\x02" + text4("x") + b"Q."))


def test_the_magic_number_as_a_float_is_no_legacy_file() -> None:
    assert walk(pickle.dumps(float(0x1950A86A20F9469CFC6C)))[0].format == "pickle"
