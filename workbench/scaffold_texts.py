"""The files of a scaffolded control, with places for ``str.format``."""

from __future__ import annotations

CONTROL = """# METADATA
# title: {title}
# description: |
#   State what is required, and why, in a sentence or two: this is what 'probatum explain' and the reports show.
# custom:
#   id: {id}
#   priority: {priority}
#   stages: [{stages}]
#   subjects: [{kind}]
#   evidence: [{evidence}]
#   remediation: |
#     State what to do about a finding.
# schemas:
#   - input: schema.input
package probatum.controls.{package}

import rego.v1

applies contains id if some id in input.ids.{kind}

# Bad news counts wherever it is observed, also when the evidence is stale or partial.
deny contains {{"subject": id, "message": {message}, "evidence": [obs]}} if {{
	some id in applies
	some obs in input.observed[id].{evidence}
	input.observations[obs].result.{field} != {good}
}}

# Good news must be usable, and every field that it rests on must be there: what is missing proves nothing.
proof contains {{"subject": id, "evidence": [obs]}} if {{
	some id in applies
	some obs in input.usable[id].{evidence}
	input.observations[obs].result.{field} == {good}
}}
"""

TEST = """package probatum.controls.{package}_test

import rego.v1

import data.probatum.controls.{package} as control

world(result) := {{
	"ids": {{"{kind}": ["{kind}:x"]}},
	"observations": {{"obs:one": {{"type": "{evidence}", "subject": "{kind}:x", "result": result}}}},
	"observed": {{"{kind}:x": {{"{evidence}": ["obs:one"]}}}},
	"usable": {{"{kind}:x": {{"{evidence}": ["obs:one"]}}}},
}}

good := world({{"{field}": {good}}})

bad := world({{"{field}": {bad}}})

unusable(document) := object.union(document, {{"usable": {{"{kind}:x": {{"{evidence}": []}}}}}})

test_passes if {{
	control.proof == {{{{"subject": "{kind}:x", "evidence": ["obs:one"]}}}} with input as good
	control.deny == set() with input as good
}}

test_fails if {{
	finding := {{"subject": "{kind}:x", "message": {message}, "evidence": ["obs:one"]}}
	control.deny == {{finding}} with input as bad
	control.proof == set() with input as bad
}}

test_bad_news_counts_when_unusable if count(control.deny) == 1 with input as unusable(bad)

test_unusable_evidence_proves_nothing if control.proof == set() with input as unusable(good)

test_a_missing_field_proves_nothing if {{
	control.proof == set() with input as world({{}})
	control.deny == set() with input as world({{}})
}}

test_other_evidence_is_not_looked_at if {{
	other := {{"obs:other": {{"type": "other", "subject": "{kind}:x", "result": {{"{field}": {bad}}}}}}}
	control.deny == set() with input as object.union(good, {{"observations": other}})
}}

test_does_not_apply_without_subjects if {{
	control.applies == set() with input as object.union(good, {{"ids": {{"{kind}": []}}}})
	control.deny == set() with input as object.union(bad, {{"ids": {{"{kind}": []}}}})
	control.proof == set() with input as object.union(good, {{"ids": {{"{kind}": []}}}})
}}
"""

CHECKLIST = """# Controls of this pack; built-in ones may be listed too ('probatum controls' shows them).
schema: https://probatum.dev/checklist/v1
id: {name}
version: "0.1.0"
title: {name}
controls:
"""
