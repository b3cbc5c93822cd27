"""A pipeline of Kubernetes workloads on disk, collected."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from probatum.collectors.base import Context
from probatum.collectors.workload import Workload
from probatum.content import read_content
from probatum.evaluator.graph import Observation, Subject


def context_of(root: Path, kind: str, locations: Mapping[str, str]) -> Context:
    """A context with one subject for each name and location that exists."""
    subjects: dict[str, Subject] = {}
    contents = {}
    for name, location in locations.items():
        subject = Subject(kind, name, location=location)
        if (root / location).exists():
            contents[subject.id] = read_content(root / location)
            subject = Subject(kind, name, {"sha256": contents[subject.id].sha256}, location)
        subjects[subject.id] = subject
    return Context(root, {"name": "p"}, subjects, contents=contents)


def observe(
    root: Path, files: Mapping[str, str | bytes], locations: Mapping[str, str] | None = None
) -> dict[str, Observation]:
    """Write manifests and collect the workloads at the given locations; by default each file is one."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
    context = context_of(root, "workload", locations or {name: name for name in files})
    return {item.subject.removeprefix("workload:"): item for item in Workload().collect(context)}


def one(root: Path, text: str | bytes, name: str = "w.yaml") -> Observation:
    """The observation about one manifest file."""
    return observe(root, {name: text})[name]


def pod_of(root: Path, text: str) -> dict[str, Any]:
    """The only pod of a manifest that is read whole."""
    observation = one(root, text)
    assert observation.coverage.skipped == ()
    (pod,) = observation.result["pods"]
    return dict(pod)
