from __future__ import annotations

import collections
import datetime as dt
import decimal
import os
import pickle
import pickletools
import struct

import numpy as np
import pytest
from forged_models import EVIL, Evil, clean, imports, reasons, text4, walk

from probatum.collectors.formats.source import Cursor, MemoryRegion
from probatum.collectors.formats.visit import Budget, Limits, OverLimitError
from probatum.collectors.pickles.allow_list import AllowList
from probatum.collectors.pickles.machine import Machine
from probatum.collectors.pickles.opcodes import TABLE
from probatum.collectors.pickles.record import Record
from probatum.collectors.pickles.values import Blob, DictValue, Global, Instance, ListValue


def unpickle(data: bytes) -> object:
    """The simulated value of a stream."""
    return Machine(Cursor(MemoryRegion(data)), Record(AllowList(), Budget(Limits()))).run()


def test_table_has_every_opcode_of_the_standard_library() -> None:
    known = {opcode.code.encode("latin-1") for opcode in pickletools.opcodes}
    assert set(TABLE) | {b"."} == known


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -1, 255, 65_536, -(2**40), 2**2000, 1.5, "text", "ünï\ud800", "x" * 5000, (), (1,), (1,
        2),
        (1, 2, 3), (1, 2, 3, 4),
    ],
)  # fmt: skip
def test_plain_values_come_out_as_the_real_unpickler_gives_them(value: object, protocol: int) -> None:
    data = pickle.dumps(value, protocol)
    seen = unpickle(data)
    assert seen == value or (isinstance(value, str) and len(value) > 4096)
    assert clean(data)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        [1, [2]], {"a": {"b": 1}}, {1, 2}, frozenset({3}), b"bytes", b"x" * 300, bytearray(b"abc"), 1 + 2j, range(3),
        slice(1),
        collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.Counter("aab"),
        collections.deque([1], 3),
        dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(1), decimal.Decimal("1.5"), Ellipsis,
        np.arange(12).reshape(3, 4), np.float64(1.5), np.array(["a", None], dtype=object), np.zeros(3, "i4,U3"),
        np.random.default_rng(1), np.random.RandomState(1), np.ma.masked_array([1, 2], [0, 1]), np.array("2026",
        "M8[D]"),
        np.dtype("f4"), np.float32, np.asfortranarray(np.eye(3)), np.array([1], ">i2"),
    ],
    ids=lambda value: type(value).__name__,  # repr would hold addresses
)  # fmt: skip
def test_benign_objects_are_clean_in_every_protocol(value: object, protocol: int) -> None:
    shape, findings = walk(pickle.dumps([value, value], protocol))
    assert (shape.format, shape.executable) == ("pickle", "yes")
    assert not findings.issues
    assert not findings.gaps


def test_containers_are_simulated() -> None:
    value = unpickle(pickle.dumps({"a": [1, b"xyz"], "b": {5}}, 5))
    assert isinstance(value, DictValue)
    items = value.items["a"]
    assert isinstance(items, ListValue)
    assert items.items[0] == 1
    assert isinstance(items.items[1], Blob)
    assert items.items[1].size == 3


def test_instances_keep_maker_arguments_and_state() -> None:
    value = unpickle(pickle.dumps(np.dtype("f4"), 4))
    assert isinstance(value, Instance)
    assert isinstance(value.maker, Global)
    assert value.maker.path == "numpy.dtype"
    assert value.args[0] == "f4"
    assert value.state[1] == "<"


@pytest.mark.parametrize("protocol", range(6))
def test_a_call_of_the_system_is_found(protocol: int) -> None:
    shape, findings = walk(pickle.dumps(["benign", Evil()], protocol))
    assert [(issue.severity, issue.imported) for issue in findings.issues] == [("critical", f"{os.name}.system")]
    assert shape.executable == "yes"


