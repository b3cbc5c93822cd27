"""What was decided becomes a verdict package: reports, signatures, and what proves when and where it was signed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from .. import __version__
from ..attestations.attestor import Attestor
from ..attestations.package.write import Detach, PackageContents, check_destination, write_package
from ..collectors.report_store import ReportStore
from ..evaluator.bundle import pack
from ..evaluator.graph import Graph
from ..reports.format import Format, render
from .gate import Judged

_REPORTS = {"assessment.json": Format.JSON, "assessment.md": Format.MARKDOWN, "assessment.sarif": Format.SARIF}


def seal(
    judged: Judged,
    reports: ReportStore,
    attestor: Attestor | None,
    out: Path,
    *,
    detached: Mapping[str, Detach] = MappingProxyType({}),
) -> None:
    """Sign the verdict and write the verdict package; an earlier package stays intact until this one is whole.

    Args:
        judged: the assessment.
        reports: raw tool output.
        attestor: who signs; None leaves the assessment unsigned and says so.
        out: the package's folder.
        detached: files of the package that are made from the signed verdict.

    Raises:
        UsageError: the folder cannot be written, or holds something else.
        TrustError: it cannot be signed.
    """
    document = judged.assessment.document
    places = locations(judged.graph)
    contents = PackageContents(
        graph=judged.graph,
        assessment=document,
        settings=judged.settings,
        policies=pack(judged.policies),
        trust=judged.trust,
        reports={name: render(document, format, locations=places).encode() for name, format in _REPORTS.items()},
        raw=dict(reports),
    )
    write_package(out, contents, attestor=attestor, detached=detached, version=__version__)


def check_out(out: Path | None) -> None:
    """Refuse a destination that cannot become a verdict package, before the work is done."""
    if out is not None:
        check_destination(out)


def locations(graph: Graph, root: Path | None = None) -> dict[str, str]:
    """Subject id to path, for reports that point at files.

    Args:
        graph: the evidence.
        root: the pipeline's folder: paths are then relative to the working folder, if the pipeline lies below it, as
            code scanning wants them; without it they are relative to the pipeline, whatever the working folder is.
    """
    base = Path() if root is None else Path(os.path.relpath(root))
    prefix = Path() if ".." in base.parts else base
    return {
        key: (prefix / subject.location).as_posix()
        for key, subject in graph.subjects.items()
        if subject.location and "://" not in subject.location
    }
