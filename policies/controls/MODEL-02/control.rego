# METADATA
# title: Models hold no malicious code
# description: |
#   A complete scan accounted for every file of the model and found nothing: no issue of any severity, every file
#   clean, and the allow-list of imports was not extended beyond what this control accepts. A file that nobody could
#   examine is neither good nor bad news: it leaves the control inconclusive.
# custom:
#   id: MODEL-02
#   priority: critical
#   stages: [training, deployment]
#   subjects: [model]
#   evidence: [model_scan]
#   remediation: |
#     Do not load the model. Find out where the file came from, rebuild it from a trusted training run and store it in
#     a format that cannot execute code. If a reported import is legitimate, have it reviewed and name it in
#     accepted_imports.
#   parameters:
#     accepted_imports:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Imports beyond the built-in allow-list that have been reviewed and may be reached by a pickle.
# schemas:
#   - input: schema.input
package probatum.controls.model_02

import rego.v1

import data.probatum.lib.shape

accepted := input.parameters["MODEL-02"].accepted_imports

applies contains id if some id in input.ids.model

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].model_scan
	result := input.observations[obs].result
	result.issue_count == 0
	result.issues == []
	result.allow_list.digest > ""
	result.allow_list.digest < [] # a string
	is_array(result.allow_list.extended_with)
	every name in result.allow_list.extended_with { name in accepted }
	result.files[0]
	every file in result.files {
		file.clean == true
		file.examined_by[0] > ""
		file.examined_by[0] < [] # a string
	}
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].model_scan
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some issue in shape.items(input.observations[obs].result.issues)
	message := sprintf("%s: %s (%s, %s)", [
		shape.shown(issue, "path"),
		shape.shown(issue, "message"),
		shape.shown(issue, "severity"),
		shape.shown(issue, "scanner"),
	])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some extra in shape.items(input.observations[obs].result.allow_list.extended_with)
	not extra in accepted
	message := sprintf("the scan allowed the import %s, which this control does not accept", [shape.word(extra)])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