MALICIOUS = {
    "protocol 0 GLOBAL": b"cos\nsystem\n(S'id'\ntR.",
    "no STOP": b"cos\nsystem\n(S'id'\ntR",
    "garbage behind": b"cos\nsystem\n(S'id'\ntR\xff\xff",
    "dotted name": b"\x80\x04" + text4("logging") + text4("os.system") + b"\x93" + text4("id") + b"\x85R.",
    "dotted name, protocol 0": b"\x80\x04clogging\nos.system\n(S'id'\ntR.",
    "dotted name of an allowed module": b"\x80\x04" + text4("numpy") + text4("ndarray.tofile") + b"\x93)R.",
    "dotted class method": b"\x80\x04ccollections\nOrderedDict.fromkeys\n)R.",
    "INST": b"(S'id'\nios\nsystem\n.",
    "INST with carriage return": b"(S'id'\nios\r\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'id'\no.",
    "NEWOBJ": b"\x80\x02csubprocess\nPopen\nX\x02\0\0\0id\x85\x81.",
    "NEWOBJ_EX": b"\x80\x04" + text4("subprocess") + text4("Popen") + b"\x93)}\x92.",
    "no newline at the end": b"\x80\x02cos\nsystemX",
    "import alone": b"\x80\x02cpty\nspawn\n.",
    "popped import": b"\x80\x02cpty\nspawn\n0N.",
    "popped by mark": b"\x80\x02(cpty\nspawn\n1N.",
    "names from the memo": b"\x80\x04" + text4("os") + b"\x940" + text4("system") + b"\x940h\0h\x01\x93)R.",
    "names by DUP": b"\x80\x04" + text4("posix") + b"2\x93.",
    "names by PUT and GET": b"\x80\x04Vos\np7\n0Vsystem\np900\n0g7\ng900\n\x93)R.",
    "names by LONG_BINPUT": b"\x80\x04Vos\nr\x01\x02\0\x000Vsystem\nq\x050j\x01\x02\0\0h\x05\x93)R.",
    "names in a tuple unpacked by POP_MARK": b"\x80\x04(I1\nI2\n1" + text4("os") + text4("system") + b"\x93)R.",
    "names by STRING": b"\x80\x04S'o\\x73'\nS\"system\"\n\x93)R.",
    "names by BINSTRING": b"\x80\x04T\x02\0\0\0osU\x06system\x93)R.",
    "names by UNICODE escapes": b"\x80\x04V\\u006fs\nVsystem\n\x93)R.",
    "names by BINUNICODE8": b"\x80\x04\x8d\x02\0\0\0\0\0\0\0os\x8d\x06\0\0\0\0\0\0\0system\x93)R.",
    "overwritten memo": b"\x80\x04Vos\nq\x000Vsystem\nq\x010Vnumpy\nq\x020h\0h\x01\x93)R.",
    "unicode name": "c\u00f6s\nsystem\n)R.".encode(),
    "Python 2 name": b"c__builtin__\neval\n(S'1'\ntR.",
    "Python 2 rename": b"ccommands\ngetoutput\n(S'id'\ntR.",
    "getattr": b"\x80\x04cbuiltins\ngetattr\n(ccollections\nOrderedDict\nVfromkeys\ntR.",
    "code.interact": b"\x80\x04ccode\ninteract\n)R.",
    "torch.hub": b"\x80\x04ctorch.hub\nload\n(Vx/y\nVz\ntR.",
    "ctypes": b"\x80\x04cctypes\nCDLL\n(Vlibc.so.6\ntR.",
    "second stream": pickle.dumps([1]) + EVIL,
    "fifth stream": pickle.dumps(1) * 4 + EVIL,
    "ufunc reconstruct": b"\x80\x04cnumpy.core\n_ufunc_reconstruct\n(Vos\nVsystem\ntR.",
    "numpy.load": b"\x80\x04cnumpy\nload\n(Vx.npy\ntR.",
    "functools.partial": b"\x80\x04cfunctools\npartial\n(cbuiltins\nint\ntR.",
    "unlisted class": b"\x80\x04cmy.module\nModel\n)\x81.",
    "build with setstate": b"\x80\x02ccollections\nOrderedDict\n)\x81}X\x0c\0\0\0__setstate__"
    b"cos\nsystem\nsbX\x02\0\0\0idb.",
    "behind a long string": b"\x80\x02X\x88\x13\0\0" + b"a" * 5000 + b"0cos\nsystem\n)R.",
    "behind 100,000 opcodes": b"\x80\x02" + b"K\x010" * 100_000 + b"cos\nsystem\n)R.",
    "in a frame that lies": b"\x80\x04\x95\xff\xff\0\0\0\0\0\0cos\nsystem\n)R.",
    "in overlapping frames": b"\x80\x04\x95\x20\0\0\0\0\0\0\0\x95\x20\0\0\0\0\0\0\0cos\nsystem\n)R." + b"N" * 40,
    "in a persistent id": b"\x80\x02cos\nsystem\n)RQ.",
    "in a dictionary key": b"\x80\x02}cos\nsystem\nK\x01s.",
}  # fmt: skip


