"""The storages of PyTorch files: named by persistent ids in a pickle, lying outside it as raw items.

Source: ``persistent_id`` in ``torch/serialization.py``, functions ``_save`` and ``_legacy_save``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..formats.source import Cursor
from .values import Global, ListValue

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
_ITEM = {
    "Double": 8, "Float": 4, "Half": 2, "BFloat16": 2, "Long": 8, "Int": 4, "Short": 2, "Char": 1, "Byte": 1, "Bool": 1,
    "ComplexDouble": 16, "ComplexFloat": 8, "QInt32": 4, "QInt8": 1, "QUInt8": 1, "QUInt4x2": 1, "QUInt2x4": 1,
    "Untyped": 1, "_Untyped": 1,
}  # fmt: skip


def storage_sizes(keys: Iterable[Any]) -> tuple[dict[str, tuple[int, int]], bool]:
    """The storages that persistent ids name.

    Args:
        keys: persistent ids as the pickle gives them.

    Returns:
        Key to number of items and bytes per item, and whether every id names a storage.
    """
    sizes: dict[str, tuple[int, int]] = {}
    whole = True
    for key in keys:
        storage = _storage(key)
        if storage is None or sizes.get(storage[0], storage[1]) != storage[1]:
            whole = False
        else:
            sizes[storage[0]] = storage[1]
    return sizes, whole


def _storage(key: Any) -> tuple[str, tuple[int, int]] | None:
    if not isinstance(key, tuple) or len(key) not in (5, 6) or key[0] != "storage":
        return None
    kind, name, location, items = key[1:5]
    if not (isinstance(kind, Global) and isinstance(name, str) and isinstance(location, str) and type(items) is int):
        return None
    size = _ITEM.get(kind.name.removesuffix("Storage"))
    torch = kind.module in ("torch", "torch.cuda", "torch.storage")
    return (name, (items, size)) if torch and size is not None and items >= 0 else None


def skip_legacy_storages(cursor: Cursor, order: Any, sizes: dict[str, tuple[int, int]]) -> str | None:
    """Pass over the raw storages at the end of a legacy file.

    Args:
        cursor: stands behind the last pickle.
        order: the value of the last pickle: the storages' keys in the order in which they lie in the file.
        sizes: as `storage_sizes` gives them.

    Returns:
        Why the storages are not accounted for, or None.

    Raises:
        TruncatedError: the file ends within a storage.
    """
    keys = [key for key in order.items if isinstance(key, str)] if isinstance(order, ListValue) else []
    if not isinstance(order, ListValue) or order.more or len(keys) != len(order.items) or sorted(keys) != sorted(sizes):
        return "the list of storages does not match the storages that are used"
    for key in keys:
        items, size = sizes[key]
        if int.from_bytes(cursor.take(8), "little", signed=True) != items:
            return f"storage {key} has another length than the tensor says"
        cursor.skip(items * size)
    return None
