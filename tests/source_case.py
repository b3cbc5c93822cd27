"""Small packs of policies, on disk and in memory, and what opens them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from policy_case import NOW, module

from probatum.evaluator.policies import PolicySet
from probatum.packs.cache import Cache
from probatum.packs.fetch import Access
from probatum.packs.open import Wanted

CHECKLIST = """schema: https://probatum.dev/checklist/v1
id: {id}
version: "1.0.0"
title: Acme
controls: [{{id: {control}}}]
"""


def files(id: str = "ACME-01", **more: str) -> dict[str, bytes]:
    """One control and further files (``lib__x`` for ``lib/x.rego``, ``checklists__x`` for its YAML)."""
    found = {f"controls/{id}/control.rego": module(id=id)}
    for name, text in more.items():
        path = name.replace("__", "/")
        found[f"{path}.rego" if path.startswith(("lib/", "controls/")) else f"{path}.yaml"] = text
    return {path: text.encode() for path, text in found.items()}


def policy_set(id: str = "ACME-01", **more: str) -> PolicySet:
    """A pack in memory; see ``files``."""
    return PolicySet(files(id, **more))


def checklist(id: str, control: str = "ACME-01") -> str:
    """A checklist of one control."""
    return CHECKLIST.format(id=id, control=control)


def parameters(control: str, values: str) -> str:
    """A file of parameters."""
    return f"schema: https://probatum.dev/pack-parameters/v1\nparameters:\n  {control}: {values}\n"


def write(folder: Path, found: Mapping[str, bytes]) -> Path:
    """Files on disk."""
    for name, data in found.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


def wanted(base: Path, *sources: str, online: bool = False, resolve: bool = False, **fields: Any) -> Wanted:
    """What to open, with a cache of its own; without the built-in pack unless that is asked for."""
    access = Access(base, Cache(base / "cache"), online, resolve)
    return Wanted(sources, access, NOW, **{"built_in": False, **fields})
