from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from forged_models import clean, reasons, walk

from probatum.collectors.pickles.dtypes import array_agrees, item_of
from probatum.collectors.pickles.values import Blob, DictValue, Global, Instance, ListValue

DTYPES: list[Any] = [
    "i4,(2,3)f8", "O", "i4,O", [("a", [("b", "u1"), ("c", "O")])], "M8[ns]", "m8[D]", "U0", "S", "V", "?",
    "c16", ">U3", "<M8[25s]",
    [(("title", "name"), "f4")], {"names": ["a", "b"], "formats": ["i1", "f8"], "offsets": [0, 8], "itemsize": 32},
    ">i2", "V10",
    [("a", "O", (2,))],
]  # fmt: skip


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("described", DTYPES, ids=str)
def test_real_dtypes_agree_with_themselves(described: Any, protocol: int) -> None:
    assert clean(pickle.dumps([np.dtype(described), np.dtype(described)], protocol))


def dtype(code: Any = "f8", state: Any = None, builds: int = 1) -> Instance:
    return Instance(Global("numpy", "dtype"), (code, False, True), state, builds)


def state(
    *,
    parts: Any = None,
    names: Any = None,
    fields: Any = None,
    size: Any = -1,
    flags: Any = 0,
    version: int = 3,
    order: Any = "<",
) -> Any:
    return (version, order, parts, names, fields, size, 1, flags)


def record(**fields: Any) -> dict[str, Any]:
    return {"names": tuple(fields), "fields": DictValue(fields)}


F8 = dtype("f8", state())
OBJECT = dtype("O8", state(order="|", flags=63))


@pytest.mark.parametrize(
    ("value", "item"),
    [
        (dtype("f8"), (8, False)),
        (F8, (8, False)),
        (OBJECT, (8, True)),
        (dtype("U5", state(size=20)), (20, False)),
        (dtype("S5", state(size=5)), (5, False)),
        (dtype("b", None), (1, False)),
        (dtype("V7", None), (7, False)),
        (dtype("V7", state(size=7)), (7, False)),
        (dtype("V16", state(**record(a=(F8, 0), b=(F8, 8)), size=16)), (16, False)),
        (dtype("V16", state(**record(a=(F8, 0), b=(OBJECT, 8)), size=16, flags=27)), (16, True)),
        (dtype("V24", state(parts=(F8, (3,)), size=24)), (24, False)),
        (dtype("V24", state(parts=(F8, 3), size=24)), (24, False)),
    ],
)
def test_items_are_known(value: Instance, item: tuple[int, bool]) -> None:
    assert item_of(value) == item


@pytest.mark.parametrize(
    "value",
    [
        None,
        "f8",
        Instance(None, ("f8",)),
        Instance(Global("numpy", "ndarray"), ("f8",)),
        Instance(Global("numpy", "dtype"), None),
        Instance(Global("numpy", "dtype"), ()),
        dtype(5),
        dtype("z9"),
        dtype("3f8"),
        dtype("M"),
        dtype("f8", state(), builds=2),
        dtype("f8", "state"),
        dtype("f8", (3, "<", None)),
        dtype("f8", state(version=9)),
        dtype("f8", state(order="x")),
        dtype("f8", state(size="8")),
        dtype("f8", state(size=16)),
        dtype("f8", state(flags=1)),
        dtype("f8", state(parts=(F8, (2,)))),
        dtype("f8", state(**record(a=(F8, 0)))),
        dtype("U5", state(size=-1)),
        dtype("U5", state(size=40)),
        dtype("O8", state(flags=0)),
        dtype("O8", state(order="|", flags=0x77)),
        dtype("V16", state(**record(a=(F8, 0), b=(OBJECT, 8)), size=16, flags=1)),
        dtype("m8", state()),
        dtype("M8", (*state(version=4), None)),
        dtype("M8", (*state(version=4), (None, (Blob(0, 2), 1, 1, None)))),
        dtype("M8", (*state(version=4), (None, ("ns", 1, 1, 1)))),
        dtype("V7", state(size=8)),
        dtype("V7", state(size=7, flags=1)),
        dtype("V8", state(**record(a=(F8, 1)), size=8)),
        dtype("V8", state(**record(a=(F8, -1)), size=8)),
        dtype("V8", state(**record(a=(OBJECT, 0)), size=8)),
        dtype("V8", state(**record(a=(F8, 0)), size=8, flags=1)),
        dtype("V8", state(**record(a=(F8,)), size=8)),
        dtype("V8", state(**record(a=(F8, "0")), size=8)),
        dtype("V8", state(**record(a=("f8", 0)), size=8)),
        dtype("V8", state(names=("b",), fields=DictValue({"a": (F8, 0)}), size=8)),
        dtype("V8", state(names=("a",), fields=DictValue({"a": (F8, 0)}, whole=False), size=8)),
        dtype("V8", state(names=None, fields=DictValue({"a": (F8, 0)}), size=8)),
        dtype("V8", state(names=("a",), fields=5, size=8)),
        dtype("V8", state(parts=(F8, (2,)), size=8)),
        dtype("V8", state(parts=(F8, (-1,)), size=8)),
        dtype("V8", state(parts=F8, size=8)),
    ],
)
def test_a_dtype_that_does_not_agree_with_itself_is_none(value: Any) -> None:
    assert item_of(value) is None


def test_dtypes_nested_without_end_are_none() -> None:
    value = dtype("V8", None)
    for _ in range(20):
        value = dtype("V8", state(**record(a=(value, 0)), size=8))
    assert item_of(value) is None


def test_a_dtype_that_lies_is_never_clean() -> None:
    data = pickle.dumps(np.dtype("i4,O"), 2)
    position = data.rindex(b"K\x1b") if b"K\x1b" in data else data.rindex(b"K?")
    forged = data[: position + 1] + b"\0" + data[position + 2 :]
    assert clean(data)
    assert "does not agree with itself" in reasons(forged)
    assert not walk(forged)[1].issues


@pytest.mark.parametrize(
    ("shape", "kind", "data", "agrees"),
    [
        ((2, 2), OBJECT, ListValue([1, 2, 3, 4]), True),
        ((2, 2), OBJECT, ListValue([1, 2], more=2), True),
        ((), OBJECT, ListValue([1]), True),
        ((0,), OBJECT, ListValue([]), True),
        ((2,), F8, Blob(0, 16), True),
        ((2, 2), OBJECT, ListValue([1, 2, 3]), False),
        ((40,), OBJECT, ListValue([1, 2]), False),
        ((2,), OBJECT, Blob(0, 16), False),
        ((2,), dtype("z"), Blob(0, 16), False),
        ((-1,), OBJECT, ListValue([]), False),
        ("2", OBJECT, ListValue([]), False),
    ],
)
def test_arrays_hold_what_their_shape_says(shape: Any, kind: Any, data: Any, agrees: bool) -> None:
    assert array_agrees((1, shape, kind, False, data)) == agrees


def test_an_array_that_lies_about_its_objects_is_never_clean() -> None:
    data = pickle.dumps(np.array([1, "a"], dtype=object), 2)
    assert data.count(b"K\x01K\x02\x85") == 1
    assert clean(data)
    assert "does not hold what its shape says" in reasons(data.replace(b"K\x01K\x02\x85", b"K\x01K\x28\x85"))
    assert not array_agrees(None)
    assert not array_agrees((1, (2,)))
