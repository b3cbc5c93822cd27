from __future__ import annotations

import io
import pickle
import struct
import sys
import types
import zlib
from typing import Any

import numpy as np
import pytest
from forged_models import EVIL, clean, reasons, walk


class NumpyArrayWrapper:
    """Stands in for joblib's class, so that a file can be written as joblib writes it.

    Frames count bytes, so its module has a name as long as joblib's, which takes its place in the finished file.
    """

    __module__ = "joblib_numpy_pickle"

    def __init__(self, array: np.ndarray, aligned: bool) -> None:
        self.subclass, self.shape, self.dtype = np.ndarray, array.shape, array.dtype
        self.order, self.allow_mmap = "C", False
        if aligned:
            self.numpy_array_alignment_bytes = 16


sys.modules["joblib_numpy_pickle"] = types.ModuleType("joblib_numpy_pickle")
sys.modules["joblib_numpy_pickle"].NumpyArrayWrapper = NumpyArrayWrapper  # type: ignore[attr-defined]


class Writer(pickle._Pickler):
    """Writes arrays behind their wrappers, as joblib's pickler does."""

    def __init__(self, file: io.BytesIO, protocol: int, aligned: bool) -> None:
        super().__init__(file, protocol)
        self.file, self.aligned = file, aligned

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if not isinstance(obj, np.ndarray):
            return super().save(obj, save_persistent_id)
        super().save(NumpyArrayWrapper(obj, self.aligned))
        if self.proto >= 4:
            self.framer.commit_frame(force=True)
        if obj.dtype.hasobject:
            pickle.dump(obj, self.file, protocol=2)
            return None
        if self.aligned:
            padding = -(self.file.tell() + 1) % 16
            self.file.write(bytes([padding]) + b"\xff" * padding)
        self.file.write(obj.tobytes())
        return None


def joblib(value: Any, protocol: int = 4, aligned: bool = True) -> bytes:
    """A file as joblib writes it."""
    file = io.BytesIO()
    Writer(file, protocol, aligned).dump(value)
    return file.getvalue().replace(b"joblib_numpy_pickle", b"joblib.numpy_pickle")


ARRAYS = [
    np.arange(100.0), np.eye(3, dtype="f4"), np.array([True, False]), np.array(["abc", "d"]), np.array([b"xy"]),
    np.zeros(3, dtype=[("a", "<i4"), ("b", "U3")]), np.array(["2026-01-01"], "M8[D]"), np.array([]), np.array(3),
    np.array([1 + 2j]), np.array(["a", None, 3], dtype=object), np.zeros(2, dtype="V7"), np.array([1], ">u2"),
    np.zeros(0, dtype="S4"), np.frombuffer(b"cos\nsystem\n)R.", dtype="u1") * 0 + 255,
]  # fmt: skip


@pytest.mark.parametrize("aligned", [True, False])
@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("array", ARRAYS, ids=lambda array: str(array.dtype))
def test_inline_arrays_are_accounted_for(array: np.ndarray, protocol: int, aligned: bool) -> None:
    data = joblib({"first": array, "second": [array, "x"]}, protocol, aligned)
    shape, findings = walk(data)
    assert (shape.format, shape.executable) == ("joblib", "yes")
    assert not findings.issues
    assert not findings.gaps


def test_compressed_files_are_joblib() -> None:
    assert walk(zlib.compress(joblib([np.arange(9)])))[0].format == "joblib"
    assert clean(zlib.compress(joblib([np.arange(9)])))


def test_malice_behind_an_array_is_found() -> None:
    data = joblib([np.arange(10.0)])
    assert walk(data[:-2] + EVIL[EVIL.index(b"\x8c") :])[1].issues
    assert walk(data + EVIL)[1].issues


def test_malice_in_an_array_of_objects_is_found() -> None:
    data = joblib([np.array([1], dtype=object)])
    inner = pickle.dumps(np.array([1], dtype=object), protocol=2)
    assert inner in data
    assert walk(data.replace(inner, EVIL))[1].issues


def test_an_array_that_is_a_pickle_for_plain_pickle_is_an_issue() -> None:
    payload = np.frombuffer(b"0cos\nsystem\n(S'id'\ntR.".ljust(32), dtype="u1")
    data = joblib([payload], aligned=False)
    assert any(issue.imported == "os.system" for issue in walk(data)[1].issues)


def test_an_array_whose_padding_is_opcodes_is_an_issue() -> None:
    data = joblib([np.arange(4.0)])
    start = data.index(b"\xff" * 3)
    padding = data[start - 1]
    opcodes = b"N" + b"0cos\nsystem\n)R."
    forged = data[: start - 1] + bytes([0x4E]) + opcodes.ljust(0x4E, b"0") + data[start + padding :]
    assert any(issue.imported == "os.system" for issue in walk(forged)[1].issues)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"K\x05\x85", b"K\x06\x85"),  # one item more than there is
        (b"K\x05\x85", b"J\xff\xff\xff\xff\x85"),  # a negative side
        (b"K\x05\x85", b"N\x85"),
        (b"f8", b"f4"),  # items of half the size
        (b"f8", b"z9"),
    ],
)
def test_a_wrapper_that_lies_is_never_clean(old: bytes, new: bytes) -> None:
    data = joblib([np.arange(5.0)], protocol=2)
    assert old in data
    assert not clean(data.replace(old, new))


