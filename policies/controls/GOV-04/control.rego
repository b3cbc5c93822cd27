# METADATA
# title: Waivers are under control
# description: |
#   Each waiver names the control and the subjects that it is for, an owner, an approver who is not the owner, a
#   ticket and a reason, and it expires: not yet, and not later than the longest time that is allowed. A waiver that
#   has expired is a finding too, because the defect behind it is either mended, and the waiver can go, or it is not.
# custom:
#   id: GOV-04
#   priority: high
#   stages: [pre-commit, training, deployment, monitoring]
#   subjects: [pipeline]
#   evidence: [waivers]
#   remediation: |
#     Complete the waiver, have somebody other than its owner approve it, give it an expiry in the near future, or
#     remove it and mend what it excuses.
#   parameters:
#     max_waiver_days:
#       type: number
#       exclusiveMinimum: 0
#       unit: days
#       default: 90
#       description: Days from now within which every waiver must expire.
#     allow_any_subject:
#       type: boolean
#       default: false
#       description: Whether a waiver may be for every subject ("*"), those that appear later included.
# schemas:
#   - input: schema.input
package probatum.controls.gov_04

import rego.v1

import data.probatum.lib.moment
import data.probatum.lib.shape

settings := input.parameters["GOV-04"]

applies contains id if some id in input.ids.pipeline

stated_fields := {"id", "control", "owner", "approver", "ticket", "reason", "expires"}

in_order(waiver) if {
	every field in stated_fields { shape.stated(waiver[field]) }
	approved_by_another(waiver)
	scoped(waiver)
	expires_in_time(waiver)
	waiver.problems == []
}

approved_by_another(waiver) if person(waiver.approver) != person(waiver.owner)

person(name) := lower(trim_space(name)) if is_string(name)

scoped(waiver) if {
	shape.filled(waiver.subjects)
	shape.texts(waiver.subjects)
	not "*" in waiver.subjects
}

scoped(waiver) if {
	shape.filled(waiver.subjects)
	shape.texts(waiver.subjects)
	settings.allow_any_subject == true
}

expires_in_time(waiver) if {
	left := moment.expiry(waiver.expires) - input.now_ns
	left > 0
	left <= settings.max_waiver_days * moment.day
}

checked(waiver) if shape.texts(waiver.problems)

defective contains {"subject": id, "obs": obs, "waiver": waiver, "name": shape.shown(waiver, "id")} if {
	some id in applies
	some obs in input.observed[id].waivers
	some waiver in shape.items(input.observations[obs].result.waivers)
	not in_order(waiver) # probatum:survives drop: this spares the work on waivers that are denied nothing
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	some field in stated_fields
	not shape.states(entry.waiver, field)
	message := sprintf("waiver %s does not state its %s", [entry.name, field])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not approved_by_another(entry.waiver)
	message := sprintf("waiver %s is not approved by somebody other than its owner", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not scoped(entry.waiver)
	message := sprintf("waiver %s does not name the subjects that it is for", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not expires_in_time(entry.waiver)
	message := sprintf("waiver %s does not expire within the next %v days, but on %s", [
		entry.name,
		settings.max_waiver_days,
		shape.shown(entry.waiver, "expires"),
	])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	some problem in shape.items(entry.waiver.problems)
	message := sprintf("waiver %s: %s", [entry.name, shape.word(problem)])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not checked(entry.waiver)
	message := sprintf("waiver %s was not checked", [entry.name])
}

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].waivers
	result := input.observations[obs].result
	shape.counted(result.waivers, result.waiver_count)
	every waiver in result.waivers { in_order(waiver) }
}
