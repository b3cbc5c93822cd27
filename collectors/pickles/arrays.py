"""The arrays that joblib writes between the opcodes of a pickle.

joblib pickles a ``NumpyArrayWrapper`` in place of each array and writes the array right behind the BUILD that fills the
wrapper: a pickle of its own when the dtype holds objects, else one length byte, that many bytes of padding (if the
wrapper has ``numpy_array_alignment_bytes``) and the raw items.

Source: ``NumpyArrayWrapper`` and ``NumpyUnpickler.load_build`` in joblib's ``numpy_pickle.py``, versions 0.10 to 1.6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .dtypes import item_of
from .values import DictValue, Global, Instance, ListValue

WRAPPERS = frozenset(
    {"joblib.numpy_pickle.NumpyArrayWrapper", "sklearn.externals.joblib.numpy_pickle.NumpyArrayWrapper"}
)
RECONSTRUCTORS = frozenset({"copyreg._reconstructor", "copy_reg._reconstructor"})  # as protocols 0 and 1 write
_MOST_ARGUMENTS = 100_000


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
    item = item_of(dtype)
    if item is None:
        return None
    size, has_object = item
    aligned = state.items.get("numpy_array_alignment_bytes") is not None
    return Inline(pickled=has_object, aligned=aligned and not has_object, size=size * math.prod(shape))


def _made_empty(wrapper: Instance) -> bool:
    args = wrapper.args
    if wrapper.maker is not None and wrapper.maker.path in WRAPPERS:
        return isinstance(args, tuple) and not args
    return isinstance(args, tuple) and len(args) == 3 and isinstance(args[0], Global) and args[2] is None
