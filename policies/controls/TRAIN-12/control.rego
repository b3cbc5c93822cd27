# METADATA
# title: Models have build provenance
# description: |
#   Verified SLSA provenance of the model names an allowed builder, and its materials list, by digest, every dataset
#   and every source of the pipeline. Relations are not asked which dataset belongs to which model, so that leaving
#   one out hides nothing; a dataset or source that has no part in building is named in exempt_subjects.
# custom:
#   id: TRAIN-12
#   priority: high
#   stages: [training, deployment]
#   subjects: [model]
#   evidence: [provenance]
#   remediation: |
#     Let the training platform, not the training script, sign SLSA provenance over the model, with the digest of
#     every dataset and of the source among its materials (v0.2) or resolved dependencies (v1); name the platform's
#     identity in the trust policy and its builder id in allowed_builders.
#   parameters:
#     min_tier: {default: attested}
#     allowed_builders:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Builder ids that may have built a model. With none, nothing can be proven.
#     predicate_types:
#       type: array
#       minItems: 1
#       items: {type: string, minLength: 1}
#       default: ["https://slsa.dev/provenance/v1", "https://slsa.dev/provenance/v0.2"]
#       description: Kinds of provenance that count.
#     digest_algorithms:
#       type: array
#       minItems: 1
#       items: {enum: [sha256, sha512, gitCommit]}
#       default: [sha256, sha512, gitCommit]
#       description: Digests by which a material may be recognised.
#     exempt_subjects:
#       type: array
#       items: {type: string, pattern: "^(dataset|source):"}
#       default: []
#       description: Ids of datasets and sources that need not be among the materials, such as an evaluation set.
package probatum.controls.train_12

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["TRAIN-12"]

applies contains id if some id in input.ids.model

required contains id if {
	some kind in ["dataset", "source"]
	some id in input.ids[kind]
	not id in settings.exempt_subjects
}

# How many different contents that is: as many materials at least there must be.
least := count({object.get(input.subjects[id], "digest", id) | some id in required})

# Digests by which one required subject is recognised.
marks[id] contains [algorithm, digest] if {
	some id in required
	some algorithm in settings.digest_algorithms
	digest := input.subjects[id].digest[algorithm]
	digest > ""
}

material_marks(result) := {[algorithm, material.digest[algorithm]] |
	some material in shape.items(result.materials)
	some algorithm in settings.digest_algorithms
}

enough(result) if {
	result.materials[0]
	count(result.materials) >= least
}

# Undefined where the materials are too few to look further, which keeps the cost within the size of the evidence.
missing(result) := {id | some id in required; not listed(id, found)} if {
	enough(result)
	found := material_marks(result)
}

listed(id, found) if {
	some mark in marks[id]
	mark in found
}

sound contains [id, obs] if {
	count(required) > 0
	some id in applies
	some obs in input.usable[id].provenance
	result := input.observations[obs].result
	result.verified == true
	result.builder in settings.allowed_builders
	result.predicate_type in settings.predicate_types
	signer := result.signers[_]
	signer > ""
	missing(result) == set()
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].provenance
	not [id, obs] in sound
}

verified contains [id, obs] if {
	some [id, obs] in suspect
	input.observations[obs].result.verified == true
}

built_where_allowed(result) if result.builder in settings.allowed_builders

of_accepted_type(result) if result.predicate_type in settings.predicate_types

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.verified == false
	message := sprintf("no verified provenance: %s", [shape.shown(result, "reason")])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	settings.allowed_builders != []
	some [id, obs] in verified
	result := input.observations[obs].result
	not built_where_allowed(result)
	message := sprintf("built by %s, which is no allowed builder", [shape.shown(result, "builder")])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in verified
	result := input.observations[obs].result
	not of_accepted_type(result)
	message := sprintf("provenance of type %s is not accepted", [shape.shown(result, "predicate_type")])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in verified
	result := input.observations[obs].result
	not enough(result)
	message := sprintf("the provenance lists fewer materials than the %d datasets and sources of the pipeline", [least])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in verified
	result := input.observations[obs].result
	absent := missing(result)
	count(absent) > 0
	message := sprintf("the provenance does not list %s", [shape.joined(absent)])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
