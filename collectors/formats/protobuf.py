"""Protocol Buffers on the wire: fields one after the other, without a schema compiler and without reading payloads.

Source: https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ...errors import EvidenceError
from .source import Cursor, Source

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_LONGEST_VARINT = 10


class NotProtobufError(EvidenceError):
    """The bytes are no sequence of fields."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    Args:
        number: its number in the message.
        wire: its wire type.
        value: of a varint.
        start: offset of its payload.
        size: of its payload, in bytes.
    """

    number: int
    wire: int
    value: int
    start: int
    size: int


def fields(cursor: Cursor, end: int) -> Iterator[Field]:
    """The fields up to an offset; payloads are skipped, and may be visited with other cursors.

    Raises:
        NotProtobufError: a tag, a length or a varint is impossible.
        TruncatedError: the content ends within a field.
    """
    while (position := cursor.position) < end:
        tag = varint(cursor)
        number, wire = tag >> 3, tag & 7
        if number == 0 or number >= 1 << 29:
            raise NotProtobufError(f"field number {number} at offset {position}")
        value, size = 0, {FIXED64: 8, FIXED32: 4}.get(wire, 0)
        if wire == VARINT:
            value = varint(cursor)
        elif wire == BYTES:
            size = varint(cursor)
        elif wire not in (FIXED64, FIXED32):
            raise NotProtobufError(f"wire type {wire} at offset {position}")
        start = cursor.position
        if start + size > end:
            raise NotProtobufError(f"the field at offset {position} ends behind its message")
        cursor.skip(size)
        yield Field(number, wire, value, start, size)


def varint(cursor: Cursor) -> int:
    """One number of variable length."""
    result = 0
    for index in range(_LONGEST_VARINT):
        byte = cursor.take(1)[0]
        result |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return result
    raise NotProtobufError(f"endless number near offset {cursor.position}")


def text(source: Source, field: Field, limit: int = 4096) -> str:
    """A field's payload as text, at most ``limit`` bytes of it."""
    return source.read_at(field.start, min(field.size, limit)).decode("utf-8", "replace")
