"""Model files made by hand, benign and malicious, and the walk over them in this process."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from typing import Any

from probatum.collectors.formats.detect import examine
from probatum.collectors.formats.source import MemoryRegion
from probatum.collectors.formats.visit import Budget, Findings, Limits, OverLimitError, Shape, Visit
from probatum.collectors.pickles.allow_list import AllowList

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C


class Evil:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("true",)


EVIL = pickle.dumps(Evil())


def walk(data: bytes, *, allow: tuple[str, ...] = (), **limits: Any) -> tuple[Shape, Findings]:
    """Examine bytes as the child process does, without the process."""
    findings = Findings()
    visit = Visit("", 0, findings, Budget(Limits(**limits)), AllowList(allow), examine)
    try:
        shape = examine(MemoryRegion(data), visit)
    except OverLimitError as error:
        visit.gap(str(error))
        shape = Shape("unknown", "possible")
    return shape, findings


def clean(data: bytes, **options: Any) -> bool:
    """Whether nothing bad was found and everything was examined."""
    _, findings = walk(data, **options)
    return not findings.issues and not findings.gaps


def imports(data: bytes) -> set[str]:
    """The imports that were found."""
    return {f"{module}.{name}" for module, name in walk(data)[1].imports}


def reasons(data: bytes, **limits: Any) -> str:
    """Everything that was not examined, as one text."""
    return "; ".join(gap.reason for gap in walk(data, **limits)[1].gaps)


def text4(text: str) -> bytes:
    """SHORT_BINUNICODE."""
    encoded = text.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def make_zip(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip of the given members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=compression)
    return buffer.getvalue()


def safetensors(header: Any, data: bytes) -> bytes:
    """A safetensors file; the header may be bytes already."""
    encoded = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(encoded)) + encoded + data


def storage_id(key: str, items: int, kind: str = "FloatStorage") -> bytes:
    """The opcodes of a persistent id as PyTorch writes it."""
    parts = b"X\x07\0\0\0storage" + f"ctorch\n{kind}\n".encode() + text4(key) + text4("cpu")
    return b"(" + parts + b"J" + struct.pack("<i", items) + b"tQ"


def tensor(key: str, items: int) -> bytes:
    """The opcodes of a tensor in PyTorch's rebuild form."""
    numbers = b"K\0K" + bytes([items]) + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)R"
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage_id(key, items) + numbers + b"tR"


def torch_zip(pickled: bytes | None = None, storages: dict[str, bytes] | None = None, **more: bytes) -> bytes:
    """A file as ``torch.save`` writes it: one tensor of four floats unless told otherwise."""
    members = {"archive/data.pkl": pickled or b"\x80\x02" + tensor("0", 4) + b"."}
    members |= {"archive/byteorder": b"little", "archive/version": b"3\n"}
    members |= {f"archive/data/{key}": value for key, value in (storages or {"0": b"\0" * 16}).items()}
    return make_zip(members | {name.replace("__", "/"): value for name, value in more.items()})


def torch_legacy(pickled: bytes | None = None, keys: tuple[str, ...] = ("0",), tail: bytes | None = None) -> bytes:
    """A file as ``torch.save`` wrote it before version 1.6."""
    head = pickle.dumps(LEGACY_MAGIC, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    legacy = b"\x80\x02(X\x07\0\0\0storagectorch\nFloatStorage\n" + text4("0") + text4("cpu") + b"K\x04NtQ."
    storages = struct.pack("<q", 4) + b"\0" * 16 if tail is None else tail
    return head + (pickled or legacy) + pickle.dumps(list(keys), 2) + storages
