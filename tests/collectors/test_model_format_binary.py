from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from forged_models import clean, walk

# GGUF ----------------------------------------------------------------------------------------------------------------


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor_info(name: str, dimensions: list[int], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(dimensions)}QIQ", len(dimensions), *dimensions, kind, offset)


def gguf(keys: list[bytes], tensors: list[bytes], data: bytes, *, version: int = 3, counts: Any = None) -> bytes:
    tensor_count, key_count = counts or (len(tensors), len(keys))
    head = b"GGUF" + struct.pack("<IQQ", version, tensor_count, key_count) + b"".join(keys) + b"".join(tensors)
    return head + b"\0" * (-len(head) % 32) + data


KEYS = [
    key("general.architecture", 8, text("llama")),
    key("a.flag", 7, b"\1"),
    key("a.array", 9, struct.pack("<IQ", 4, 3) + b"\0" * 12),
    key("a.words", 9, struct.pack("<IQ", 8, 2) + text("x") + text("y")),
    key("a.nested", 9, struct.pack("<IQ", 9, 1) + struct.pack("<IQ", 0, 2) + b"\1\2"),
]


def test_a_sound_gguf_does_not_execute() -> None:
    data = gguf(
        KEYS, [tensor_info("a", [32, 2], 8, 0), tensor_info("b", [3], 0, 96)], b"\0" * 68 + b"\0" * 28 + b"\0" * 12
    )
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("gguf", "no")
    assert not findings.problems
    assert clean(data)
    assert clean(gguf(KEYS, [], b""))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (gguf(KEYS, [], b"", version=9), "version 9"),
        (gguf(KEYS, [], b"", counts=(2**40, 1)), "do not fit"),
        (gguf(KEYS, [], b"", counts=(0, 2**60)), "do not fit"),
        (gguf([key("a", 77, b"")], [], b""), "unknown value type 77"),
        (gguf([key("a", 9, struct.pack("<IQ", 9, 1) * 9)], [], b""), "unknown value type 9"),
        (gguf([key("a", 9, struct.pack("<IQ", 5, 2**50))], [], b""), "truncated"),
        (gguf([struct.pack("<Q", 999) + b"a" * 50], [], b"", counts=(0, 1)), "truncated"),
        (gguf([key("general.alignment", 4, struct.pack("<I", 7))], [], b""), "alignment 7"),
        (gguf([], [tensor_info("a", [1] * 9, 0, 0)], b"\0" * 4), "9 dimensions"),
        (gguf([], [tensor_info("a", [3], 999, 0)], b"\0" * 12), "unknown type 999"),
        (gguf([], [tensor_info("a", [3], 8, 0)], b"\0" * 34), "whole number of blocks"),
        (gguf([], [tensor_info("a", [3], 0, 64)], b"\0" * 76), "overlaps another or leaves a hole"),
        (gguf([], [tensor_info("a", [9], 0, 0), tensor_info("b", [3], 0, 32)], b"\0" * 44), "overlaps"),
        (gguf([], [tensor_info("a", [3], 0, 0)], b"\0" * 8), "the tensors end at byte"),
        (gguf([], [tensor_info("a", [3], 0, 0)], b"\0" * 99), "the file at byte"),
    ],
)
def test_every_rule_of_gguf_is_checked(data: bytes, reason: str) -> None:
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("gguf", "possible")
    assert reason in "; ".join(findings.problems)


def test_a_template_that_reaches_for_internals_is_an_issue() -> None:
    good = key("tokenizer.chat_template", 8, text("{% for m in messages %}{{ m.content }}{% endfor %}"))
    bad = key("tokenizer.chat_template", 8, text("{{ ''.__class__.__mro__[1].__subclasses__() }}"))
    assert clean(gguf([good], [], b""))
    assert any("chat template" in issue.message for issue in walk(gguf([bad], [], b""))[1].issues)


# NumPy ---------------------------------------------------------------------------------------------------------------


def npy(header: bytes, data: bytes, version: bytes = b"\1\0") -> bytes:
    return b"\x93NUMPY" + version + struct.pack("<H" if version == b"\1\0" else "<I", len(header)) + header + data


def described(descr: str, shape: str = "(2,)") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()


@pytest.mark.parametrize(
    "array",
    [
        np.arange(5), np.eye(3, dtype="f2"), np.array(1.5), np.zeros((0, 3)), np.array(["abc"]), np.array([b"x"]),
        np.array(["2026"], "M8[D]"), np.zeros(2, "i4,(2,3)f8"), np.zeros(2, [("a", [("b", "u1")])]), np.array([True]),
        np.asfortranarray(np.eye(2)), np.zeros(2, "V5"), np.array([1j]), np.zeros(3, [("ü", "f4")]),
    ],
    ids=lambda array: str(array.dtype),
)  # fmt: skip
def test_real_arrays_do_not_execute(array: np.ndarray) -> None:
    buffer = io.BytesIO()
    np.save(buffer, array)
    shape, findings = walk(buffer.getvalue())
    assert (shape.format, shape.executable) == ("npy", "no")
    assert not findings.problems
    assert "follow the header" in str(list(walk(buffer.getvalue() + b"\0")[1].problems))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (npy(described("'<f4'"), b"\0" * 8, b"\7\0"), "version (7, 0)"),
        (npy(described("'<f4'"), b"\0" * 7), "takes 8 bytes, 7 follow"),
        (npy(b"{'descr': '<f4'}", b""), "not a literal"),
        (npy(b"__import__('os')", b""), "not a literal"),
        (npy(b"(" * 5000, b""), "not a literal"),
        (npy(b"-" * 60_000 + b"1", b"", b"\3\0"), "not a literal"),
        (npy(b"\xff\xfe", b""), "not a literal"),
        (npy(b"[1]", b""), "not a literal"),
        (npy(described("'<q9z'"), b""), "not a literal"),
        (npy(described("5"), b""), "not a literal"),
        (npy(described("[('a',)]"), b""), "not a literal"),
        (npy(described("[('a', 'f4', 'x')]"), b""), "not a literal"),
        (npy(described("'<f4'", "(-2,)"), b""), "not a literal"),
        (npy(described("'<f4'", "[2]"), b""), "not a literal"),
        (b"\x93NUMPY\1\0\xff\xff{", "said to be 65535 bytes"),
        (b"\x93NUMPY", "version"),
    ],
)
def test_every_rule_of_npy_is_checked(data: bytes, reason: str) -> None:
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("npy", "possible")
    assert reason in "; ".join(findings.problems)


def test_objects_in_a_record_make_it_a_pickle() -> None:
    shape, findings = walk(npy(described("[('a', '<f4'), ('b', '|O')]"), b"\x80\x04cos\nsystem\n)R."))
    assert shape.format == "npy_object"
    assert findings.issues


def test_an_object_array_without_a_pickle_is_a_gap() -> None:
    assert not clean(npy(described("'|O'"), b"\xff\xff"))
    assert not clean(npy(described("'|O'"), b"\x80\x04N.") + b"\xff\xff")
