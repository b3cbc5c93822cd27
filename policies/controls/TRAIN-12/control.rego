# METADATA
# title: Models have build provenance
# description: |
#   Verified SLSA provenance of the model names an allowed builder, and its materials list, by digest, a dataset and a
#   source of the pipeline. Every dataset and every source must be listed by the provenance of some model: relations
#   are not asked which belongs to which, so that leaving one out hides nothing. What has no part in building is named
#   in exempt_subjects.
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
# schemas:
#   - input: schema.input
package probatum.controls.train_12

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["TRAIN-12"]

applies contains id if some id in input.ids.model

kinds := {"dataset", "source"}

# Digests by which the subjects of each kind are recognised.
marks contains [kind, algorithm, digest] if {
	algorithms := settings.digest_algorithms
	some kind in kinds # probatum:survives drop: only what is of these kinds is looked up in it
	some id in input.ids[kind]
	some algorithm, digest in input.subjects[id].digest
	algorithm in algorithms
	digest > ""
}

# What usable provenance of any model lists: good news must be usable.
listed contains [algorithm, digest] if {
	some id in applies
	some obs in input.usable[id].provenance
	result := input.observations[obs].result
	result.verified == true
	result.materials[0] # an array
	some material in result.materials
	is_object(material.digest)
	some algorithm, digest in material.digest
	digest > ""
}

# What any verified provenance lists, also where it is stale: nothing else is missing for certain.
stated contains [algorithm, digest] if {
	some id in applies
	some obs in input.observed[id].provenance
	result := input.observations[obs].result
	result.verified == true
	result.materials[0] # an array
	some material in result.materials
	is_object(material.digest)
	some algorithm, digest in material.digest
	digest > ""
}

required contains id if {
	some kind in kinds
	some id in input.ids[kind]
	not id in settings.exempt_subjects
}

# Looked up digest by digest, because an intersection of sets would walk all that is listed for each subject.
proven contains id if {
	known := listed
	algorithms := settings.digest_algorithms
	some id in required # probatum:survives drop: it is only taken from what is required
	some algorithm, digest in input.subjects[id].digest
	[algorithm, digest] in known
	algorithm in algorithms
}

found contains id if {
	some id in required # probatum:survives drop: it is only taken from what is required
	some algorithm, digest in input.subjects[id].digest
	[algorithm, digest] in stated
	algorithm in settings.digest_algorithms
}

unproven := required - proven

missing := required - found

accepted contains [type, builder] if {
	some type in settings.predicate_types
	some builder in settings.allowed_builders
}

# What is asked for every material has local names: a rule's name costs the embedded engine a search each time.
sound contains [id, obs] if {
	unproven == set()
	wanted := kinds
	known := marks
	some id in applies
	some obs in input.usable[id].provenance
	result := input.observations[obs].result
	result.verified == true
	[result.predicate_type, result.builder] in accepted
	signer := result.signers[_]
	signer > ""
	signer < [] # a string
	result.materials[0]
	{kind |
		some material in result.materials
		is_object(material.digest)
		some algorithm, digest in material.digest
		some kind in wanted
		[kind, algorithm, digest] in known
	} == wanted
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].provenance
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

verified contains [id, obs] if {
	some [id, obs] in suspect
	input.observations[obs].result.verified == true
}

built_where_allowed(result) if result.builder in settings.allowed_builders

of_accepted_type(result) if result.predicate_type in settings.predicate_types

names(result, kind) if {
	is_array(result.materials)
	some material in result.materials
	is_object(material.digest)
	some algorithm, digest in material.digest
	[kind, algorithm, digest] in marks
}

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
	some kind in kinds
	not names(result, kind)
	message := sprintf("the provenance lists no %s of the pipeline", [kind])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in verified
	count(missing) > 0
	message := sprintf("no provenance lists %s", [missing_names])
}

missing_names := shape.joined(missing)

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
