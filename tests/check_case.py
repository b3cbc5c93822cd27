"""A small sound pack of policies, and ways to spoil it, for tests of the static check."""

from __future__ import annotations

from pathlib import Path

from probatum.workbench.check.run import Report, check

CONTROL = """# METADATA
# title: Files are of an accepted format
# description: A control for tests.
# custom:
#   id: ORG-01
#   priority: high
#   stages: [training]
#   subjects: [model]
#   evidence: [model_format]
#   remediation: Mend it.
#   parameters:
#     allowed:
#       type: array
#       items: {type: string}
#       default: [onnx]
#       description: Formats that are accepted.
package org.controls.org_01

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["ORG-01"]

applies contains id if some id in input.ids.model

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].model_format
	result := input.observations[obs].result
	result.problems == 0
	every file in result.files { file.format in settings.allowed }
}

odd contains {"subject": id, "obs": obs, "file": file} if {
	some id in applies
	some obs in input.observed[id].model_format
	some file in shape.items(input.observations[obs].result.files)
	not shape.one_of(file, "format", settings.allowed)
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in odd
	message := sprintf("%s is odd", [shape.shown(entry.file, "path")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
"""


def write(root: Path, *edits: tuple[str, str], id: str = "ORG-01", more: str = "") -> Path:
    """Write the control, edited, into a pack; the path of its file.

    Args:
        root: the pack's folder.
        edits: what to replace by what; everything replaced must be there.
        id: of the control, in every place.
        more: rules to add at the end.
    """
    text = CONTROL + more
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    text = text.replace("ORG-01", id).replace("org_01", id.lower().replace("-", "_"))
    path = root / "controls" / id / "control.rego"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(report: Report) -> list[str]:
    """The rules that are broken, sorted, each as often as it is."""
    return sorted(problem.rule.name for problem in report.problems)


def checked(root: Path, *edits: tuple[str, str], more: str = "", engine: str = "regorus") -> Report:
    """Check a pack of one control, edited."""
    write(root, *edits, more=more)
    return check(root, engine=engine)
