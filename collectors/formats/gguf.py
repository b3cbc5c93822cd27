"""GGUF: the format of llama.cpp.

Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; block sizes from ``gguf-py/gguf/constants.py``.
"""

from __future__ import annotations

import math
import re
from typing import Any

from ...errors import EvidenceError
from .source import Cursor, Source, TruncatedError
from .visit import Shape, Visit

MAGIC = b"GGUF"
_MOST_ENTRIES = 10_000_000
_STRING, _ARRAY = 8, 9
_FIXED = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_TEMPLATE = "tokenizer.chat_template"
_INTERNALS = re.compile(rb"__\w+__|\|\s*attr\b")
_MOST_DIMENSIONS = 8
# type: (items per block, bytes per block)
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 40), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip


class _BrokenError(EvidenceError):
    """A rule of the format does not hold."""


def examine_gguf(source: Source, visit: Visit) -> Shape:
    """Walk the header, every key and every tensor, and account for all bytes."""
    try:
        _walk(source, visit)
    except (_BrokenError, TruncatedError) as error:
        visit.problem(str(error))
        return Shape("gguf", "possible")
    return Shape("gguf", "no")


def _walk(source: Source, visit: Visit) -> None:
    cursor = Cursor(source, 4)
    version = _number(cursor, 4)
    if version not in (2, 3):
        raise _BrokenError(f"unknown GGUF version {version}")
    tensors, keys = _number(cursor, 8), _number(cursor, 8)
    # The smallest key takes 13 bytes, the smallest tensor entry 32: more than fit are a lie.
    if tensors > min(_MOST_ENTRIES, source.size // 32) or keys > min(_MOST_ENTRIES, source.size // 13):
        raise _BrokenError(f"{tensors} tensors and {keys} keys do not fit into the file")
    alignment = 32
    for count in range(keys):
        if count % 4096 == 0:
            visit.budget.check_time()
        name, value = _text(cursor), _value(cursor, _number(cursor, 4))
        if name == b"general.alignment":
            alignment = value
        elif name.startswith(_TEMPLATE.encode()) and isinstance(value, bytes) and _INTERNALS.search(value):
            visit.issue("high", "the chat template reaches for Python internals, which an open template engine runs")
    if not isinstance(alignment, int) or alignment < 8 or alignment % 8:
        raise _BrokenError(f"alignment {alignment!r} is no multiple of 8")
    spans = sorted(_tensor(cursor) for _ in range(tensors))
    _layout(spans, cursor.position, alignment, source.size)


def _number(cursor: Cursor, size: int) -> int:
    return int.from_bytes(cursor.take(size), "little")


def _text(cursor: Cursor, keep: int = 1 << 20) -> bytes:
    size = _number(cursor, 8)
    if size > keep:
        cursor.skip(size)
        return b""
    return cursor.take(size)


def _value(cursor: Cursor, kind: int, depth: int = 0) -> Any:
    if kind in _FIXED:
        return _number(cursor, _FIXED[kind])
    if kind == _STRING:
        return _text(cursor)
    if kind != _ARRAY or depth > 3:
        raise _BrokenError(f"unknown value type {kind} near offset {cursor.position}")
    inner, count = _number(cursor, 4), _number(cursor, 8)
    if inner in _FIXED:
        cursor.skip(count * _FIXED[inner])
    else:
        for _ in range(count):
            _value(cursor, inner, depth + 1)
    return None


def _tensor(cursor: Cursor) -> tuple[int, int]:
    name, dimensions = _text(cursor), _number(cursor, 4)
    if dimensions > _MOST_DIMENSIONS:
        raise _BrokenError(f"tensor {name!r} has {dimensions} dimensions")
    items = math.prod(_number(cursor, 8) for _ in range(dimensions))
    kind, offset = _number(cursor, 4), _number(cursor, 8)
    if kind not in _BLOCKS:
        raise _BrokenError(f"tensor {name!r} has the unknown type {kind}")
    per_block, size = _BLOCKS[kind]
    if items % per_block:
        raise _BrokenError(f"tensor {name!r} is no whole number of blocks")
    return offset, offset + items // per_block * size


def _layout(spans: list[tuple[int, int]], header: int, alignment: int, size: int) -> None:
    position = start = -(-header // alignment) * alignment
    for begin, end in spans:
        if start + begin != -(-position // alignment) * alignment:
            raise _BrokenError(f"a tensor at offset {begin} overlaps another or leaves a hole")
        position = start + end
    last = -(-position // alignment) * alignment
    if size not in (position, last) and not (not spans and size == header):
        raise _BrokenError(f"the tensors end at byte {position}, the file at byte {size}")
