"""The walk: decide what a content is, examine it as that, and as whatever else a reader could take it for."""

from __future__ import annotations

from collections.abc import Callable

from ..pickles.analysis import examine_pickle
from . import gguf, numpy_array
from .compressed import compression_of, examine_compressed
from .gguf import examine_gguf
from .keras import examine_hdf5, looks_like_hdf5
from .numpy_array import examine_npy
from .onnx import examine_protobuf
from .plain_text import examine_text
from .programs import examine_closed, examine_program
from .safetensors import examine_safetensors, looks_like_safetensors
from .source import Source
from .tar_archive import examine_tar, looks_like_tar
from .visit import Shape, Visit, worst
from .zip_archive import LOCAL, zip_end
from .zip_kinds import examine_zip

Examiner = Callable[[Source, Visit], Shape]


def examine(source: Source, visit: Visit) -> Shape:
    """Examine a content and everything in it.

    Args:
        source: the content.
        visit: where to report.

    Returns:
        What it is. Whatever was not examined is among the visit's gaps.
    """
    if source.size == 0:
        return Shape("empty", "no")
    shape = _by_magic(source, visit)
    if shape is not None:
        return _as_well(source, visit, shape)
    shape = examine_pickle(source, visit)
    if shape is None:
        shape = examine_protobuf(source, visit) or examine_text(source, visit)
    if shape is None:
        visit.gap("of no known format")
        shape = Shape("unknown", "possible")
    return _with_zip(source, visit, shape)


def _by_magic(source: Source, visit: Visit) -> Shape | None:
    head = source.read_at(0, 8)
    if head.startswith(LOCAL) or (head.startswith(b"PK\x05\x06") and zip_end(source) == 0):
        return examine_zip(source, visit)
    compression = compression_of(source)
    if compression is not None:
        return examine_compressed(source, visit, compression)
    for applies, examiner in _RECOGNISED:
        if applies(source):
            return examiner(source, visit)
    return examine_closed(source, visit) or examine_program(source, visit)


def _begins(magic: bytes) -> Callable[[Source], bool]:
    return lambda source: source.read_at(0, len(magic)) == magic


_RECOGNISED: tuple[tuple[Callable[[Source], bool], Examiner], ...] = (
    (_begins(numpy_array.MAGIC), examine_npy),
    (_begins(gguf.MAGIC), examine_gguf),
    (looks_like_hdf5, examine_hdf5),
    (looks_like_safetensors, examine_safetensors),
    (looks_like_tar, examine_tar),
)


def _as_well(source: Source, visit: Visit, shape: Shape) -> Shape:
    """A content of one format may be a pickle too: some begin with opcodes, or with bytes that their writer chose."""
    pickled = examine_pickle(source, visit, certain=True)
    if pickled is not None:
        visit.problem(f"the {shape.format} is a pickle as well")
        shape = Shape(shape.format, "yes", pickled=True)
    return shape if shape.format in _SEEN_THROUGH else _with_zip(source, visit, shape)


# A zip within a tar is one of its members; bytes behind a tar are reported by themselves.
_SEEN_THROUGH = ("zip", "npz", "keras", "torch_zip", "torchscript", "tar", "torch_tar")


def _with_zip(source: Source, visit: Visit, shape: Shape) -> Shape:
    """Zips are read from their end, so anything may carry one behind it."""
    end = zip_end(source)
    if end is None:
        return shape
    visit.issue("high", f"a zip is appended to the {shape.format}: readers of zips see another content")
    visit.problem("a zip is appended to it")
    other = examine_zip(source, visit.inner("(appended zip)"))
    return Shape(shape.format, worst(shape.executable, "possible", other.executable), shape.pickled or other.pickled)
