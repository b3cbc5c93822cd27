"""The arrays that joblib writes between the opcodes of a pickle.

joblib pickles a ``NumpyArrayWrapper`` in place of each array and writes the array right behind the BUILD that fills the
wrapper: a pickle of its own when the dtype holds objects, else one length byte, that many bytes of padding (if the
wrapper has ``numpy_array_alignment_bytes``) and the raw items.

Source: ``NumpyArrayWrapper`` and ``NumpyUnpickler.load_build`` in joblib's ``numpy_pickle.py``, versions 0.10 to 1.6.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

from .values import DictValue, Global, Instance, ListValue

WRAPPERS = frozenset(
    {"joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"}
)
RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copy_reg._reconstructor"})  # as protocols 0 and 1 write
_CODE = re.compile(r"[<>|=]?([?biufcmMOSUVa])(\d*)")
_ONE_LETTER = {"?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "l": 8, "L": 8, "e": 2, "f": 4, "d": 8}
_MOST_ARGUMENTS = 100_000
_FLEXIBLE = "SUa"  # their size is part of the state as well
_HAS_OBJECT = 0x01  # NPY_ITEM_REFCOUNT, in the last item of a dtype's state


@dataclass(frozen=True)
class Inline:
    """What follows a wrapper.

    Args:
        pickled: a pickle stream of its own.
        aligned: a length byte and padding come first.
        size: bytes of raw items.
    """

    pickled: bool
    aligned: bool
    size: int


def holds_wrapper(value: Any) -> bool:
    """Whether the class of joblib's stand-ins may be among the arguments of a call, in tuples and lists as well."""
    waiting, looked_at = [value], 0
    while waiting:
        item = waiting.pop()
        looked_at += 1
        if looked_at > _MOST_ARGUMENTS:  # lists may hold themselves
            return True
        if isinstance(item, Global) and item.path in WRAPPERS:
            return True
        if isinstance(item, tuple):
            waiting += item
        elif isinstance(item, ListValue):
            waiting += item.items
    return False


def is_wrapper(value: Instance) -> bool:
    """Whether a value is one of joblib's stand-ins for an array."""
    if value.maker is None:
        return False
    return value.maker.path in WRAPPERS or (value.maker.path in RECONSTRUCTORS and holds_wrapper(value.args))


def inline_array(wrapper: Instance) -> Inline | None:
    """What follows a wrapper, or None when its state does not tell."""
    state = wrapper.state
    # Attributes must come from this state alone, not from arguments, nor from an earlier state.
    if not isinstance(state, DictValue) or not state.whole or wrapper.builds != 1 or not _made_empty(wrapper):
        return None
    shape, dtype = state.items.get("shape"), state.items.get("dtype")
    if not isinstance(shape, tuple) or not all(type(side) is int and side >= 0 for side in shape):
        return None
    item = _item(dtype)
    if item is None:
        return None
    size, has_object = item
    aligned = state.items.get("numpy_array_alignment_bytes") is not None
    return Inline(pickled=has_object, aligned=aligned and not has_object, size=size * math.prod(shape))


def _made_empty(wrapper: Instance) -> bool:
    args = wrapper.args
    if wrapper.maker is not None and wrapper.maker.path in WRAPPERS:
        return args == ()
    return isinstance(args, tuple) and len(args) == 3 and isinstance(args[0], Global) and args[2] is None


def _item(dtype: Any, depth: int = 0) -> tuple[int, bool] | None:
    """Size in bytes of one item, and whether it holds objects."""
    if not isinstance(dtype, Instance) or dtype.maker is None or dtype.maker.path != "numpy.dtype" or depth > 8:
        return None
    if dtype.builds > 1:
        return None
    args, state = dtype.args, dtype.state
    match = _CODE.fullmatch(args[0]) if isinstance(args, tuple) and args and isinstance(args[0], str) else None
    if match is None:
        return None
    if match[1] == "O":
        return 8, True
    if match[1] == "V":
        return _record(state, int(match[2] or 0), depth)
    if not match[2] and match[1] not in _ONE_LETTER and match[1] not in _FLEXIBLE:
        return None
    size = int(match[2]) if match[2] else _ONE_LETTER.get(match[1], 0)
    size = size * 4 if match[1] == "U" else size
    stated = (size,) if match[1] in _FLEXIBLE else (size, -1)
    return (size, False) if state is None or _plain(state, stated) else None


def _plain(state: Any, sizes: tuple[int, ...]) -> bool:
    """A state that adds no subarray, fields or other size to what the type code says."""
    return isinstance(state, tuple) and len(state) >= 8 and state[2:5] == (None, None, None) and state[5] in sizes


def _record(state: Any, size: int, depth: int) -> tuple[int, bool] | None:
    if state is None:
        return size, False
    if (
        not isinstance(state, tuple)
        or len(state) < 8
        or state[5] != size
        or state[2] is not None
        or type(state[7]) is not int
    ):
        return None  # a subarray, or a state of unknown shape
    fields = state[4]
    if fields is None:
        return size, False
    if not isinstance(fields, DictValue) or not fields.whole:
        return None
    inner = [
        _item(field[0] if isinstance(field, tuple) and field else None, depth + 1) for field in fields.items.values()
    ]
    if None in inner:
        return None
    return size, bool(state[7] & _HAS_OBJECT) or any(part[1] for part in inner if part is not None)
