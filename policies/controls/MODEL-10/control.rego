# METADATA
# title: Models have a complete ML-BOM
# description: |
#   A CycloneDX ML-BOM is valid, describes this very model by digest, has no dangling reference, and states software,
#   data card, model card, hyperparameters, metrics and provenance.
# custom:
#   id: MODEL-10
#   priority: high
#   stages: [deployment]
#   subjects: [model]
#   evidence: [ml_bom]
#   remediation: |
#     Generate a CycloneDX ML-BOM (1.5 or later) when the model is built: a machine-learning-model component with the
#     model's SHA-256, its model card with data sets, parameters and performance metrics, the software that it was
#     built with, and its pedigree or provenance.
#   parameters:
#     required_sections:
#       type: array
#       minItems: 1
#       items: {enum: [software, data, model_card, hyperparameters, metrics, provenance]}
#       default: [software, data, model_card, hyperparameters, metrics, provenance]
#       description: Sections that the ML-BOM must have.
#     spec_versions:
#       type: array
#       minItems: 1
#       items: {type: string}
#       default: ["1.5", "1.6", "1.7"]
#       description: Versions of the CycloneDX specification that are accepted; modelCard exists since 1.5.
# schemas:
#   - input: schema.input
package probatum.controls.model_10

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["MODEL-10"]

applies contains id if some id in input.ids.model

stated := {section: true | some section in settings.required_sections}

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].ml_bom
	result := input.observations[obs].result
	result.valid == true
	result.errors == []
	result.dangling == []
	result.spec_version in settings.spec_versions
	result.component.digest_matches == true
	is_object(result.sections) # probatum:survives drop: only OPA raises in the next line without it
	object.subset(result.sections, stated)
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].ml_bom
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

valid contains {"subject": id, "obs": obs, "result": result} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.valid == true
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.valid == false
	message := sprintf("no valid ML-BOM: %s", [shape.listed(result, "errors")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in valid
	not shape.one_of(entry.result, "spec_version", settings.spec_versions)
	message := sprintf("CycloneDX version %s is not accepted", [shape.shown(entry.result, "spec_version")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in valid
	not entry.result.component.digest_matches == true
	message := "the ML-BOM describes no component with this model's digest"
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in valid
	some section in settings.required_sections
	not entry.result.sections[section] == true
	message := sprintf("the ML-BOM does not state %s", [section])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.dangling[0]
	message := sprintf("the ML-BOM refers to what it does not contain: %s", [shape.listed(result, "dangling")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
