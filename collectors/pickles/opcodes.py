"""The 68 opcodes of pickle protocols 0 to 5: how each reads its operand and what it asks of the machine.

Source: ``Lib/pickletools.py`` of CPython, whose table of opcodes a test compares with this one.
"""

from __future__ import annotations

import codecs
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .values import OPAQUE, Blob, DictValue, ListValue

if TYPE_CHECKING:
    from .machine import Machine

_KEPT_TEXT = 4096  # longer text cannot be the name of an import and is skipped
_LINE = 1 << 20
_HIGHEST_PROTOCOL = 5

Handler = Callable[["Machine"], Any]


def unsigned(machine: Machine, size: int) -> int:
    """A little-endian number of ``size`` bytes."""
    return int.from_bytes(machine.cursor.take(size), "little")


def signed(machine: Machine, size: int, *, least: int = -(1 << 31)) -> int:
    """A little-endian number of ``size`` bytes with a sign."""
    value = int.from_bytes(machine.cursor.take(size), "little", signed=True)
    if value < least:
        raise ValueError("a length is negative")
    return value


def _text(machine: Machine, decode: Callable[[bytes], Any], size: int) -> None:
    if size > _KEPT_TEXT:
        machine.cursor.skip(size)
        machine.push(OPAQUE)
    else:
        machine.push(decode(machine.cursor.take(size)))


def _blob(machine: Machine, size: int) -> None:
    machine.push(Blob(machine.cursor.position, size))
    machine.cursor.skip(size)


def _long(machine: Machine, size: int) -> None:
    _text(machine, lambda data: int.from_bytes(data, "little", signed=True), size)


def _number(text: bytes) -> Any:
    return OPAQUE if len(text) > _KEPT_TEXT else int(text, 0)


def _int(machine: Machine) -> None:
    text = machine.cursor.line(_LINE)
    machine.push(text == b"01" if text in (b"00", b"01") else _number(text))


def _string(machine: Machine) -> None:
    text = machine.cursor.line(_LINE)
    if len(text) < 2 or text[0] != text[-1] or text[0] not in b"\"'":
        raise ValueError("a STRING is not quoted")
    machine.push(_ascii(codecs.escape_decode(text[1:-1])[0]))


def _ascii(data: bytes) -> Any:
    # The receiver may choose another encoding; only text that is the same in all of them can name an import.
    return data.decode("ascii") if len(data) <= _KEPT_TEXT and data.isascii() else OPAQUE


def _utf8(data: bytes) -> str:
    return data.decode("utf-8", "surrogatepass")


def _names(machine: Machine) -> tuple[str, str]:
    module, name = machine.cursor.line(_KEPT_TEXT), machine.cursor.line(_KEPT_TEXT)
    return str(module, "utf-8"), str(name, "utf-8")


def _inst(machine: Machine) -> None:
    function = machine.listener.imported(*_names(machine))
    machine.call(function, tuple(machine.pop_mark()))


def _obj(machine: Machine) -> None:
    function, *args = machine.pop_mark()
    machine.call(function, tuple(args))


def _dict(machine: Machine) -> None:
    items = machine.pop_mark()
    machine.push(DictValue())
    machine.set_items(items)


def _next_buffer(machine: Machine) -> None:
    machine.listener.irregular("the pickle takes a buffer that lies outside it")
    machine.push(OPAQUE)


def _proto(machine: Machine) -> None:
    version = unsigned(machine, 1)
    if version > _HIGHEST_PROTOCOL:
        raise ValueError(f"unknown pickle protocol {version}")


def _unknown(_: Machine) -> None:
    raise ValueError("unknown opcode")


