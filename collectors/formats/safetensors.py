"""safetensors: an eight-byte length, a JSON header, and the tensors behind it.

Source: the format section of https://github.com/huggingface/safetensors and its reference reader,
``safetensors/src/tensor.rs``.
"""

from __future__ import annotations

import math
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .source import Source
from .visit import Shape, Visit

_LONGEST_HEADER = 100_000_000
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64,
}  # fmt: skip


def looks_like_safetensors(source: Source) -> bool:
    """Whether a content begins as the format does: a length, then an object."""
    head = source.read_at(0, 9)
    return len(head) == 9 and head[8:] == b"{" and head[6:8] == b"\0\0"


def examine_safetensors(source: Source, visit: Visit) -> Shape:
    """Check the header against every rule of the format."""
    before = len(visit.findings.problems)
    length = int.from_bytes(source.read_at(0, 8), "little")
    if length > _LONGEST_HEADER:
        visit.problem(f"the header is said to be {length} bytes long, the limit is {_LONGEST_HEADER}")
    elif length > source.size - 8:
        visit.problem(f"the header is said to be {length} bytes long, only {source.size - 8} follow its length")
    else:
        _header(source.read_at(8, length), source.size - 8 - length, visit)
    return Shape("safetensors", "no" if len(visit.findings.problems) == before else "possible")


def _header(data: bytes, room: int, visit: Visit) -> None:
    limits = strict_json.Limits(max_bytes=_LONGEST_HEADER, max_depth=8)
    try:
        header = strict_json.loads(data, source="the header", limits=limits)
    except EvidenceError as error:
        visit.problem(str(error))
        return
    if not isinstance(header, dict):
        visit.problem("the header is not an object")
        return
    _metadata(header.pop("__metadata__", {}), visit)
    spans = []
    for name, entry in header.items():
        span = _tensor(entry)
        if isinstance(span, str):
            visit.problem(f"tensor {name}: {span}")
        else:
            spans.append((*span, name))
    _layout(sorted(spans), room, visit)


def _metadata(metadata: Any, visit: Visit) -> None:
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        visit.problem("__metadata__ is not a map of text to text")


def _tensor(entry: Any) -> tuple[int, int] | str:
    """The span of a tensor's bytes, or what is wrong with its entry."""
    if not isinstance(entry, dict) or set(entry) != {"dtype", "shape", "data_offsets"}:
        return "needs dtype, shape and data_offsets, and nothing else"
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype not in _BITS:
        return f"unknown dtype {dtype!r}"
    if not _counts(shape) or not _counts(offsets) or len(offsets) != 2 or offsets[0] > offsets[1]:
        return "shape and data_offsets must be lists of whole numbers, the offsets two and in order"
    bits = math.prod(shape) * _BITS[dtype]
    if bits != 8 * (offsets[1] - offsets[0]):
        return f"{dtype} of shape {shape} takes {bits / 8:g} bytes, data_offsets give {offsets[1] - offsets[0]}"
    return offsets[0], offsets[1]


def _counts(value: Any) -> bool:
    return isinstance(value, list) and all(type(item) is int and item >= 0 for item in value)


def _layout(spans: list[tuple[int, int, str]], room: int, visit: Visit) -> None:
    position = 0
    for start, end, name in spans:
        if start != position:
            fault = "overlaps the one before" if start < position else "leaves a hole before it"
            visit.problem(f"tensor {name}: {fault}")
        position = max(position, end)
    if position != room:
        visit.problem(f"the tensors end at byte {position} of the data, the file at byte {room}")
