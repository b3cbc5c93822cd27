"""Files that are known by their first bytes: programs, which run, and containers that nothing here can open.

Source: the registrations in the ``file`` utility's magic database and each format's specification.
"""

from __future__ import annotations

from .source import Source
from .visit import Shape, Visit

_PROGRAMS = (
    (b"\x7fELF", "elf"),
    (b"\xfe\xed\xfa\xce", "macho"),
    (b"\xfe\xed\xfa\xcf", "macho"),
    (b"\xce\xfa\xed\xfe", "macho"),
    (b"\xcf\xfa\xed\xfe", "macho"),
    (b"\xca\xfe\xba\xbe", "class_or_macho"),
    (b"\0asm", "wasm"),
    (b"#!", "script"),
)
_CLOSED = (
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (b"Rar!\x1a\x07", "rar"),
    (b"ZF0x", "joblib_zfile"),
)


def examine_program(source: Source, visit: Visit) -> Shape | None:
    """Recognise a program, by content.

    Returns:
        None when it is none.
    """
    head = source.read_at(0, 64)
    name = next((name for magic, name in _PROGRAMS if head.startswith(magic)), None)
    if name is None and head.startswith(b"MZ") and len(head) == 64:
        at = int.from_bytes(head[60:64], "little")
        name = "pe" if source.read_at(at, 4) == b"PE\0\0" else None
    if name is None and head[2:4] == b"\r\n" and head[1:2] in (b"\x0c", b"\x0d", b"\x0e") and len(head) >= 16:
        name = "python_bytecode"
    if name is None:
        return None
    visit.gap(f"a program ({name}) is not examined")
    if name != "script":
        visit.issue("high", f"a program ({name}) lies among the model's files")
    return Shape(name, "yes")


def examine_closed(source: Source, visit: Visit) -> Shape | None:
    """Recognise a container that cannot be opened here.

    Returns:
        None when it is none.
    """
    head = source.read_at(0, 8)
    name = next((name for magic, name in _CLOSED if head.startswith(magic)), None)
    if name is None and head[4:8] == b"TFL3":
        visit.gap("the operators of a TFLite model were not examined")
        return Shape("tflite", "possible")
    if name is None:
        return None
    visit.gap(f"{name} cannot be opened here")
    return Shape("joblib" if name == "joblib_zfile" else name, "possible")
