# METADATA
# title: Model, pin and deployment are one
# description: |
#   Every file of the model is pinned (registry entry, manifest, checksum file), every pin holds, and every model that
#   a workload deploys is, by digest, a model of this pipeline. A deployed model that is stated without a digest, or
#   that is none of the pipeline's, fails all models: nobody can say which of them it should have been. Relations are
#   not asked, so that leaving one out hides nothing.
# custom:
#   id: MODEL-04
#   priority: critical
#   stages: [deployment]
#   subjects: [model]
#   evidence: [hashes]
#   remediation: |
#     Pin the model where it is made (registry entry, signed manifest or SHA256SUMS), deploy exactly that file, and
#     state its digest in the deployment manifest: annotation probatum.dev/model-digest beside the storage URI.
#   parameters:
#     pin_formats:
#       type: array
#       minItems: 1
#       items: {enum: [dvc, dvc_lock, oms, in_toto, checksums]}
#       default: [dvc, dvc_lock, oms, in_toto, checksums]
#       description: Kinds of pin that count.
#     pin_algorithms:
#       type: array
#       minItems: 1
#       items: {enum: [sha256, md5]}
#       default: [sha256, md5]
#       description: Digests that a pin may state; DVC states MD5, so [sha256] refuses DVC pins.
# schemas:
#   - input: schema.input
package probatum.controls.model_04

import rego.v1

import data.probatum.lib.pins
import data.probatum.lib.shape

settings := input.parameters["MODEL-04"]

applies contains id if some id in input.ids.model

accepted contains [format, algorithm] if {
	some format in settings.pin_formats
	some algorithm in settings.pin_algorithms
}

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].hashes
	result := input.observations[obs].result
	result.digest == input.subjects[id].digest.sha256
	result.digest > ""
	result.pins[0]
	count(result.pins) == result.pin_count

	# Only a folder needs the call: a file is covered by the pin that it has.
	every _ in {result.folder} - {false} { pins.cover(result, input.subjects[id].location) }
	every pin in result.pins {
		pin.match == true
		pin.expected == pin.actual
		pin.expected > ""
		[pin.format, pin.algorithm] in accepted
	}
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].hashes
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some pin in shape.items(input.observations[obs].result.pins)
	not pins.holds(pin, settings.pin_formats, settings.pin_algorithms)
	message := pins.flaw(pin, settings.pin_formats, settings.pin_algorithms)
}

deny contains {"subject": id, "message": "not every file of this model is pinned", "evidence": [obs]} if {
	some [id, obs] in suspect
	input.observations[obs].status == "complete"
	result := input.observations[obs].result
	result.pins[0]
	location := object.get(input.subjects[id], "location", "")
	not pins.cover(result, location)
}

deny contains {"subject": id, "message": "nothing pins this model", "evidence": [obs]} if {
	some [id, obs] in suspect
	input.observations[obs].status == "complete"
	input.observations[obs].result.pins == []
}

digests contains digest if {
	some id in input.ids.model
	digest := input.subjects[id].digest.sha256
	digest > ""
}

# Deployed models that are none of this pipeline's, over all workloads: one list, shared by all models.
strays contains {"workload": workload, "obs": obs, "uri": shape.shown(deployed, "uri")} if {
	some workload in input.ids.workload

	# probatum:ignore evidence/undeclared-type: it is about workloads, and no model lacks it
	some obs in input.observed[workload].workload
	deployed := input.observations[obs].result.models[_]
	not shape.one_of(deployed, "digest", digests)
}

unread contains workload if {
	some workload in input.ids.workload
	not workload in read_whole
}

read_whole contains workload if {
	some workload in input.ids.workload # probatum:survives drop: only what is a workload is looked up in it

	# probatum:ignore evidence/undeclared-type: what is not usable is in unread
	some obs in input.usable[workload].workload
	is_array(input.observations[obs].result.models)
}

# probatum:survives constant: a slice that begins before the first member begins with it
stray_evidence := array.slice(sort({entry.obs | some entry in strays}), 0, 5)

stray_names := shape.joined([sprintf("%s in %s", [entry.uri, entry.workload]) | some entry in strays])

deny contains {"subject": id, "message": message, "evidence": stray_evidence} if {
	count(strays) > 0
	some id in applies
	message := sprintf("what is deployed is none of this pipeline's models, by digest: %s", [stray_names])
}

proof contains {"subject": id, "evidence": [obs]} if {
	count(strays) == 0
	count(unread) == 0
	some [id, obs] in sound
}
