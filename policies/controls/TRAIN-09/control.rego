# METADATA
# title: No secret is written into a manifest or a CI workflow
# description: |
#   No manifest of a workload has a literal secret, in the environment of a container, in a Secret object or
#   elsewhere; no CI workflow file of the pipeline has one. Secrets are referred to (secretKeyRef, a CI secret store).
# custom:
#   id: TRAIN-09
#   priority: high
#   stages: [training]
#   subjects: [workload, pipeline]
#   evidence: [[workload, ci_workflow]]
#   remediation: |
#     Take the value out of the file, revoke it (it is in the history), store it in a secret store, and refer to it:
#     valueFrom.secretKeyRef in a manifest, secrets.NAME in a CI workflow.
#   parameters: {}
# schemas:
#   - input: schema.input
package probatum.controls.train_09

import rego.v1

import data.probatum.lib.shape

applies contains id if some id in input.ids.workload

applies contains id if some id in input.ids.pipeline

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].workload
	result := input.observations[obs].result
	result.secret_literals == 0
	result.literals == []
	result.objects[0].kind > ""
	result.objects[0].kind < [] # a string
	is_array(result.pods)
	every pod in result.pods {
		pod.containers[0]
		every container in pod.containers { plain(container.env_literals) }
	}
}

sound contains [id, obs] if {
	some id in input.ids.pipeline
	some obs in input.usable[id].ci_workflow
	result := input.observations[obs].result
	is_array(result.files)
	result.literals == []
	result.literal_count == 0
}

plain(variables) if variables == []

else if {
	variables[0]
	every variable in variables { variable.secret_like == false }
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].workload
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some pod in shape.items(input.observations[obs].result.pods)
	some container in shape.items(pod.containers)
	some variable in shape.items(container.env_literals)
	not variable.secret_like == false
	message := sprintf("%s, container %s: variable %s looks like a literal secret (%s)", [
		shape.shown(pod, "object"),
		shape.shown(container, "name"),
		shape.shown(variable, "name"),
		shape.shown(variable, "reason"),
	])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some literal in shape.items(input.observations[obs].result.literals)
	message := sprintf("%s: %s holds a literal secret (%s)", [
		shape.shown(literal, "object"),
		shape.shown(literal, "name"),
		shape.shown(literal, "reason"),
	])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].ci_workflow
	some literal in shape.items(input.observations[obs].result.literals)
	message := sprintf("%s, %s: %s looks like a literal secret (%s)", [
		shape.shown(literal, "file"),
		shape.shown(literal, "location"),
		shape.shown(literal, "name"),
		shape.shown(literal, "reason"),
	])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
