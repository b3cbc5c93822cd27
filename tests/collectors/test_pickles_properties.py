from __future__ import annotations

import bz2
import contextlib
import datetime as dt
import decimal
import gzip
import io
import lzma
import pickle
import pickletools
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
from forged_models import clean, imports, make_zip, text4, torch_legacy, torch_zip, walk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.complex_numbers()
    | st.datetimes() | st.timedeltas() | st.dates() | st.decimals(allow_nan=False) | st.builds(bytearray, st.binary())
    | st.builds(lambda items: np.array(items), st.lists(st.floats(), max_size=5))
    | st.builds(lambda items: np.array([*items, None], dtype=object), st.lists(st.integers(), max_size=3))
)  # fmt: skip
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary()
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(KEYS, inner, max_size=4)
        | st.sets(KEYS, max_size=4) | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=12,
)  # fmt: skip
PROTOCOLS = st.integers(0, 5)
IDENTIFIERS = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
WRAPS: list[Callable[[bytes], bytes]] = [
    lambda data: data, gzip.compress, zlib.compress, bz2.compress, lzma.compress,
    lambda data: make_zip({"member": data}),
    lambda data: make_zip({"a/data.pkl": data}), lambda data: pickle.dumps([1]) + data,
]  # fmt: skip
QUICK = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


class Planted:
    """Pickles as a marker that is replaced by an import."""

    def __init__(self, opcodes: bytes) -> None:
        self.opcodes = opcodes


class Planter(pickle._Pickler):
    """Writes the opcodes of a `Planted` where the object stands."""

    def save(self, obj: Any, save_persistent_id: bool = True) -> None:
        if isinstance(obj, Planted):
            self.write(obj.opcodes)
        else:
            super().save(obj, save_persistent_id)


def plant(value: Any, protocol: int) -> bytes:
    file = io.BytesIO()
    Planter(file, protocol).dump(value)
    return file.getvalue()


@given(VALUES, PROTOCOLS, st.sampled_from(WRAPS))
@QUICK
def test_objects_of_allowed_types_are_clean(value: Any, protocol: int, wrap: Callable[[bytes], bytes]) -> None:
    assert clean(wrap(pickle.dumps(value, protocol)))


def names_on_the_stack(module: str, name: str) -> bytes:
    return text4(module) + text4(name) + b"\x93"


def names_in_a_line(module: str, name: str) -> bytes:
    return f"c{module}\n{name}\n".encode()


def names_in_the_memo(module: str, name: str) -> bytes:
    return (
        text4(module)
        + b"r\xff\xff\xff\x000"
        + text4(name)
        + b"r\xfe\xff\xff\x000"
        + b"j\xff\xff\xff\x00j\xfe\xff\xff\x00\x93"
    )


def instance(module: str, name: str) -> bytes:
    return f"(i{module}\n{name}\n".encode()


WAYS = [names_on_the_stack, names_in_a_line, names_in_the_memo, instance]
PLACES: list[Callable[[Any, Any], Any]] = [
    lambda value, bad: [value, bad], lambda value, bad: [bad, value], lambda value, bad: {"a": bad, "b": value},
    lambda value, bad: (value, (bad,)), lambda value, bad: [[[[bad]]], value], lambda value, bad: bad,
]  # fmt: skip


@given(
    VALUES, PROTOCOLS, st.sampled_from(WRAPS), st.sampled_from(WAYS), st.sampled_from(PLACES), IDENTIFIERS, IDENTIFIERS,
    st.sampled_from(["", ")R", "}b", "0N"]),
)  # fmt: skip
@QUICK
def test_an_import_that_is_not_allowed_is_never_clean(
    value: Any, protocol: int, wrap: Callable[[bytes], bytes], way: Any, place: Any, module: str, name: str, then: str
) -> None:
    module = f"unlisted.{module}"
    data = plant(place(value, Planted(way(module, name) + then.encode())), protocol)
    assert not clean(wrap(data))
    assert f"{module}.{name}" in imports(wrap(data))


SEEDS = [
    pickle.dumps({"a": [1, np.arange(3), dt.date(2026, 1, 1), decimal.Decimal(1)]}, protocol) for protocol in range(6)
] + [torch_zip(), torch_legacy(), make_zip({"x": pickle.dumps([1])}), gzip.compress(pickle.dumps("x"))]  # fmt: skip


@given(
    st.sampled_from(SEEDS),
    st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=6),
    st.integers(0, 2000),
)
@QUICK
def test_damaged_files_never_crash_the_walk(seed: bytes, changes: list[tuple[int, int]], cut: int) -> None:
    data = bytearray(seed)
    for position, value in changes:
        data[position % len(data)] = value
    shape, findings = walk(bytes(data[: cut or None]), seconds=20.0)
    assert shape.executable in ("no", "possible", "yes")
    assert all(issue.severity in ("critical", "high", "medium", "low") for issue in findings.issues)


@given(st.sampled_from(SEEDS[:6]), st.integers(1, 500))
@QUICK
def test_a_truncated_pickle_is_never_clean(seed: bytes, cut: int) -> None:
    if cut < len(seed):
        assert not clean(seed[:-cut]) or not walk(seed[:-cut])[0].pickled


@given(st.binary(max_size=400))
@QUICK
def test_random_bytes_never_crash_the_walk(data: bytes) -> None:
    shape, _ = walk(data, seconds=20.0)
    assert shape.format


FRAGMENTS = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes] + [
    b"cos\nsystem\n", b"(ios\nsystem\n", b"cos\nsystem", text4("os"), text4("system"), text4("a.b"), b"S'os'\n",
    b"Vos\n", b"p1\n", b"g1\n",
    b"q\x01", b"h\x01", b"r\1\0\0\0", b"j\1\0\0\0", b"\x94", b"h\0", b"\x95\x09\0\0\0\0\0\0\0", b"K\1", b"U\2os",
    b"T\6\0\0\0system",
    b"C\2ab", b"\x8a\1\1", b"I1\n", b"L1L\n", b"F1\n", b"\x80\2", b"\x80\4", b"2", b"(", b"\x93", b".", b"N", b")",
    b"]", b"}",
]  # fmt: skip


@given(st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=3), max_size=14).map(b"".join))
@settings(QUICK, max_examples=600)
def test_what_the_real_unpickler_imports_is_always_seen(tail: bytes) -> None:
    """A differential test: whatever the interpreter's own unpickler imports, the walk saw too, or it is not clean."""
    data = b"\x80\x04" + tail
    asked: list[tuple[str, str]] = []

    class Asking(pickle._Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            asked.append((module, name))
            return dict

    with contextlib.suppress(Exception):
        Asking(io.BytesIO(data)).load()
    seen = imports(data)
    assert all(f"{module}.{name}" in seen for module, name in asked if name and f"{module}.{name}".isprintable())
