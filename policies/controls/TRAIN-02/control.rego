# METADATA
# title: Training runs in an isolated network
# description: |
#   NetworkPolicies select every pod of the workload and deny ingress and egress by default, nothing is opened to
#   anywhere, and no pod uses the node's network, which no NetworkPolicy reaches.
# custom:
#   id: TRAIN-02
#   priority: high
#   stages: [training]
#   subjects: [workload]
#   evidence: [workload]
#   remediation: |
#     Add a NetworkPolicy that selects the pods, lists both policyTypes (Ingress and Egress), and opens only the named
#     peers and ports that the job needs; remove hostNetwork and rules without peers.
#   parameters:
#     allow_all_namespaces:
#       type: boolean
#       default: false
#       description: Whether a rule may be open to pods of every namespace (an empty namespaceSelector).
# schemas:
#   - input: schema.input
package probatum.controls.train_02

import rego.v1

import data.probatum.lib.pods
import data.probatum.lib.shape

settings := input.parameters["TRAIN-02"]

applies contains id if some id in input.ids.workload

closed := {
	"ingress_default_deny": {"value": true, "message": "ingress is not denied by default"},
	"egress_default_deny": {"value": true, "message": "egress is not denied by default"},
	"ingress_anywhere": {"value": false, "message": "ingress is open to anywhere"},
	"egress_anywhere": {"value": false, "message": "egress is open to anywhere"},
}

in_namespaces := {
	"ingress_all_namespaces": {"value": false, "message": "ingress is open to every namespace"},
	"egress_all_namespaces": {"value": false, "message": "egress is open to every namespace"},
}

wanted := closed if settings.allow_all_namespaces == true

else := object.union(closed, in_namespaces)

# What a pod may say of rules that are open to every namespace.
all_namespaces := {false, settings.allow_all_namespaces}

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].workload
	result := input.observations[obs].result
	result.pods[0]
	every objects in {result.unknown_objects} - {[]} { pods.podless_all(objects) }
	every pod in result.pods {
		pod.host_network == false
		network := pod.network
		network.policies[0] > ""
		network.policies[0] < [] # a string
		network.ingress_default_deny == true
		network.egress_default_deny == true
		network.ingress_anywhere == false
		network.egress_anywhere == false
		network.ingress_all_namespaces in all_namespaces
		network.egress_all_namespaces in all_namespaces
	}
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].workload
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

suspect_pod contains {"subject": id, "obs": obs, "pod": pod, "name": shape.shown(pod, "object")} if {
	some [id, obs] in suspect
	some pod in shape.items(input.observations[obs].result.pods)
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_pod
	some field, rule in wanted
	not entry.pod.network[field] == rule.value
	message := sprintf("%s: %s", [entry.name, rule.message])
}

selected(pod) if {
	pod.network.policies[0] > ""
	pod.network.policies[0] < [] # a string
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_pod
	not selected(entry.pod)
	message := sprintf("%s: no NetworkPolicy selects it", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_pod
	not entry.pod.host_network == false
	message := sprintf("%s: it uses the node's network", [entry.name])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