@pytest.mark.parametrize("data", MALICIOUS.values(), ids=MALICIOUS.keys())
def test_every_trick_to_import_is_an_issue(data: bytes) -> None:
    shape, findings = walk(data)
    assert findings.issues
    assert shape.executable == "yes"


SUSPICIOUS = {
    "BUILD on a class": b"\x80\x02ccollections\nOrderedDict\n}b.",
    "SETITEM on a class": b"\x80\x02ccollections\nOrderedDict\nK\x01K\x02s.",
    "APPEND on a class": b"\x80\x02ccollections\nOrderedDict\nK\x01a.",
    "call of a result": b"\x80\x02ccollections\nOrderedDict\n)R)R.",
    "call of a string": b"\x80\x02X\x02\0\0\0os)R.",
    "computed module": b"\x80\x04cbuiltins\nstr\n(X\x02\0\0\0ostR" + text4("system") + b"\x93.",
    "computed name": b"\x80\x04" + text4("os") + b"c_codecs\nencode\n(X\x06\0\0\0systemX\x05\0\0\0rot13tR\x93.",
    "long name": b"\x80\x04" + text4("os") + b"X\x00\x20\0\0" + b"a" * 8192 + b"\x93.",
    "load_from_bytes of a computed value": (
        b"\x80\x02ctorch.storage\n_load_from_bytes\n(ccollections\nOrderedDict\n)RtR."
    ),
    "load_from_bytes as a value": b"\x80\x02ctorch.storage\n_load_from_bytes\n\x85.",
    "load_from_bytes as a default factory": (
        b"\x80\x02ccollections\ndefaultdict\n(ctorch.storage\n_load_from_bytes\ntR."
    ),
    "load_from_bytes of a pickle": b"\x80\x02ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I",
    len(EVIL)) + EVIL + b"tR.",
}  # fmt: skip


@pytest.mark.parametrize("data", SUSPICIOUS.values(), ids=SUSPICIOUS.keys())
def test_allowed_imports_used_against_the_rules_are_issues(data: bytes) -> None:
    assert walk(data)[1].issues


UNRESOLVED = {
    "EXT1": (b"\x80\x02\x82\x01.", "extension code 1"),
    "EXT2": (b"\x80\x02\x83\x01\x01)R.", "extension code 257"),
    "EXT4": (b"\x80\x02\x84\x01\0\0\x01.", "extension code 16777217"),
    "PERSID": (b"\x80\x02Pid\n.", "persistent id"),
    "BINPERSID": (b"\x80\x02X\x02\0\0\0idQ.", "persistent id"),
    "NEXT_BUFFER": (b"\x80\x05\x97\x98.", "buffer that lies outside"),
    "truncated": (pickle.dumps(list(range(1000)))[:-1], "breaks off"),
    "truncated in a payload": (b"\x80\x04B\xff\0\0\0abc", "breaks off"),
    "unknown opcode": (b"\x80\x04\xfe.", "unknown opcode"),
    "unknown protocol": (b"\x80\x05\x80\x09N.", "unknown pickle protocol 9"),
    "empty stack": (b"\x80\x04R.", "breaks off"),
    "nothing to pop": (b"\x80\x040.", "breaks off"),
    "no mark": (b"\x80\x04t.", "breaks off"),
    "unput memo": (b"\x80\x04h\x05.", "never put"),
    "negative put": (b"\x80\x04Np-1\n.", "negative memo index"),
    "odd items": (b"\x80\x04}(K\x01u.", "odd number"),
    "items for a tuple": (b"\x80\x04)K\x01a.", "takes none"),
    "setitem for a tuple": (b"\x80\x04)K\x01K\x01s.", "takes none"),
    "state for a tuple": (b"\x80\x04)}b.", "takes none"),
    "unquoted STRING": (b"\x80\x04Sab\n.", "not quoted"),
    "negative length": (b"\x80\x04T\xff\xff\xff\xffab.", "negative"),
    "negative LONG4": (b"\x80\x04\x8b\xff\xff\xff\xffab.", "negative"),
    "OBJ without class": (b"\x80\x04(o.", "breaks off"),
    "name that is no text": (b"\x80\x04K\x01K\x02\x93.", "is no text"),
    "READONLY_BUFFER of nothing": (b"\x80\x05\x98.", "breaks off"),
    "frame that lies": (b"\x80\x04\x95\xff\0\0\0\0\0\0\0N.", "ends behind the content"),
    "overlapping frames": (b"\x80\x04\x95\x0c\0\0\0\0\0\0\0\x95\x02\0\0\0\0\0\0\0N." + b"N.", "begins within another"),
    "bytes behind": (b"\x80\x04N.\xff\xff\xff", "3 bytes from offset 4"),
    "padding behind": (b"\x80\x04N." + b"\0" * 100, "100 bytes"),
    "endless line": (b"\x80\x02c" + b"a" * 2_000_000, "no newline"),
}


