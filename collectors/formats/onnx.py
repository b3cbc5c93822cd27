"""ONNX: one ``ModelProto``, walked to its last field; and TensorFlow's SavedModel, which begins alike.

Source: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and tensorflow/core/protobuf/saved_model.proto.
"""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

from .protobuf import BYTES, VARINT, Field, NotProtobufError, fields, text
from .source import Cursor, Source, TruncatedError
from .visit import Shape, Visit

_DEEPEST = 32
# The messages that are walked: field number to the message it holds.
_MESSAGES: dict[str, dict[int, str]] = {
    "Model": {7: "Graph", 8: "Opset", 14: "Entry", 20: "Training", 25: "Function"},
    "Training": {1: "Graph", 2: "Graph", 3: "Entry", 4: "Entry"},
    "Graph": {1: "Node", 5: "Tensor", 15: "Sparse", 16: "Entry"},
    "Sparse": {1: "Tensor", 2: "Tensor"},
    "Node": {5: "Attribute", 9: "Entry"},
    "Attribute": {5: "Tensor", 6: "Graph", 10: "Tensor", 11: "Graph", 22: "Sparse", 23: "Sparse"},
    "Tensor": {13: "External", 16: "Entry"},
    "Function": {7: "Node", 9: "Opset", 11: "Attribute", 14: "Entry"},
    "Opset": {},
    "Entry": {},
    "External": {},
}
_WIRES = {1: VARINT, 5: VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25), BYTES)}  # of a ModelProto
_DOMAINS = frozenset(
    {
        "", "ai.onnx", "ai.onnx.ml", "ai.onnx.training", "ai.onnx.preview", "ai.onnx.preview.training", "com.microsoft",
        "com.microsoft.nchwc", "com.ms.internal.nhwc",
    }
)  # fmt: skip
_RUNS_PYTHON = frozenset({"PyOp", "PyCustomOp", "PythonOp", "PythonOpGrad"})


class _OnnxWalk:
    def __init__(self, source: Source, visit: Visit) -> None:
        self.source = source
        self.visit = visit
        self.cursor = Cursor(source)
        self.seen: set[int] = set()
        self.domains: set[str] = set()
        self.own: set[str] = set()
        self.operators: set[str] = set()
        self.sound = True

    def message(self, name: str, start: int, end: int, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise NotProtobufError("nested too deep")
        cursor = self.cursor
        cursor.seek(start)
        for field in fields(cursor, end):
            self._field(name, field, depth)
            cursor.seek(field.start + field.size)
        self.visit.budget.check_time()

    def _field(self, name: str, field: Field, depth: int) -> None:
        if name == "Model":
            if _WIRES.get(field.number) != field.wire:
                raise NotProtobufError(f"field {field.number} is none of a model's")
            self.seen.add(field.number)
        inner = _MESSAGES[name].get(field.number)
        if inner == "External":
            self._external(field)
        elif inner in ("Opset", "Entry"):
            list(fields(Cursor(self.source, field.start), field.start + field.size))
        elif inner is not None:
            if field.wire != BYTES:
                raise NotProtobufError(f"field {field.number} of {name} is no message")
            self.message(inner, field.start, field.start + field.size, depth + 1)
        elif name == "Node" and field.wire == BYTES and field.number == 4:
            self.operators.add(text(self.source, field))
        elif name == "Node" and field.wire == BYTES and field.number == 7:
            self.domains.add(text(self.source, field))
        elif name == "Function" and field.wire == BYTES and field.number == 10:
            self.own.add(text(self.source, field))

    def _external(self, field: Field) -> None:
        entry = {
            part.number: text(self.source, part)
            for part in fields(Cursor(self.source, field.start), field.start + field.size)
        }
        if entry.get(1) != "location":
            return
        location = entry.get(2, "")
        if leaves_folder(location):
            self.sound = False
            self.visit.problem(f"external data at {location}, outside the model's folder")


def leaves_folder(location: str) -> bool:
    """Whether a relative path is none, or climbs out of where it starts, on any system."""
    posix, windows = PurePosixPath(location), PureWindowsPath(location)
    return posix.is_absolute() or bool(windows.drive or windows.root) or ".." in posix.parts or ".." in windows.parts


def examine_protobuf(source: Source, visit: Visit) -> Shape | None:
    """Walk a content as ONNX, else as a SavedModel.

    Returns:
        None when it is neither.
    """
    if source.size < 2 or source.read_at(0, 1) not in (b"\x08", b"\x12", b"\x3a", b"\x42"):
        return None
    walk = _OnnxWalk(source, visit)
    try:
        walk.message("Model", 0, source.size)
    except (NotProtobufError, TruncatedError) as error:
        if 7 in walk.seen and 1 in walk.seen:
            visit.problem(f"the ONNX model is broken: {error}")
            return Shape("onnx", "possible")
        return _saved_model(source, visit)
    if not {1, 7} <= walk.seen:
        return _saved_model(source, visit)
    if 8 not in walk.seen:
        walk.sound = False
        visit.problem("the ONNX model imports no operator set")
    return Shape("onnx", _onnx_executable(walk))


def _onnx_executable(walk: _OnnxWalk) -> str:
    if walk.operators & _RUNS_PYTHON:
        walk.visit.issue("high", f"an operator runs Python: {', '.join(sorted(walk.operators & _RUNS_PYTHON))}")
        return "yes"
    foreign = walk.domains - _DOMAINS - walk.own
    if foreign:
        walk.visit.gap(f"operators of {', '.join(sorted(foreign))} come from a library that the loader brings")
    return "possible" if foreign or not walk.sound else "no"


def _saved_model(source: Source, visit: Visit) -> Shape | None:
    numbers: dict[int, set[int]] = {}
    try:
        for field in fields(Cursor(source), source.size):
            numbers.setdefault(field.number, set()).add(field.wire)
            if field.number == 2:
                inner = fields(Cursor(source, field.start), field.start + field.size)
                if any(part.number > 8 or part.wire != BYTES for part in inner):
                    return None
    except (NotProtobufError, TruncatedError):
        return None
    if numbers != {1: {VARINT}, 2: {BYTES}}:
        return None
    visit.gap("the operators of a TensorFlow SavedModel were not examined; some read and write files or run Python")
    return Shape("tf_saved_model", "possible")
