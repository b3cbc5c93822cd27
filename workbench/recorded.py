"""Evidence that was kept: a graph in a file, or a verdict package with the settings it was evaluated with.

Nothing is verified here: `probatum verify` tells whether a package is what was signed. The workbench only asks what a
policy makes of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .. import strict_json
from ..errors import EvidenceError, UsageError
from ..evaluator.bundle import read_packed, unpack
from ..evaluator.graph import Graph
from ..evaluator.graph_document import load_graph
from ..evaluator.policies import PolicySet
from ..evaluator.schema_check import first_problem, validator
from ..evaluator.times import seconds
from ..files import read_limited
from ..strict_json import Limits

EVIDENCE, SETTINGS, POLICIES = "evidence.json", "settings.json", "policies.tar.gz"
"""Names in a verdict package (`attestations.package`)."""
_LIMITS = Limits(max_bytes=512 * 1024 * 1024)
_REMEDY = "give an evidence graph (JSON), or the folder that `probatum gate --out` wrote"


@dataclass(frozen=True)
class Recorded:
    """Evidence of one pipeline at one time.

    Args:
        source: the path it was read from.
        graph: the evidence.
        settings: of the evaluation that the verdict package records; None for a graph alone.
    """

    source: str
    graph: Graph
    settings: Mapping[str, Any] | None = None

    @property
    def policies(self) -> PolicySet | None:
        """What decided then, of a verdict package that has it.

        Raises:
            PolicyError: the package's bundle is damaged.
        """
        path = Path(self.source) / POLICIES
        return unpack(read_packed(path), source=str(path)) if self.settings is not None and path.is_file() else None

    @property
    def moment(self) -> datetime | None:
        """When it was evaluated; for a graph alone, the time of its newest observation, when it has one."""
        if self.settings is not None:
            return datetime.fromisoformat(str(self.settings["evaluated_at"]))
        times = [made for item in self.graph.observations.values() if (made := seconds(item.observed_at)) is not None]
        return datetime.fromtimestamp(max(times), UTC) if times else None


def is_package(folder: Path) -> bool:
    """True for a folder that holds what a verdict package holds."""
    return (folder / EVIDENCE).is_file() and (folder / SETTINGS).is_file()


def read_recorded(path: Path) -> Recorded:
    """Read an evidence graph, or the evidence and the settings of a verdict package.

    Args:
        path: the file, or the package's folder.

    Raises:
        UsageError: there is nothing to read.
        EvidenceError: the graph or the settings are malformed.
    """
    if path.is_dir():
        if not is_package(path):
            raise UsageError(f"{path} is no verdict package", why=f"it lacks {EVIDENCE} or {SETTINGS}", remedy=_REMEDY)
        return Recorded(str(path), _graph(path / EVIDENCE), _settings(path / SETTINGS))
    return Recorded(str(path), _graph(path))


def _graph(path: Path) -> Graph:
    return load_graph(read_limited(path, _LIMITS.max_bytes), source=str(path), limits=_LIMITS)


def _settings(path: Path) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = strict_json.loads(read_limited(path, _LIMITS.max_bytes), source=str(path))
    problem = first_problem(validator("evaluation-settings"), settings)
    if problem is None and seconds(settings["evaluated_at"]) is None:
        problem = f"evaluated_at: {settings['evaluated_at']} is no time"
    problem = problem or first_problem(validator("checklist"), settings["checklist"])
    if problem is not None:
        raise EvidenceError(f"{path} cannot be used", why=problem, remedy="get the verdict package again")
    return settings
