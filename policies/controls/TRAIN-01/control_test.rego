package probatum.controls.train_01_test

import rego.v1

import data.probatum.controls.train_01 as control
import data.probatum.lib.world

container := {
	"name": "train",
	"run_as_non_root": true,
	"run_as_user": null,
	"read_only_root": true,
	"privileged": false,
	"allow_privilege_escalation": false,
	"proc_mount": "Default",
	"host_ports": [],
	"capabilities_added": [],
	"capabilities_dropped": ["ALL"],
	"seccomp": "RuntimeDefault",
	"apparmor": "RuntimeDefault",
	"selinux": false,
	"limits": {"cpu": "4", "memory": "8Gi"},
	"mounts": [
		{"path": "/data", "volume": "data", "read_only": true, "type": "persistentVolumeClaim"},
		{"path": "/tmp", "volume": "tmp", "read_only": false, "type": "emptyDir"},
		{"path": "/output", "volume": "out", "read_only": false, "type": "persistentVolumeClaim"},
	],
}

pod := {
	"object": "Job/train", "host_network": false, "host_pid": false, "host_ipc": false, "host_paths": [],
	"containers": [container],
}

settings := {
	"allowed_capabilities": [],
	"required_limits": ["cpu", "memory"],
	"writable_paths": ["/output"],
	"require_mac": true,
}

good := world.of("TRAIN-01", "workload", {"workload": {"pods": [pod], "unknown_objects": []}}, settings)

