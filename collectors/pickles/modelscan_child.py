"""modelscan on one file, as the sandbox's child process runs it: JSON in, JSON out.

modelscan chooses its scanner by a file's extension and skips what it does not know. Here a middleware, its own
extension point, chooses by content, so that every pickle is scanned whatever its name.

Source: modelscan 0.8, ``modelscan/modelscan.py`` and ``modelscan/middlewares``.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

TARGET = f"{__name__}:scan_file"
"""What a `Worker` is to run."""

_LARGEST = 1 << 30
_ZIP = b"PK\x03\x04"
_NPY = b"\x93NUMPY"
_NEVER = (_ZIP, b"\x89HDF", b"GGUF", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x7fELF")


def scan_file(asked: dict[str, Any]) -> dict[str, Any]:
    """Scan one file.

    Args:
        asked: ``path``, absolute.

    Returns:
        ``issues``, ``errors`` and ``skipped`` as modelscan reports them, sorted, with ``FILE`` for the path.
    """
    path = Path(asked["path"])
    with path.open("rb") as stream:
        head = stream.read(8)
    if path.stat().st_size > _LARGEST and not head.startswith(_ZIP):
        too_large = {"description": f"larger than {_LARGEST} bytes, which modelscan would hold in memory"}
        return _answer([], [], [too_large], path)
    scan = _scanner()
    report = scan.scan(path)
    return _answer(report["issues"], report["errors"], report["summary"]["skipped"]["skipped_files"], path)


def _answer(issues: list[Any], errors: list[Any], skipped: list[Any], path: Path) -> dict[str, Any]:
    return {"issues": _tidy(issues, path), "errors": _tidy(errors, path), "skipped": _tidy(skipped, path)}


def _tidy(entries: list[dict[str, Any]], path: Path) -> list[dict[str, str]]:
    """The same bytes for the same content: no absolute path, no order of a set."""
    tidy = [{key: str(value).replace(str(path), "FILE") for key, value in sorted(entry.items())} for entry in entries]
    for entry in tidy:
        if "source" in entry:
            entry["source"] = "FILE" + entry["source"].removeprefix(path.name).removeprefix("FILE")
    return sorted(tidy, key=lambda entry: sorted(entry.items()))


@cache
def _scanner() -> Any:
    import logging

    from modelscan.modelscan import ModelScan
    from modelscan.settings import DEFAULT_SETTINGS

    logging.getLogger("modelscan").setLevel(logging.CRITICAL)
    return ModelScan({**DEFAULT_SETTINGS, "middlewares": {f"{__name__}.ByContent": {}}})


class ByContent:
    """A middleware of modelscan that tells the format of a file, or of a zip's member, by its first bytes.

    Args:
        settings: what modelscan's settings give it; nothing is needed.
    """

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings

    def __call__(self, model: Any, call_next: Any) -> None:
        """Set the formats and go on with the next middleware."""
        from modelscan.settings import SupportedModelFormats

        head = model.get_stream().read(16)
        if head.startswith(_NPY):
            model.set_context("formats", [SupportedModelFormats.NUMPY])
        elif head and not head.startswith(_NEVER) and _may_be_pickle(head):
            model.set_context("formats", [SupportedModelFormats.PICKLE])
        call_next(model)


def _may_be_pickle(head: bytes) -> bool:
    """A protocol mark, or one of the opcodes that a stream of protocol 0 or 1 can begin with."""
    return (head[0] == 0x80 and len(head) > 1 and head[1] <= 5) or head[:1] in b"(]})cNIJKMLSUVXFGTiP"
