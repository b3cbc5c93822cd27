# METADATA
# title: Training runs in a confined container
# description: |
#   Every container of the workload, init containers too, runs as a user other than root on a read-only root file
#   system, without privileges or a way to gain them, with every capability dropped, under seccomp and AppArmor or
#   SELinux, with limits set; no pod shares a namespace or a path with its node; volumes are mounted read-only, save
#   scratch space and the paths that results are written to. After the Pod Security Standard "restricted", and
#   stricter.
# custom:
#   id: TRAIN-01
#   priority: critical
#   stages: [training]
#   subjects: [workload]
#   evidence: [workload]
#   remediation: |
#     Set in securityContext: runAsNonRoot true, readOnlyRootFilesystem true, allowPrivilegeEscalation false,
#     capabilities.drop [ALL], seccompProfile RuntimeDefault, appArmorProfile RuntimeDefault; set resources.limits;
#     remove hostNetwork, hostPID, hostIPC and hostPath; mount data with readOnly true.
#   parameters:
#     allowed_capabilities:
#       type: array
#       items: {type: string}
#       default: []
#       description: Linux capabilities that a container may add.
#     required_limits:
#       type: array
#       items: {type: string}
#       default: [cpu, memory]
#       description: Resources for which every container must set a limit.
#     writable_paths:
#       type: array
#       items: {type: string, pattern: "^/"}
#       default: [/output]
#       description: Mount paths that may be written to, because the run leaves its results there; never data.
#     require_mac:
#       type: boolean
#       default: true
#       description: Whether AppArmor or SELinux must confine each container, besides seccomp.
# schemas:
#   - input: schema.input
package probatum.controls.train_01

import rego.v1

import data.probatum.lib.pods
import data.probatum.lib.shape

settings := input.parameters["TRAIN-01"]

applies contains id if some id in input.ids.workload

container_rules := {
	"run_as_non_root": {"value": true, "message": "it may run as root"},
	"read_only_root": {"value": true, "message": "its root file system is writable"},
	"privileged": {"value": false, "message": "it is privileged"},
	"allow_privilege_escalation": {"value": false, "message": "it may gain privileges"},
	"proc_mount": {"value": "Default", "message": "/proc is not masked"},
	"host_ports": {"value": [], "message": "it opens ports of the node"},
}

pod_rules := {
	"host_network": {"value": false, "message": "it shares the node's network"},
	"host_pid": {"value": false, "message": "it shares the node's processes"},
	"host_ipc": {"value": false, "message": "it shares the node's IPC"},
	"host_paths": {"value": [], "message": "it mounts paths of the node"},
}

# Volumes that hold no data: scratch space, and those that Kubernetes itself mounts read-only.
dataless := {"emptyDir", "secret", "configMap", "projected", "downwardAPI"}

profiles := {"RuntimeDefault", "Localhost"}

# AppArmor's profile and whether SELinux confines, in every combination that is accepted.
confinements contains [profile, selinux] if {
	some profile in profiles
	some selinux in [true, false]
}

confinements contains [profile, true] if some profile in [null, "Unconfined"]

confinements contains [profile, false] if {
	settings.require_mac == false
	some profile in [null, "Unconfined"]
}

confined(container) if {
	container.run_as_non_root == true
	container.read_only_root == true
	container.privileged == false
	container.allow_privilege_escalation == false
	container.proc_mount == "Default"
	container.host_ports == []
	"ALL" in container.capabilities_dropped
	is_array(container.capabilities_added)
	every capability in container.capabilities_added { capability in settings.allowed_capabilities }
	container.seccomp in profiles
	[container.apparmor, container.selinux] in confinements
	every resource in settings.required_limits {
		container.limits[resource] > ""
		container.limits[resource] < [] # a string
	}
	is_array(container.mounts)

	# probatum:survives drop: this spares the call for mounts that are read-only, which are harmless
	writable := [mount | some mount in container.mounts; not mount.read_only == true]
	every mount in writable { harmless(mount) }
}

harmless(mount) if mount.read_only == true

else if mount.path in settings.writable_paths

else if mount.type in dataless

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].workload
	result := input.observations[obs].result
	result.pods[0]
	every objects in {result.unknown_objects} - {[]} { pods.podless_all(objects) }
	every pod in result.pods {
		pod.host_network == false
		pod.host_pid == false
		pod.host_ipc == false
		pod.host_paths == []
		pod.containers[0]
		every container in pod.containers { confined(container) }
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

loose contains {"subject": entry.subject, "obs": entry.obs, "container": container, "name": name} if {
	some entry in suspect_pod
	some container in shape.items(entry.pod.containers)
	not confined(container) # probatum:survives drop: this spares the work on containers that are denied nothing
	name := sprintf("%s, container %s", [entry.name, shape.shown(container, "name")])
}

drops_all(container) if "ALL" in container.capabilities_dropped

adds_only_allowed(container) if {
	is_array(container.capabilities_added)
	every capability in container.capabilities_added { capability in settings.allowed_capabilities }
}

under_mac(container) if [container.apparmor, container.selinux] in confinements

has_limit(container, resource) if {
	container.limits[resource] > ""
	container.limits[resource] < [] # a string
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_pod
	some field, rule in pod_rules
	not entry.pod[field] == rule.value
	message := sprintf("%s: %s", [entry.name, rule.message])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in suspect_pod
	not entry.pod.containers[0]
	message := sprintf("%s: it has no containers that can be judged", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	some field, rule in container_rules
	not entry.container[field] == rule.value
	message := sprintf("%s: %s", [entry.name, rule.message])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	not drops_all(entry.container)
	message := sprintf("%s: it does not drop all capabilities", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	not adds_only_allowed(entry.container)
	message := sprintf("%s: it adds capabilities: %s", [entry.name, shape.listed(entry.container, "capabilities_added")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	not shape.one_of(entry.container, "seccomp", profiles)
	message := sprintf("%s: no seccomp profile confines it", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	not under_mac(entry.container)
	message := sprintf("%s: neither AppArmor nor SELinux confines it", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	some resource in settings.required_limits
	not has_limit(entry.container, resource)
	message := sprintf("%s: it has no limit for %s", [entry.name, resource])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in loose
	some mount in shape.items(entry.container.mounts)
	not harmless(mount)
	message := sprintf("%s: %s is mounted writable", [entry.name, shape.shown(mount, "path")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