@pytest.mark.parametrize(("data", "reason"), UNRESOLVED.values(), ids=UNRESOLVED.keys())
def test_what_cannot_be_followed_is_a_gap(data: bytes, reason: str) -> None:
    assert reason in reasons(data)
    assert walk(data)[0].executable == "yes"


def test_what_came_before_a_break_is_reported() -> None:
    assert imports(EVIL[:-3]) == {f"{os.name}.system"}


def test_load_from_bytes_of_a_benign_literal_is_examined_and_clean() -> None:
    inner = pickle.dumps([1, 2], 2)
    data = b"\x80\x02ctorch.storage\n_load_from_bytes\n(B" + struct.pack("<I", len(inner)) + inner + b"tR."
    assert clean(data)


def test_deep_nesting_needs_no_recursion() -> None:
    data = b"\x80\x04" + b"]" * 200_000 + b"a" * 199_999 + b"."
    assert clean(data)


def test_deep_marks_end_where_the_stream_ends() -> None:
    assert "breaks off" in reasons(b"\x80\x04" + b"(" * 100_000)


def test_large_payloads_are_skipped_not_read() -> None:
    class Sparse:
        size = 1 << 40

        def read_at(self, offset: int, count: int) -> bytes:
            assert count <= 1 << 20
            head = b"\x80\x05\x8e" + struct.pack("<Q", self.size - 12)
            data = head if offset == 0 else b"."
            return data[:count]

        def region(self, offset: int, size: int) -> Sparse:
            raise AssertionError

    value = Machine(Cursor(Sparse()), Record(AllowList(), Budget(Limits()))).run()
    assert isinstance(value, Blob)
    assert value.size == (1 << 40) - 12


def test_too_many_imports_end_the_walk() -> None:
    data = b"\x80\x02" + b"".join(b"cmod%d\nname\n0" % index for index in range(2_001)) + b"N."
    _, findings = walk(data)
    assert any("2000 different imports" in gap.reason for gap in findings.gaps)
    assert findings.issues


def test_too_many_persistent_ids_end_the_walk() -> None:
    record = Record(AllowList(), Budget(Limits()))
    record.keys = [None] * 100_000
    with pytest.raises(OverLimitError):
        record.persistent("one more")


def test_time_is_limited_and_what_was_found_is_kept() -> None:
    data = b"\x80\x02cos\nsystem\n0" + b"K\x010" * 500_000 + b"N."
    _, findings = walk(data, seconds=0.001)
    assert findings.issues
    assert any("not examined whole within" in gap.reason for gap in findings.gaps)


@pytest.mark.parametrize(
    "text",
    ["", "cat\ndog\nbird\n", "config\nsomething\n", "(c) 2026 The authors\nAll rights reserved\nc\n", "Note: this\n",
    "I1\nfoo",
     "numpy==2.0\ncertifi==2026\n", "0 1 2\n", "]\n", "iris\nsetosa\n", "# Title\n\ncos\nsystem\n", "The end.\n"],
)  # fmt: skip
def test_text_is_not_taken_for_a_pickle(text: str) -> None:
    shape, findings = walk(text.encode())
    assert shape.format in ("text", "empty")
    assert not findings.issues
    assert not findings.gaps
