"""What commands that decide show in the end: the assessment, and its conclusion on the last line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .output import Output, finish

if TYPE_CHECKING:
    from ..jobs.gate import Judged


def show(judged: Judged, target: Output, places: Mapping[str, str]) -> int:
    """Write an assessment in every format asked for, and give its exit code."""
    from ..reports.format import render
    from ..reports.reading import conclusion

    document: Mapping[str, Any] = judged.assessment.document
    target.write(lambda format, color, width: render(document, format, color=color, width=width, locations=places))
    return finish(judged.assessment.result, conclusion(document))
