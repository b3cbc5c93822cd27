"""Keras: layers that carry code.

A ``Lambda`` layer holds marshalled byte code, and a registered or foreign object runs whatever its package does when
the model is loaded. Advisories: CVE-2024-3660, CVE-2025-1550 (a ``module`` that is not Keras' own), CVE-2025-8747.

Source: ``keras/src/saving/serialization_lib.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ... import strict_json
from ...errors import EvidenceError
from .source import Source, blocks
from .visit import Shape, Visit, worst

_LONGEST = 32 << 20
_CODE = frozenset({"Lambda", "__lambda__", "function", "TorchModuleWrapper", "TFSMLayer", "JaxLayer", "FlaxLayer"})
_OWN = ("keras", "keras_hub", "keras_nlp", "keras_cv", "tf_keras")
_HDF5 = b"\x89HDF\r\n\x1a\n"


def examine_keras_config(source: Source, visit: Visit) -> str:
    """Judge a Keras v3 ``config.json``.

    Returns:
        ``yes`` when a layer carries code, ``possible`` when a class comes from outside Keras or the file is unreadable.
    """
    try:
        limits = strict_json.Limits(max_bytes=_LONGEST, max_depth=200)
        config = strict_json.loads(source.read_at(0, _LONGEST + 1), source="config.json", limits=limits)
    except EvidenceError as error:
        visit.problem(str(error))
        return "possible"
    return worst(*(_judge(entry, visit) for entry in _objects(config)))


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, dict):
            yield item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item


def _judge(entry: dict[str, Any], visit: Visit) -> str:
    name = entry.get("class_name")
    if not isinstance(name, str):
        return "no"
    if name in _CODE:
        visit.issue("high", f"the layer or object {name} carries or runs code")
        return "yes"
    module, registered = entry.get("module"), entry.get("registered_name")
    foreign = isinstance(module, str) and module.split(".")[0] not in (*_OWN, "builtins")
    custom = isinstance(registered, str) and ">" in registered and registered.split(">")[0] not in _OWN
    if foreign or custom or ">" in name:
        visit.issue("high", f"the class {name} comes from {module or registered or name}, not from Keras")
        return "possible"
    return "no"


def looks_like_hdf5(source: Source) -> bool:
    """Whether a content begins with the HDF5 signature, or has it behind a user block."""
    offset = 0
    while offset + 8 <= source.size and offset <= 1 << 20:
        if source.read_at(offset, 8) == _HDF5:
            return True
        offset = max(512, offset * 2)
    return False


def examine_hdf5(source: Source, visit: Visit) -> Shape:
    """Look for a Keras model with a Lambda layer in an HDF5 file.

    The file's structure is not walked, so it is never shown to be harmless.
    """
    config = code = False
    tail = b""
    for block in blocks(source):
        visit.budget.check_time()
        window = tail + block
        config = config or b"model_config" in window or b"class_name" in window
        code = code or b'"Lambda"' in window or b'"__lambda__"' in window
        tail = block[-32:]
    visit.gap("HDF5 is not examined: layers with code may hide in it")
    if config and code:
        visit.issue("high", "the Keras model has a Lambda layer, which carries code")
        return Shape("hdf5", "yes")
    return Shape("hdf5", "possible")
