"""What a file's name promises about its format."""

from __future__ import annotations

from pathlib import PurePosixPath

_TORCH = ("torch_zip", "torch_legacy", "torch_tar", "torchscript")
_PICKLE = ("pickle", "joblib")
_BY_SUFFIX: dict[str, tuple[str, ...]] = {
    ".safetensors": ("safetensors",),
    ".onnx": ("onnx",),
    ".gguf": ("gguf",),
    ".npy": ("npy", "npy_object"),
    ".npz": ("npz",),
    ".h5": ("hdf5",),
    ".hdf5": ("hdf5",),
    ".keras": ("keras",),
    ".pt": _TORCH,
    ".pth": _TORCH,
    ".ckpt": (*_TORCH, *_PICKLE),
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".joblib": ("joblib", "pickle", "gzip", "bz2", "xz", "lzma"),
    ".dill": _PICKLE,
    ".pb": ("tf_saved_model",),
    ".tflite": ("tflite",),
    ".json": ("json",),
    ".xml": ("xml", "pmml"),
    ".pmml": ("pmml",),
    ".txt": ("text", "json"),
    ".md": ("text", "html"),
    ".csv": ("text",),
    ".yaml": ("text", "json"),
    ".yml": ("text", "json"),
    ".py": ("python", "text", "script"),
    ".zip": ("zip", "npz", "torch_zip", "keras"),
    ".tar": ("tar", "torch_tar"),
    ".gz": ("gzip", "joblib"),
    ".tgz": ("gzip",),
    ".z": ("zlib", "joblib"),
    ".bz2": ("bz2", "joblib"),
    ".xz": ("xz", "joblib"),
    ".lzma": ("lzma", "joblib"),
    ".zst": ("zstd",),
    ".lz4": ("lz4",),
    ".7z": ("7z",),
}


def expected_formats(path: str) -> tuple[str, ...]:
    """The formats that a name stands for, the usual one first; none when the name promises nothing."""
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower(), ())