TABLE: dict[bytes, Handler] = {
    # numbers
    b"I": _int,
    b"J": lambda m: m.push(signed(m, 4)),
    b"K": lambda m: m.push(m.cursor.take(1)[0]),
    b"M": lambda m: m.push(unsigned(m, 2)),
    b"L": lambda m: m.push(_number(m.cursor.line(_LINE).removesuffix(b"L"))),
    b"\x8a": lambda m: _long(m, unsigned(m, 1)),
    b"\x8b": lambda m: _long(m, signed(m, 4, least=0)),
    b"F": lambda m: m.push(float(m.cursor.line(_LINE))),
    b"G": lambda m: m.push(struct.unpack(">d", m.cursor.take(8))[0]),
    b"N": lambda m: m.push(None),
    b"\x88": lambda m: m.push(True),
    b"\x89": lambda m: m.push(False),
    # text and bytes
    b"S": _string,
    b"T": lambda m: _text(m, _ascii, signed(m, 4, least=0)),
    b"U": lambda m: _text(m, _ascii, unsigned(m, 1)),
    b"V": lambda m: m.push(str(m.cursor.line(_LINE), "raw-unicode-escape")),
    b"\x8c": lambda m: _text(m, _utf8, m.cursor.take(1)[0]),
    b"X": lambda m: _text(m, _utf8, unsigned(m, 4)),
    b"\x8d": lambda m: _text(m, _utf8, unsigned(m, 8)),
    b"B": lambda m: _blob(m, unsigned(m, 4)),
    b"C": lambda m: _blob(m, unsigned(m, 1)),
    b"\x8e": lambda m: _blob(m, unsigned(m, 8)),
    b"\x96": lambda m: _blob(m, unsigned(m, 8)),
    b"\x97": _next_buffer,
    b"\x98": lambda m: m.top(),
    # containers
    b"]": lambda m: m.push(ListValue()),
    b"a": lambda m: m.extend([m.pop()]),
    b"e": lambda m: m.extend(m.pop_mark()),
    b"l": lambda m: m.push(ListValue(m.pop_mark())),
    b")": lambda m: m.push(()),
    b"t": lambda m: m.push(tuple(m.pop_mark())),
    b"\x85": lambda m: m.pack(1),
    b"\x86": lambda m: m.pack(2),
    b"\x87": lambda m: m.pack(3),
    b"}": lambda m: m.push(DictValue()),
    b"d": _dict,
    b"s": lambda m: m.set_items([m.pop(), m.pop()][::-1]),
    b"u": lambda m: m.set_items(m.pop_mark()),
    b"\x8f": lambda m: m.push(ListValue()),
    b"\x90": lambda m: m.extend(m.pop_mark()),
    b"\x91": lambda m: m.push(ListValue(m.pop_mark())),
    # stack and memo
    b"0": lambda m: m.discard(),
    b"2": lambda m: m.push(m.top()),
    b"(": lambda m: m.mark(),
    b"1": lambda m: m.pop_mark(),
    b"g": lambda m: m.get(int(m.cursor.line(_KEPT_TEXT))),
    b"h": lambda m: m.get(m.cursor.take(1)[0]),
    b"j": lambda m: m.get(unsigned(m, 4)),
    b"p": lambda m: m.put(int(m.cursor.line(_KEPT_TEXT))),
    b"q": lambda m: m.put(m.cursor.take(1)[0]),
    b"r": lambda m: m.put(unsigned(m, 4)),
    b"\x94": lambda m: m.memoize(),
    # what a stream imports, and calls
    b"c": lambda m: m.import_(*_names(m)),
    b"\x93": lambda m: m.import_from_stack(),
    b"\x82": lambda m: m.extension(unsigned(m, 1)),
    b"\x83": lambda m: m.extension(unsigned(m, 2)),
    b"\x84": lambda m: m.extension(signed(m, 4)),
    b"R": lambda m: m.reduce(),
    b"b": lambda m: m.build(),
    b"i": _inst,
    b"o": _obj,
    b"\x81": lambda m: m.reduce(),
    b"\x92": lambda m: m.reduce_with_keywords(),
    b"P": lambda m: m.persistent(str(m.cursor.line(_LINE), "ascii")),
    b"Q": lambda m: m.persistent(m.pop()),
    # structure; STOP is the machine's own
    b"\x80": _proto,
    b"\x95": lambda m: m.frame(unsigned(m, 8)),
}

HANDLERS: tuple[Handler, ...] = tuple(TABLE.get(bytes([code]), _unknown) for code in range(256))
