# METADATA
# title: No secret is written into a manifest or a CI workflow
# description: |
#   No container of a workload has a literal secret in its environment, and its manifests carry no Secret object;
#   no CI workflow file of the pipeline has a literal secret. Secrets are referred to (secretKeyRef, a CI secret store).
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
package probatum.controls.train_09

import rego.v1

import data.probatum.lib.pods
import data.probatum.lib.shape

applies contains id if some id in input.ids.workload

applies contains id if some id in input.ids.pipeline

plain(container) if {
	is_array(container.env_literals)
	every variable in container.env_literals { variable.secret_like == false }
}

# A Secret of the manifest is its value in base64. The name garbled would not say so, hence a list of what is known.
secretless := (pods.podless - {"Secret"}) | pods.pod_makers

carries_no_secret(result) if {
	shape.filled(result.objects)
	every object in result.objects { object.kind in secretless }
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some id in applies
	some obs in input.observed[id].workload
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
	some id in applies
	some obs in input.observed[id].workload
	some object in shape.items(input.observations[obs].result.objects)
	object.kind == "Secret"
	message := sprintf("the manifest carries Secret %s with its value", [shape.shown(object, "name")])
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

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].workload
	result := input.observations[obs].result
	pods.all_seen(result)
	carries_no_secret(result)
	every pod in result.pods {
		shape.filled(pod.containers)
		every container in pod.containers { plain(container) }
	}
}

proof contains {"subject": id, "evidence": [obs]} if {
	some id in applies
	some obs in input.usable[id].ci_workflow
	result := input.observations[obs].result
	is_array(result.files)
	result.literals == []
}
