# METADATA
# title: Datasets are the pinned snapshot
# description: |
#   The dataset's content was digested, every file of it is pinned (by DVC, a signed manifest, a checksum file), and
#   every pin holds. A dataset that nobody pinned can be changed by anyone.
# custom:
#   id: DATA-02
#   priority: critical
#   stages: [training, deployment]
#   subjects: [dataset]
#   evidence: [hashes]
#   remediation: |
#     Pin the snapshot that was reviewed (dvc add, a signed manifest, or sha256sum > SHA256SUMS) and commit the pin.
#     If the content differs from its pin, restore the snapshot, or find out who changed it and why before pinning
#     anew.
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
#       description: |
#         Digests that a pin may state. DVC states MD5, which stops a change of pinned data but not an author who
#         prepares two datasets with one MD5; use [sha256] where authors of data are not trusted.
# schemas:
#   - input: schema.input
package probatum.controls.data_02

import rego.v1

import data.probatum.lib.pins
import data.probatum.lib.shape

settings := input.parameters["DATA-02"]

applies contains id if some id in input.ids.dataset

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

deny contains {"subject": id, "message": "not every file of this dataset is pinned", "evidence": [obs]} if {
	some [id, obs] in suspect
	input.observations[obs].status == "complete"
	result := input.observations[obs].result
	result.pins[0]
	location := object.get(input.subjects[id], "location", "")
	not pins.cover(result, location)
}

deny contains {"subject": id, "message": "nothing pins this dataset", "evidence": [obs]} if {
	some [id, obs] in suspect
	input.observations[obs].status == "complete"
	input.observations[obs].result.pins == []
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
