"""Where evidence names software, and what it leaves open.

Lock files name packages, bills of materials name components, workloads name container images, models name the modules
that loading them imports, and a pipeline may have packages and images among its subjects.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ...evaluator.graph import Graph, Observation, Subject
from .software import IMAGES, PYPI, Software, from_image, from_purl

LISTED, AUDITED = "dependencies", "dependency_audit"
_MODULES = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "yaml": "pyyaml",
}
"""Modules whose package is called otherwise; of the others the name is the same."""


@dataclass(frozen=True)
class Named:
    """One place in which evidence names a piece of software.

    Args:
        software: as it is named there.
        subject: of which.
        type: of the observation; empty where the subject itself is it.
        observation: its id; empty where the subject itself is it.
        where: in words.
    """

    software: Software
    subject: str
    type: str
    observation: str
    where: str

    @property
    def loose(self) -> bool:
        """It is told by what is imported, which has no version and may have come with something else."""
        return self.type == "model_scan"


def named_software(graph: Graph) -> Iterator[Named]:
    """Every place in the evidence that names software."""
    for key, item in graph.observations.items():
        if item.type in _READERS:
            words, read = _READERS[item.type]
            for software in read(item.result):
                yield Named(software, item.subject, item.type, key, words.format(item.subject))
    for key, subject in graph.subjects.items():
        if (itself := _of_subject(subject)) is not None:
            yield Named(itself, key, "", "", f"as {key}")


def left_open(graph: Graph, ecosystem: str | None) -> Iterator[str]:
    """Why something that nothing names may be there all the same; nothing where everything was listed.

    Args:
        graph: the evidence.
        ecosystem: of what is asked about; None is taken for Python's.
    """
    if ecosystem in IMAGES:
        yield from _not_listed(graph, "workload", "workload", "container images")
    elif ecosystem in (None, PYPI):
        yield from _not_listed(graph, "dependency_set", LISTED, "packages")
    else:
        yield f"no list of {ecosystem} packages is among the evidence, besides bills of materials"
    for item in graph.observations.values():
        if item.type == "ml_bom":
            yield from _bom_left_open(item)


def advisories_in(result: Mapping[str, Any]) -> Iterator[tuple[Software, str]]:
    """What an audit found something against, and the id of the advisory."""
    for item in _objects(result.get("vulnerabilities")):
        yield Software(str(item.get("package")), PYPI, _versions(item)), str(item.get("id"))


def _not_listed(graph: Graph, kind: str, type: str, what: str) -> Iterator[str]:
    subjects = sorted(key for key, subject in graph.subjects.items() if subject.kind == kind)
    if not subjects:
        yield f"the pipeline has no {kind.replace('_', ' ')}, so nobody knows which {what} it uses"
    for key in subjects:
        made = [item for item in graph.observations.values() if (item.type, item.subject) == (type, key)]
        if not any(_whole(item) for item in made):
            yield f"the {what} of {key} were not all listed: {'; '.join(map(_why, made)) or 'nobody looked'}"


def _whole(item: Observation) -> bool:
    listed = item.result.get("complete_lock") is not False
    return str(item.status) == "complete" and item.coverage.whole and listed


def _why(item: Observation) -> str:
    reasons = [f"{skipped.item}: {skipped.reason}" for skipped in item.coverage.skipped]
    if item.result.get("complete_lock") is False:
        reasons.append("dependencies of dependencies are not in it")
    return ", ".join(reasons) or str(item.status)


def _bom_left_open(item: Observation) -> Iterator[str]:
    about, omitted = f"the bill of materials of {item.subject}", item.result.get("packages_omitted")
    if item.result.get("documents") and "packages" not in item.result:
        yield f"what {about} lists was not recorded"
    if omitted:
        yield f"{about} lists {omitted} more"
    for skipped in item.coverage.skipped:
        yield f"{skipped.item} of {item.subject} was not read: {skipped.reason}"


def _locked(result: Mapping[str, Any]) -> Iterator[Software]:
    for item in _objects(result.get("packages")):
        yield Software(str(item.get("name")), PYPI, _versions(item))


def _audited(result: Mapping[str, Any]) -> Iterator[Software]:
    yield from (software for software, _ in advisories_in(result))


def _bill(result: Mapping[str, Any]) -> Iterator[Software]:
    """By its package URL, and by its name where it has none that can be read, or one without a version."""
    for item in _objects(result.get("packages")):
        try:
            found = from_purl(str(item.get("purl") or ""))
        except ValueError:
            found = Software(str(item.get("name")))
        yield found if found.versions else Software(found.name, found.ecosystem, _versions(item), found.repository)


def _images(result: Mapping[str, Any]) -> Iterator[Software]:
    for pod in _objects(result.get("pods")):
        for container in _objects(pod.get("containers")):
            if isinstance(container.get("image"), str) and container["image"]:
                yield from_image(container["image"])


def _imported(result: Mapping[str, Any]) -> Iterator[Software]:
    paths = (path for file in _objects(result.get("files")) for path in _list(file.get("imports")))
    modules = {str(path).partition(".")[0] for path in paths}
    yield from (Software(_MODULES.get(module, module), PYPI) for module in sorted(modules))


_READERS = {
    LISTED: ("in {}", _locked),
    AUDITED: ("in the audit of {}", _audited),
    "ml_bom": ("in the bill of materials of {}", _bill),
    "workload": ("run by {}", _images),
    "model_scan": ("imported by {}", _imported),
}
"""How each type of evidence names software, in words, and what reads it."""


def _of_subject(subject: Subject) -> Software | None:
    if subject.kind == "image":
        found = from_image(subject.name)
        digest = [f"sha256:{subject.digest['sha256']}"] if "sha256" in subject.digest else []
        return Software(found.name, found.ecosystem, tuple(dict.fromkeys((*found.versions, *digest))))
    if subject.kind != "package":
        return None
    version = subject.attributes.get("version")
    return Software(subject.name, versions=(version,) if isinstance(version, str) and version else ())


def _versions(item: Mapping[str, Any]) -> tuple[str, ...]:
    version = item.get("version")
    return (version,) if isinstance(version, str) and version else ()


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    yield from (item for item in _list(value) if isinstance(item, Mapping))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
