"""NumPy dtypes as pickles build them: how large an item is, and whether it holds objects.

NumPy believes what a pickled dtype says of itself. A record whose fields lie outside it, or whose objects are not
declared as such, makes it read and write memory that is not its own. So a dtype counts only when all of it agrees.

The same goes for an array of objects: its list of items must be as long as its shape says.

Source: ``arraydescr_reduce`` and ``arraydescr_setstate`` in ``numpy/_core/src/multiarray/descriptor.c``, and
``array_setstate`` in ``methods.c`` there.
"""

from __future__ import annotations

import math
import re
from typing import Any

from .values import Blob, DictValue, Instance, ListValue

_CODE = re.compile(r"[<>|=]?([?biufcmMOSUVa])(\d*)")
_ONE_LETTER = {"?": 1, "b": 1, "B": 1, "i": 4, "f": 4}
_FLEXIBLE = "SUa"  # their size is part of the state as well
# NPY_ITEM_REFCOUNT, LIST_PICKLE and ITEM_IS_POINTER; NEEDS_INIT and NEEDS_PYAPI must be set where there are objects.
_OBJECT_FLAGS, _NEEDS = 0x07, 0x18
_OBJECT, _OBJECT_FIELDS = 0x3F, 0x1B
_DEEPEST = 8
_LENGTHS = (8, 9)  # of a state of version 3, and 4, which adds metadata
_NO_PARTS = (None, None, None)  # no subarray, names or fields

Item = tuple[int, bool]
"""Size in bytes, and whether it holds objects."""


def item_of(dtype: Any, depth: int = 0) -> Item | None:
    """What one item of a dtype is.

    Args:
        dtype: a simulated value.
        depth: of the record or subarray that it is part of.

    Returns:
        None when it is no dtype, or does not agree with itself.
    """
    if not isinstance(dtype, Instance) or dtype.maker is None or dtype.maker.path != "numpy.dtype":
        return None
    args, state = dtype.args, dtype.state
    match = _CODE.fullmatch(args[0]) if isinstance(args, tuple) and args and isinstance(args[0], str) else None
    if match is None or depth > _DEEPEST or dtype.builds > 1 or not (state is None or _well_formed(state)):
        return None
    kind, digits = match[1], match[2]
    if kind == "V":
        return _void(state, int(digits or 0), depth)
    return _simple(state, kind, digits)


def _well_formed(state: Any) -> bool:
    """Version, byte order, subarray, names, fields, size, alignment, flags and perhaps metadata."""
    if not isinstance(state, tuple) or len(state) not in _LENGTHS:
        return False
    return state[0] in (3, 4) and state[1] in ("<", ">", "|", "=") and all(type(part) is int for part in state[5:8])


def _simple(state: Any, kind: str, digits: str) -> Item | None:
    if kind == "O":
        item = (8, True)
    elif digits or kind in _ONE_LETTER or kind in _FLEXIBLE:
        size = int(digits) if digits else _ONE_LETTER.get(kind, 0)
        item = (size * 4 if kind == "U" else size, False)
    else:
        return None
    if state is None:
        return item
    if kind in "mM" and not _has_unit(state):
        return None
    sizes = (item[0],) if kind in _FLEXIBLE else (item[0], -1)
    return item if state[2:5] == _NO_PARTS and state[5] in sizes and _flags_agree(state, item) else None


def _void(state: Any, size: int, depth: int) -> Item | None:
    if state is None or (state[2:5] == _NO_PARTS and state[5] == size):
        return (size, False) if state is None or _flags_agree(state, (size, False)) else None
    item = _subarray(state[2], depth) if state[2] is not None else _record(state[3], state[4], size, depth)
    return item if item is not None and item[0] == size == state[5] and _flags_agree(state, item) else None


def _flags_agree(state: Any, item: Item) -> bool:
    flags: int = state[7]
    if item[1]:
        return flags == _OBJECT or flags & (_OBJECT_FLAGS | _NEEDS) == _OBJECT_FIELDS
    return not flags & _OBJECT_FLAGS


def _has_unit(state: Any) -> bool:
    """The metadata of a date or a duration: its unit in bytes, and three whole numbers."""
    metadata = state[8] if (state[0], len(state)) == (4, 9) else None
    unit = metadata[1] if isinstance(metadata, tuple) and len(metadata) == 2 else None
    if not isinstance(unit, tuple) or len(unit) != 4 or not all(type(part) is int for part in unit[1:]):
        return False
    return isinstance(unit[0], Blob | Instance)


def _subarray(parts: Any, depth: int) -> Item | None:
    base = item_of(parts[0], depth + 1) if isinstance(parts, tuple) and len(parts) == 2 else None
    if base is None:
        return None
    shape = parts[1] if isinstance(parts[1], tuple) else (parts[1],)
    if not all(type(side) is int and side >= 0 for side in shape):
        return None
    return base[0] * math.prod(shape), base[1]


def _record(names: Any, fields: Any, size: int, depth: int) -> Item | None:
    if not isinstance(fields, DictValue) or not fields.whole or not isinstance(names, tuple):
        return None
    if not all(isinstance(name, str) and name in fields.items for name in names):
        return None
    inner = [_field(field, size, depth) for field in fields.items.values()]
    known = [item for item in inner if item is not None]
    return (size, any(item[1] for item in known)) if len(known) == len(inner) else None


def _field(field: Any, size: int, depth: int) -> Item | None:
    if not isinstance(field, tuple) or len(field) not in (2, 3) or type(field[1]) is not int:
        return None
    item = item_of(field[0], depth + 1)
    return item if item is not None and 0 <= field[1] <= size - item[0] else None


def array_agrees(state: Any) -> bool:
    """Whether the state of an array holds as many objects as its shape says.

    Args:
        state: version, shape, dtype, order and data, and perhaps more, as ``ndarray.__reduce__`` gives them. NumPy
            itself checks the size of data that are no objects.
    """
    if not isinstance(state, tuple) or len(state) < 5 or not isinstance(state[1], tuple):
        return False
    shape, dtype, data = state[1], state[2], state[4]
    if not all(type(side) is int and side >= 0 for side in shape):
        return False
    item = item_of(dtype)
    if item is not None and not item[1]:
        return True
    return isinstance(data, ListValue) and len(data.items) + data.more == math.prod(shape)