def test_a_state_that_enlarges_text_is_never_clean() -> None:
    data = joblib([np.array(["abcd"])], protocol=2)
    assert b"K\x10K\x04" in data
    assert not clean(data.replace(b"K\x10K\x04", b"K\x20K\x04"))


def test_a_wrapper_without_a_dictionary_is_never_clean() -> None:
    data = b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81)b."
    assert "size of an inline array" in reasons(data)


def test_a_wrapper_within_a_frame_is_never_clean() -> None:
    inner = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}b."
    data = b"\x80\x04\x95" + struct.pack("<Q", len(inner)) + inner
    assert "within a pickle frame" in reasons(data)


WRAPPER = b"cjoblib.numpy_pickle\nNumpyArrayWrapper\n"
DTYPE = b"cnumpy\ndtype\n(X\x02\0\0\0u1tR"
STATE = b"}(X\x05\0\0\0shapeK\x05\x85X\x05\0\0\0dtype" + DTYPE + b"u"
ALIGNED = b"}(X\x05\0\0\0shapeK\x05\x85X\x05\0\0\0dtype" + DTYPE + b"X\x1b\0\0\0numpy_array_alignment_bytesK\x10u"
RAW = b"\xff" * 5


def test_the_hand_made_wrapper_is_clean() -> None:
    assert clean(b"\x80\x02" + WRAPPER + b")\x81" + STATE + b"b" + RAW + b".")
    assert clean(b"\x80\x02" + WRAPPER + b")\x81" + ALIGNED + b"b\x02\xff\xff" + RAW + b".")


@pytest.mark.parametrize(
    "stream",
    [
        WRAPPER
        + b")\x81q\x01"
        + ALIGNED
        + b"b\x00"
        + RAW
        + b"0h\x01"
        + STATE
        + b"b"
        + RAW,  # the first state shows through
        WRAPPER
        + b"(cnumpy\nndarray\nK\x05\x85X\1\0\0\0C"
        + DTYPE
        + b"tR"
        + STATE
        + b"b"
        + RAW,  # attributes by arguments
        WRAPPER + b")}\x92" + STATE + b"b" + RAW,
        b"csklearn.neighbors._kd_tree\nnewObj\n" + WRAPPER + b"\x85R" + STATE + b"b" + RAW,  # made by another function
        b"ccopyreg\n__newobj__\n" + WRAPPER + b"\x85R" + STATE + b"b" + RAW,
        b"ctorch._tensor\n_rebuild_from_type_v2\n(csklearn.neighbors._kd_tree\nnewObj\nN("
        + WRAPPER
        + b"lNtR"
        + STATE
        + b"b"
        + RAW,
        b"ccollections\ndefaultdict\n" + WRAPPER + b"\x85R" + STATE + b"b" + RAW,  # no wrapper at all
        WRAPPER
        + b")\x81"
        + STATE
        + b"cbuiltins\nstr\nX\5\0\0\0shape\x85RK\x04\x85sb"
        + RAW[1:],  # a key that is computed
        WRAPPER + b")\x81" + STATE.replace(b"u1", b"M8") + b"b" + RAW,
        WRAPPER + b")\x81" + STATE.replace(b"X\x02\0\0\0u1", b"X\x01\0\0\0M") + b"b" + RAW,
        WRAPPER
        + b")\x81"
        + STATE.replace(b"tR", b"tR(K\3X\1\0\0\0|NNNK\1K\1K\0tbN0(K\3X\1\0\0\0|NNNK\1K\1K\0tb")
        + b"b"
        + RAW,
        b"ccopyreg\n_reconstructor\n(" + WRAPPER + b"cbuiltins\nobject\nK\1tR" + STATE + b"b" + RAW,
        b"]q\x01h\x01a0" + WRAPPER + b"0ccollections\ndeque\nh\x01\x85R",  # a list that holds itself
    ],
)
def test_a_wrapper_that_joblib_may_see_otherwise_is_never_clean(stream: bytes) -> None:
    assert not clean(b"\x80\x02" + stream + b".")


def test_a_key_that_many_keys_hide_is_not_forgotten() -> None:
    many = b"".join(b"X\x06\0\0\0" + b"%06dN" % index for index in range(100_001))
    stream = WRAPPER + b")\x81" + STATE[:-1] + many + b"X\x05\0\0\0shapeK\x06\x85ub" + RAW
    assert not clean(b"\x80\x02" + stream + b".")


def test_old_external_wrappers_are_not_allowed() -> None:
    data = b"\x80\x02cjoblib.numpy_pickle\nNDArrayWrapper\n)\x81}b."
    assert walk(data)[1].issues
