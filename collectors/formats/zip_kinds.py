"""What a zip is, by its members: a PyTorch file, TorchScript, a Keras model, NumPy arrays, or just a zip.

Sources: ``torch/serialization.py``, ``torch/csrc/jit/serialization``, ``keras/src/saving/saving_lib.py``,
``numpy.savez``.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable

from ..pickles.analysis import examine_pickle, persistent_keys
from ..pickles.torch_storages import storage_sizes
from .keras import examine_keras_config
from .source import Source
from .visit import Shape, Visit, worst
from .zip_archive import Member, member_source, opened_zip

_WEIGHTS = "model.weights"  # Keras loads a model from its config.json and these; the metadata are for people
_PLAIN_TORCH_FILES = re.compile(r"(version|byteorder|\.data/serialization_id|\.format_version|\.storage_alignment)")


def examine_zip(source: Source, visit: Visit) -> Shape:
    """Examine every member of a zip by what the whole is."""
    with opened_zip(source, visit) as opened:
        if opened is None:
            return Shape("zip", "possible")
        archive, members = opened
        files = [member for member in members if not (member.name.endswith("/") and member.size == 0)]
        names = {member.name for member in files}
        root = _torch_root(names)
        if root is not None:
            return _torch(source, archive, files, root, visit)
        if "config.json" in names and ("metadata.json" in names or any(name.startswith(_WEIGHTS) for name in names)):
            return _keras(source, archive, files, visit)
        shapes = _examine_all(source, archive, files, visit)
        level = worst(*(shape.executable for shape in shapes))
        pickled = any(shape.pickled for shape in shapes)
        only_arrays = bool(shapes) and all(shape.format in ("npy", "npy_object") for shape in shapes)
        return Shape("npz" if only_arrays else "zip", level, pickled)


def _examine_all(source: Source, archive: zipfile.ZipFile, members: Iterable[Member], visit: Visit) -> list[Shape]:
    shapes = []
    for member in members:
        with member_source(source, archive, member, visit) as content:
            shapes.append(Shape("unknown", "possible") if content is None else visit.enter(content, member.name))
    return shapes


# PyTorch -------------------------------------------------------------------------------------------------------------


def _torch_root(names: set[str]) -> str | None:
    """The folder of ``data.pkl``; PyTorch finds it one level deep, whatever its name."""
    roots = sorted(name.removesuffix("data.pkl") for name in names if re.fullmatch(r"([^/]+/)?data\.pkl", name))
    return roots[0] if roots else None


def _torch(source: Source, archive: zipfile.ZipFile, members: list[Member], root: str, visit: Visit) -> Shape:
    storages: dict[str, int] = {}
    rest = []
    for member in members:
        if member.name == f"{root}data.pkl":
            storages = _data_pickle(source, archive, member, visit)
        else:
            rest.append(member)
    script = any(member.name.startswith(f"{root}code/") for member in rest)
    if script:
        visit.gap("TorchScript code was not examined")
    for member in rest:
        _torch_member(source, archive, member, root, storages, visit)
    for key in sorted(storages):
        visit.gap(f"storage {key} is not in the archive")
    return Shape("torchscript" if script else "torch_zip", "yes", pickled=True)


def _data_pickle(source: Source, archive: zipfile.ZipFile, member: Member, visit: Visit) -> dict[str, int]:
    with member_source(source, archive, member, visit) as content:
        if content is None:
            return {}
        inside = visit.inner(member.name)
        examine_pickle(content, inside, storages=True, expected=True)
        sizes, whole = storage_sizes(persistent_keys(content, inside))
    if not whole:
        inside.gap("a persistent id names no storage")
    return {key: items * size for key, (items, size) in sizes.items()}


def _torch_member(
    source: Source, archive: zipfile.ZipFile, member: Member, root: str, storages: dict[str, int], visit: Visit
) -> None:
    with member_source(source, archive, member, visit) as content:
        if content is None:
            return
        inside = visit.inner(member.name)
        key = member.name.removeprefix(f"{root}data/")
        if key != member.name and key in storages:
            if content.size != storages.pop(key):
                inside.gap("the storage has another size than its tensors say")
            examine_pickle(content, inside, certain=True)
        elif not _PLAIN_TORCH_FILES.fullmatch(member.name.removeprefix(root)) or content.size > 4096:
            visit.enter(content, member.name)


# Keras ---------------------------------------------------------------------------------------------------------------


def _keras(source: Source, archive: zipfile.ZipFile, members: list[Member], visit: Visit) -> Shape:
    levels = []
    for member in members:
        with member_source(source, archive, member, visit) as content:
            if content is None:
                levels.append("possible")
            elif member.name == "config.json":
                levels.append(examine_keras_config(content, visit.inner(member.name)))
            else:
                shape = visit.enter(content, member.name)
                levels.append("no" if shape.format == "hdf5" else shape.executable)
    return Shape("keras", worst(*levels))
