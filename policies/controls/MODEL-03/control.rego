# METADATA
# title: Models are signed
# description: |
#   A signature over the model verifies, its signer is allowed by the trust policy, and it covers every file of the
#   model as it is now. An unsigned file in a signed folder fails.
# custom:
#   id: MODEL-03
#   priority: critical
#   stages: [deployment]
#   subjects: [model]
#   evidence: [model_signature]
#   remediation: |
#     Sign the model in the job that makes it (model-signing, cosign, or a DSSE envelope with a key that the trust
#     policy names), after its last change, with every file included.
#   parameters:
#     min_tier: {default: attested}
#     accepted_formats:
#       type: array
#       items: {enum: [oms, dsse, sigstore, detached]}
#       default: [oms, dsse, sigstore, detached]
#       description: Kinds of signature that count.
#     allowed_signers:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Signers that count, as the trust policy names them; empty means everyone that it allows.
# schemas:
#   - input: schema.input
package probatum.controls.model_03

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["MODEL-03"]

applies contains id if some id in input.ids.model

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].model_signature
	result := input.observations[obs].result
	result.verified == true
	result.covers_all_files == true
	result.uncovered == []
	result.missing == []
	result.format in settings.accepted_formats
	signer := result.signers[_]
	signer > ""
	signer < [] # a string
	every allowed in {settings.allowed_signers} - {[]} { signer in allowed }
}

# The trust policy says how many signers it takes; here one that is named is enough.
signed_by_allowed(result) if {
	settings.allowed_signers == []
	signer := result.signers[_]
	signer > ""
	signer < [] # a string
}

else if {
	signer := result.signers[_]
	signer in settings.allowed_signers
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].model_signature
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

signed contains {"subject": id, "obs": obs, "result": result} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.verified == true
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.verified == false
	message := sprintf("no valid signature: %s", [shape.shown(result, "reason")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in signed
	not signed_by_allowed(entry.result)
	message := sprintf("signed by %s, whom this control does not accept", [shape.listed(entry.result, "signers")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in signed
	not shape.one_of(entry.result, "format", settings.accepted_formats)
	message := sprintf("a signature of format %s is not accepted", [shape.shown(entry.result, "format")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in signed
	not entry.result.covers_all_files == true
	message := "the signature does not cover every file of the model"
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.uncovered[0]
	message := sprintf("the signature does not cover %s", [shape.listed(result, "uncovered")])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.missing[0]
	message := sprintf("what was signed is missing or was changed: %s", [shape.listed(result, "missing")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