cases := {
	"host network": {"set": {"pods/0/host_network": true}, "deny": {"Job/train: it shares the node's network"}},
	"host network missing": {"drop": ["pods/0/host_network"], "deny": {"Job/train: it shares the node's network"}},
	"host processes": {"set": {"pods/0/host_pid": true}, "deny": {"Job/train: it shares the node's processes"}},
	"host IPC": {"set": {"pods/0/host_ipc": true}, "deny": {"Job/train: it shares the node's IPC"}},
	"host paths": {"set": {"pods/0/host_paths": ["/"]}, "deny": {"Job/train: it mounts paths of the node"}},
	"host paths missing": {"drop": ["pods/0/host_paths"], "deny": {"Job/train: it mounts paths of the node"}},
	"no containers": {
		"set": {"pods/0/containers": []},
		"deny": {"Job/train: it has no containers that can be judged"},
	},
	"containers are no list": {
		"set": {"pods/0/containers": "x"},
		"deny": {"Job/train: it has no containers that can be judged"},
	},
	"no pods": {"set": {"pods": []}, "deny": set()},
	"pods missing": {"drop": ["pods"], "deny": set()},
	"unknown object": {"set": {"unknown_objects": [{"kind": "Rollout", "name": "x"}]}, "deny": set()},
	"unknown objects missing": {"drop": ["unknown_objects"], "deny": set()},
	"root": {
		"set": {"pods/0/containers/0/run_as_non_root": false},
		"deny": {"Job/train, container train: it may run as root"},
	},
	"writable root": {
		"set": {"pods/0/containers/0/read_only_root": false},
		"deny": {"Job/train, container train: its root file system is writable"},
	},
	"privileged": {
		"set": {"pods/0/containers/0/privileged": true},
		"deny": {"Job/train, container train: it is privileged"},
	},
	"privilege missing": {
		"drop": ["pods/0/containers/0/privileged"],
		"deny": {"Job/train, container train: it is privileged"},
	},
	"escalation": {
		"set": {"pods/0/containers/0/allow_privilege_escalation": true},
		"deny": {"Job/train, container train: it may gain privileges"},
	},
	"unmasked": {
		"set": {"pods/0/containers/0/proc_mount": "Unmasked"},
		"deny": {"Job/train, container train: /proc is not masked"},
	},
	"host port": {
		"set": {"pods/0/containers/0/host_ports": [22]},
		"deny": {"Job/train, container train: it opens ports of the node"},
	},
	"capability kept": {
		"set": {"pods/0/containers/0/capabilities_dropped": ["NET_RAW"]},
		"deny": {"Job/train, container train: it does not drop all capabilities"},
	},
	"drops missing": {
		"drop": ["pods/0/containers/0/capabilities_dropped"],
		"deny": {"Job/train, container train: it does not drop all capabilities"},
	},
	"capability added": {
		"set": {"pods/0/containers/0/capabilities_added": ["SYS_ADMIN"]},
		"deny": {"Job/train, container train: it adds capabilities: SYS_ADMIN"},
	},
	"added missing": {
		"drop": ["pods/0/containers/0/capabilities_added"],
		"deny": {"Job/train, container train: it adds capabilities: unstated"},
	},
	"no seccomp": {
		"set": {"pods/0/containers/0/seccomp": null},
		"deny": {"Job/train, container train: no seccomp profile confines it"},
	},
	"seccomp unconfined": {
		"set": {"pods/0/containers/0/seccomp": "Unconfined"},
		"deny": {"Job/train, container train: no seccomp profile confines it"},
	},
	"no AppArmor": {
		"set": {"pods/0/containers/0/apparmor": "Unconfined"},
		"deny": {"Job/train, container train: neither AppArmor nor SELinux confines it"},
	},
	"AppArmor missing": {
		"drop": ["pods/0/containers/0/apparmor", "pods/0/containers/0/selinux"],
		"deny": {"Job/train, container train: neither AppArmor nor SELinux confines it"},
	},
	"no limit": {
		"drop": ["pods/0/containers/0/limits/memory"],
		"deny": {"Job/train, container train: it has no limit for memory"},
	},
	"no limits": {
		"drop": ["pods/0/containers/0/limits"],
		"deny": {
			"Job/train, container train: it has no limit for cpu",
			"Job/train, container train: it has no limit for memory",
		},
	},
	"data writable": {
		"set": {"pods/0/containers/0/mounts/0/read_only": false},
		"deny": {"Job/train, container train: /data is mounted writable"},
	},
	"read-only missing": {
		"drop": ["pods/0/containers/0/mounts/0/read_only"],
		"deny": {"Job/train, container train: /data is mounted writable"},
	},
	"volume type missing": {
		"drop": ["pods/0/containers/0/mounts/1/type"],
		"deny": {"Job/train, container train: /tmp is mounted writable"},
	},
	"nothing writable": {
		"parameters": {"writable_paths": []},
		"deny": {"Job/train, container train: /output is mounted writable"},
	},
	"limit is blank": {
		"set": {"pods/0/containers/0/limits/memory": ""},
		"deny": {"Job/train, container train: it has no limit for memory"},
	},
	"limit is a list": {
		"set": {"pods/0/containers/0/limits/memory": []},
		"deny": {"Job/train, container train: it has no limit for memory"},
	},
	"added capabilities are an object": {
		"set": {"pods/0/containers/0/capabilities_added": {}},
		"deny": {"Job/train, container train: it adds capabilities: unstated"},
	},
	"no AppArmor stated, no SELinux": {
		"set": {"pods/0/containers/0/apparmor": null},
		"deny": {"Job/train, container train: neither AppArmor nor SELinux confines it"},
	},
	"one container of two": {
		"set": {"pods/0/containers": [container, object.union(container, {"privileged": true})]},
		"deny": {"Job/train, container train: it is privileged"},
	},
	"one pod of two": {
		"set": {"pods": [pod, object.union(pod, {"host_pid": true})]},
		"deny": {"Job/train: it shares the node's processes"},
	},
	"mounts missing": {"drop": ["pods/0/containers/0/mounts"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "workload"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "workload:x", "message": message, "evidence": ["obs:workload"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "workload:x", "evidence": ["obs:workload"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "workload", cases.root))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.root] {
		nobody := object.union(world.spoiled(good, "workload", case), {"ids": {"workload": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"SELinux": {"set": {"pods/0/containers/0/apparmor": null, "pods/0/containers/0/selinux": true}},
	"AppArmor and SELinux": {"set": {"pods/0/containers/0/selinux": true}},
	"SELinux, AppArmor unconfined": {"set": {
		"pods/0/containers/0/apparmor": "Unconfined",
		"pods/0/containers/0/selinux": true,
	}},
	"unconfined where neither is required": {
		"set": {"pods/0/containers/0/apparmor": "Unconfined"},
		"parameters": {"require_mac": false},
	},
	"volumes without data": {"set": {"pods/0/containers/0/mounts": [
	{"path": sprintf("/%s", [type]), "volume": type, "read_only": false, "type": type} |
		some type in ["secret", "configMap", "projected", "downwardAPI"]
	]}},
	"neither where it is not required": {
		"set": {"pods/0/containers/0/apparmor": null},
		"parameters": {"require_mac": false},
	},
	"own profile": {"set": {"pods/0/containers/0/seccomp": "Localhost", "pods/0/containers/0/apparmor": "Localhost"}},
	"allowed capability": {
		"set": {"pods/0/containers/0/capabilities_added": ["IPC_LOCK"]},
		"parameters": {"allowed_capabilities": ["IPC_LOCK"]},
	},
	"service beside it": {"set": {"unknown_objects": [{"kind": "Service", "name": "x"}]}},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "workload", case)
		control.deny == set() with input as world.spoiled(good, "workload", case)
	}
}
