package probatum.controls.train_02_test

import rego.v1

import data.probatum.controls.train_02 as control
import data.probatum.lib.world

network := {
	"policies": ["train"], "ingress_default_deny": true, "egress_default_deny": true, "ingress_rules": 0,
	"egress_rules": 1, "ingress_anywhere": false, "egress_anywhere": false, "ingress_all_namespaces": false,
	"egress_all_namespaces": false,
}

pod := {"object": "Job/train", "host_network": false, "network": network}

result := {"pods": [pod], "unknown_objects": []}

good := world.of("TRAIN-02", "workload", {"workload": result}, {"allow_all_namespaces": false})

cases := {
	"ingress allowed": {
		"set": {"pods/0/network/ingress_default_deny": false},
		"deny": {"Job/train: ingress is not denied by default"},
	},
	"egress allowed": {
		"set": {"pods/0/network/egress_default_deny": false},
		"deny": {"Job/train: egress is not denied by default"},
	},
	"ingress anywhere": {
		"set": {"pods/0/network/ingress_anywhere": true},
		"deny": {"Job/train: ingress is open to anywhere"},
	},
	"egress anywhere": {
		"set": {"pods/0/network/egress_anywhere": true},
		"deny": {"Job/train: egress is open to anywhere"},
	},
	"egress anywhere missing": {
		"drop": ["pods/0/network/egress_anywhere"],
		"deny": {"Job/train: egress is open to anywhere"},
	},
	"ingress from all namespaces": {
		"set": {"pods/0/network/ingress_all_namespaces": true},
		"deny": {"Job/train: ingress is open to every namespace"},
	},
	"egress to all namespaces": {
		"set": {"pods/0/network/egress_all_namespaces": true},
		"deny": {"Job/train: egress is open to every namespace"},
	},
	"no policy": {
		"set": {"pods/0/network/policies": []},
		"deny": {"Job/train: no NetworkPolicy selects it"},
	},
	"policy is a list": {
		"set": {"pods/0/network/policies": [[]]},
		"deny": {"Job/train: no NetworkPolicy selects it"},
	},
	"policy is not named": {
		"set": {"pods/0/network/policies": [""]},
		"deny": {"Job/train: no NetworkPolicy selects it"},
	},
	"one of two on the node's network": {
		"set": {"pods": [pod, object.union(pod, {"host_network": true})]},
		"deny": {"Job/train: it uses the node's network"},
	},
	"policies missing": {
		"drop": ["pods/0/network/policies"],
		"deny": {"Job/train: no NetworkPolicy selects it"},
	},
	"network missing": {
		"drop": ["pods/0/network"],
		"deny": {
			"Job/train: ingress is not denied by default",
			"Job/train: egress is not denied by default",
			"Job/train: ingress is open to anywhere",
			"Job/train: egress is open to anywhere",
			"Job/train: ingress is open to every namespace",
			"Job/train: egress is open to every namespace",
			"Job/train: no NetworkPolicy selects it",
		},
	},
	"node's network": {"set": {"pods/0/host_network": true}, "deny": {"Job/train: it uses the node's network"}},
	"node's network missing": {"drop": ["pods/0/host_network"], "deny": {"Job/train: it uses the node's network"}},
	"no pods": {"set": {"pods": []}, "deny": set()},
	"pods are no list": {"set": {"pods": {"0": pod}}, "deny": set()},
	"unknown object": {"set": {"unknown_objects": [{"kind": "CiliumNetworkPolicy"}]}, "deny": set()},
	"unknown objects missing": {"drop": ["unknown_objects"], "deny": set()},
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
	spoiled := world.unusable(world.spoiled(good, "workload", cases["egress anywhere"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["egress anywhere"]] {
		nobody := object.union(world.spoiled(good, "workload", case), {"ids": {"workload": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

test_all_namespaces_where_allowed if {
	wider := world.spoiled(good, "workload", {
		"set": {"pods/0/network/egress_all_namespaces": true},
		"parameters": {"allow_all_namespaces": true},
	})
	count(control.proof) == 1 with input as wider
	control.deny == set() with input as wider
}
