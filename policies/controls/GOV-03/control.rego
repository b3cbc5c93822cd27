# METADATA
# title: Policies under control
# description: |
#   Whoever can change the policies decides what passes. Every pack of policies that is laid on the built-in one is
#   fixed by a digest, in its source or in the lock file, so that a run tomorrow decides with the same; it is signed by
#   somebody whom the trust policy allows to sign policies, which is how its review is shown; and a control of an
#   earlier pack whose place it takes is one that was agreed on. The built-in pack is as trustworthy as the installed
#   release.
# custom:
#   id: GOV-03
#   priority: high
#   stages: [pre-commit, training, deployment, monitoring]
#   subjects: [pipeline]
#   evidence: [policy_packs]
#   remediation: |
#     Run 'probatum policy lock' and keep probatum.lock under version control. Sign the packs ('opa sign', or 'cosign
#     sign-blob --bundle') with a key or identity that has the role 'policy' in the trust policy. Review each control
#     that replaces another one, and list it in allowed_replacements.
#   parameters:
#     require_signature:
#       type: boolean
#       default: true
#       description: Whether every pack but the built-in one must be signed.
#     allowed_signers:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Signers that count, as the trust policy names them; empty means everyone that it allows.
#     require_lock:
#       type: boolean
#       default: false
#       description: Whether a digest in the source is not enough, and the lock file must name each pack.
#     allowed_replacements:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Ids of controls of earlier packs that may be replaced.
# schemas:
#   - input: schema.input
package probatum.controls.gov_03

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["GOV-03"]

applies contains id if some id in input.ids.pipeline

in_order(pack) if {
	identified(pack)
	from_release(pack)
}

in_order(pack) if {
	identified(pack)
	fixed(pack)
	vouched(pack)
	agreed(pack)
}

identified(pack) if {
	shape.stated(pack.name)
	shape.stated(pack.source)
	shape.hex(pack.digest.sha256)
	count(pack.digest.sha256) == 64
}

from_release(pack) if {
	pack.built_in == true
	pack.name == "built-in"
	pack.source == "built-in"
	pack.replaces == []
	pack.replaces_count == 0
}

fixed(pack) if {
	pack.pinned == true
	pack.locked == true
}

fixed(pack) if {
	pack.pinned == true
	settings.require_lock == false
}

vouched(_) if settings.require_signature == false

vouched(pack) if {
	pack.signed == true
	pack.signature in {"opa", "dsse", "sigstore", "detached"}
	pack.signature_problem == ""
	shape.filled(pack.signers)
	shape.texts(pack.signers)
	welcome(pack.signers)
}

welcome(_) if settings.allowed_signers == []

welcome(signers) if {
	some signer in signers
	signer in settings.allowed_signers
}

agreed(pack) if {
	shape.counted(pack.replaces, pack.replaces_count)
	shape.texts(pack.replaces)
	every replaced in pack.replaces { replaced_id(replaced) in settings.allowed_replacements }
}

# "ID@sha256:…" names the control, and what it was when it was replaced.
replaced_id(replaced) := split(replaced, "@")[0]

defective contains {"subject": id, "obs": obs, "pack": pack, "name": shape.shown(pack, "name")} if {
	some id in applies
	some obs in input.observed[id].policy_packs
	some pack in shape.items(input.observations[obs].result.packs)
	not in_order(pack)
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not identified(entry.pack)
	message := sprintf("policies %s do not say what they hold", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not fixed(entry.pack)
	message := sprintf("policies %s are not fixed by a digest that this run was held to", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not vouched(entry.pack)
	message := sprintf("policies %s are signed by nobody who may: %s", [entry.name, problem(entry.pack)])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in defective
	not agreed(entry.pack)
	message := sprintf("policies %s replace controls without agreement: %s", [
		entry.name,
		shape.listed(entry.pack, "replaces"),
	])
}

problem(pack) := pack.signature_problem if shape.stated(pack.signature_problem)

else := shape.listed(pack, "signers")

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].policy_packs
	result := input.observations[obs].result
	shape.filled(result.packs)
	shape.counted(result.packs, result.pack_count)
	every pack in result.packs { in_order(pack) }
}
