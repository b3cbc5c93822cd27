# METADATA
# title: Models use a format that cannot execute code
# description: |
#   Every file of the model is of an accepted format, decided by its content and not by its name, and its header
#   holds. Pickle, joblib, torch archives, Keras archives and the like can run code when they are loaded, so they are
#   refused.
# custom:
#   id: MODEL-01
#   priority: critical
#   stages: [training, deployment]
#   subjects: [model]
#   evidence: [model_format]
#   remediation: |
#     Convert the weights to safetensors, ONNX or GGUF, keep configuration as JSON, and remove every other file from
#     the model's folder. A file whose content is not what its name says must be renamed or replaced.
#   parameters:
#     allowed_formats:
#       type: array
#       items: {type: string, minLength: 1}
#       default: [safetensors, onnx, gguf, npy, npz, json, text]
#       description: Formats that a file of a model may have; each must be unable to execute code.
# schemas:
#   - input: schema.input
package probatum.controls.model_01

import rego.v1

import data.probatum.lib.shape

allowed := input.parameters["MODEL-01"].allowed_formats

applies contains id if some id in input.ids.model

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].model_format
	result := input.observations[obs].result
	result.executable_files == 0
	result.mismatches == 0
	result.problems == 0
	result.files[0]
	every file in result.files {
		file.format in allowed
		file.executable == "no"
		file.mismatch == false
		file.problems == []
	}
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].model_format
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

suspect_file contains {"subject": id, "obs": obs, "file": file, "path": shape.shown(file, "path")} if {
	some [id, obs] in suspect
	some file in shape.items(input.observations[obs].result.files)
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_file
	not shape.one_of(entry.file, "format", allowed)
	message := sprintf("%s is of format %s, which is not accepted", [entry.path, shape.shown(entry.file, "format")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_file
	not entry.file.executable == "no"
	message := sprintf("%s can execute code when it is loaded (%s)", [entry.path, shape.shown(entry.file, "executable")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_file
	not entry.file.mismatch == false
	message := sprintf("%s is not the format that its name says: its content is %s", [
		entry.path,
		shape.shown(entry.file, "format"),
	])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_file
	not entry.file.problems == []
	message := sprintf("the header of %s does not hold: %s", [entry.path, shape.listed(entry.file, "problems")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
