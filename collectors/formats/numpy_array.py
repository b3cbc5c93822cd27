"""NumPy's ``.npy``: a header that is a Python literal, then raw items, or a pickle when the items are objects.

Source: NEP 1 and ``numpy/lib/format.py``.
"""

from __future__ import annotations

import ast
import math
import re
from typing import Any

from ..pickles.analysis import examine_pickle
from .source import Source
from .visit import Shape, Visit

MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 65_536
_CODE = re.compile(r"[<>|=]?(?:([?])|([biufcmMSUaVO])(\d+)?(?:\[[0-9a-zA-Z]+\])?)")
_DEEPEST = 16


def examine_npy(source: Source, visit: Visit) -> Shape:
    """Check that the header says exactly what follows it."""
    version = source.read_at(6, 2)
    if version not in (b"\x01\x00", b"\x02\x00", b"\x03\x00"):
        visit.problem(f"unknown version {tuple(version)} of the npy format")
        return Shape("npy", "possible")
    width = 2 if version[0] == 1 else 4
    length = int.from_bytes(source.read_at(8, width), "little")
    start = 8 + width + length
    if length > _LONGEST_HEADER or start > source.size:
        visit.problem(f"the header is said to be {length} bytes long")
        return Shape("npy", "possible")
    encoding = "utf-8" if version[0] == 3 else "latin-1"
    header = _header(source.read_at(8 + width, length), encoding)
    if header is None:
        visit.problem("the header is not a literal with descr, fortran_order and shape")
        return Shape("npy", "possible")
    size, has_object = header
    if has_object:
        return _objects(source.region(start, source.size - start), visit)
    if size != source.size - start:
        visit.problem(f"the array takes {size} bytes, {source.size - start} follow the header")
        return Shape("npy", "possible")
    return Shape("npy", "no")


def _objects(rest: Source, visit: Visit) -> Shape:
    examine_pickle(rest, visit, expected=True)
    return Shape("npy_object", "yes", pickled=True)


def _header(data: bytes, encoding: str) -> tuple[int, bool] | None:
    """Bytes of all items, and whether they are objects."""
    try:
        header = ast.literal_eval(data.decode(encoding).strip())
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(header, dict) or set(header) != {"descr", "fortran_order", "shape"}:
        return None
    shape = header["shape"]
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        return None
    item = _item(header["descr"])
    return None if item is None else (math.prod(shape) * item[0], item[1])


def _item(descr: Any, depth: int = 0) -> tuple[int, bool] | None:
    if isinstance(descr, list) and depth < _DEEPEST:
        fields = [_field(field, depth) for field in descr]
        known = [field for field in fields if field is not None]
        return (sum(f[0] for f in known), any(f[1] for f in known)) if len(known) == len(fields) else None
    if isinstance(descr, tuple) and len(descr) == 2 and depth < _DEEPEST:
        return _times(_item(descr[0], depth + 1), descr[1])
    match = _CODE.fullmatch(descr) if isinstance(descr, str) else None
    if match is None:
        return None
    if match[2] == "O":
        return 8, True
    size = 1 if match[1] else int(match[3] or (0 if match[2] in "SUaV" else 8))
    return (size * 4 if match[2] == "U" else size), False


def _field(field: Any, depth: int) -> tuple[int, bool] | None:
    if not isinstance(field, tuple) or len(field) not in (2, 3):
        return None
    item = _item(field[1], depth + 1)
    return _times(item, field[2]) if len(field) == 3 else item


def _times(item: tuple[int, bool] | None, shape: Any) -> tuple[int, bool] | None:
    sides = shape if isinstance(shape, tuple) else (shape,)
    if item is None or not all(type(side) is int and side >= 0 for side in sides):
        return None
    return item[0] * math.prod(sides), item[1]
