"""Example graphs of controls: one that passes and one that does not, small enough to read.

They lie beside the control, ``good/evidence.json`` and ``bad/evidence.json``, with ``parameters.json`` where the
defaults are not enough for the good one; each in a folder of its own, because ``opa test FOLDER`` merges the JSON files
of one folder into its data and would find two graphs in conflict. They are tests, and what ``explain`` and generated
pages show.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .. import strict_json
from ..evaluator.graph import Graph
from ..evaluator.graph_document import load_graph
from ..evaluator.metadata import Control
from ..files import read_limited

GOOD, BAD, PARAMETERS = "good/evidence.json", "bad/evidence.json", "parameters.json"
_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Examples:
    """The examples of one control.

    Args:
        good: a graph in which it passes; None when there is none.
        bad: a graph in which it does not.
        parameters: values under which both are judged.
    """

    good: Graph | None = None
    bad: Graph | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_examples(folder: Path) -> Examples:
    """The examples in a control's folder.

    Raises:
        UsageError: a file cannot be read.
        EvidenceError: a file is not what it should be.
    """
    return Examples(_graph(folder / GOOD), _graph(folder / BAD), _parameters(folder / PARAMETERS))


def built_in_folder() -> Path:
    """Where the policies are that ship with Probatum."""
    return Path(__file__).resolve().parents[1] / "policies"


def pruned(graph: Graph, control: Control) -> Graph:
    """What a control looks at: its evidence, the subjects of it and those that it names, and links between them."""
    kinds = {key: subject.kind for key, subject in graph.subjects.items()}
    of_types = [item for item in graph.observations.values() if item.type in control.types]
    own = {item.type for item in of_types if kinds[item.subject] in control.kinds}
    kept = [item for item in of_types if kinds[item.subject] in control.kinds or item.type not in own]
    text = json.dumps([item.document for item in kept])
    subjects = [item for item in graph.subjects.values() if f'"{item.id}"' in text or item.kind in control.kinds]
    ids = {item.id for item in subjects}
    links = [link for link in graph.relations if {link.source, link.target} <= ids]
    return Graph.of(graph.pipeline, subjects, kept, links)


def example_text(graph: Graph) -> str:
    """The file of an example: indented, for people read it."""
    return json.dumps(graph.to_document(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _graph(path: Path) -> Graph | None:
    return load_graph(read_limited(path, _MAX_BYTES), source=str(path)) if path.is_file() else None


def _parameters(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    found: Mapping[str, Any] = strict_json.loads(read_limited(path, _MAX_BYTES), source=str(path))
    return found
