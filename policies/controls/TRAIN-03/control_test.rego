package probatum.controls.train_03_test

import rego.v1

import data.probatum.controls.train_03 as control
import data.probatum.lib.world

device := {
	"index": 0, "uuid": "GPU-1", "product": "NVIDIA H200", "mig_mode": "enabled",
	"mig_pending": "enabled", "mig_instances": [{"gi": 1, "ci": 0}, {"gi": 2, "ci": 0}], "compute_mode": "default",
	"ecc": "enabled", "confidential_computing": "off", "cc_attested": false,
	"processes": [{"gi": 1, "tenant": "a"}, {"gi": 2, "tenant": "b"}, {"gi": 2, "tenant": "b"}], "tenants": 2,
	"tenants_source": "processes", "mps": false,
}

isolation := {"source": "nvidia-smi", "driver": "565.57", "devices": [device], "attached": 1}

sharing := {"time_slicing": [], "mps": [], "mig_parted": [], "requests": [], "shared": false}

settings := {"require_ecc": true, "require_confidential_computing": false}

good := world.of("TRAIN-03", "gpu", {"gpu_isolation": isolation, "gpu_sharing": sharing}, settings)

separate := {"GPU-1: tenants have neither a MIG slice nor the whole device to themselves"}

cases := {
	"MPS": {"set": {"devices/0/mps": true}, "deny": {"GPU-1: MPS shares one context between processes"}},
	"MPS missing": {"drop": ["devices/0/mps"], "deny": {"GPU-1: MPS shares one context between processes"}},
	"MPS as text": {"set": {"devices/0/mps": "no"}, "deny": {"GPU-1: MPS shares one context between processes"}},
	"more tenants than slices": {"set": {"devices/0/tenants": 3}, "deny": separate},
	"tenants lost": {"set": {"devices/0/tenants": null}, "deny": separate},
	"source of tenants missing": {
		"set": {"devices/0/tenants": null},
		"drop": ["devices/0/tenants_source"],
		"deny": separate,
	},
	"slice shared": {"set": {"devices/0/processes/1/gi": 1}, "deny": separate},
	"tenants lost, with a source": {
		"set": {"devices/0/mig_mode": "disabled", "devices/0/tenants": null},
		"deny": separate,
	},
	"tenants below zero": {"set": {"devices/0/tenants": -1}, "deny": separate},
	"tenants of the device below zero": {
		"set": {"devices/0/mig_mode": "disabled", "devices/0/tenants": -1},
		"deny": separate,
	},
	"more tenants than slices, of an unknown source": {
		"set": {"devices/0/tenants": 3, "devices/0/tenants_source": "unknown"},
		"deny": separate,
	},
	"one process at a time, but slices after a reset": {
		"set": {"devices/0/mig_pending": "disabled", "devices/0/compute_mode": "exclusive_process"},
		"deny": separate,
	},
	"tenant of a shared slice missing": {
		"set": {"devices/0/processes/1/gi": 1},
		"drop": ["devices/0/processes/0/tenant"],
		"deny": separate,
	},
	"tenant is a list": {"set": {"devices/0/processes/0/tenant": []}, "deny": separate},
	"tenant is blank": {"set": {"devices/0/processes/0/tenant": ""}, "deny": separate},
	"slice of a process as text": {"set": {"devices/0/processes/0/gi": ""}, "deny": separate},
	"slice of a process below zero": {"set": {"devices/0/processes/0/gi": -1}, "deny": separate},
	"slice without a number": {"set": {"devices/0/mig_instances/1/gi": null}, "deny": separate},
	"processes are no list": {"set": {"devices/0/processes": {}}, "deny": separate},
	"slice of a process unknown": {"set": {"devices/0/processes/1/gi": null}, "deny": separate},
	"processes missing": {"drop": ["devices/0/processes"], "deny": separate},
	"no slices after a reset": {"set": {"devices/0/mig_pending": "disabled"}, "deny": separate},
	"compute instances of one slice": {
		"set": {"devices/0/mig_instances": [{"gi": 1, "ci": 0}, {"gi": 1, "ci": 1}]},
		"deny": separate,
	},
	"device lost": {"set": {"attached": 2}, "deny": set()},
	"number of devices missing": {"drop": ["attached"], "deny": set()},
	"no slices": {"set": {"devices/0/mig_instances": [], "devices/0/tenants": 0}, "deny": separate},
	"slices missing": {"drop": ["devices/0/mig_instances"], "deny": separate},
	"two tenants on one device": {"set": {"devices/0/mig_mode": "disabled"}, "deny": separate},
	"mode missing": {"drop": ["devices/0/mig_mode"], "deny": separate},
	"ECC off": {"set": {"devices/0/ecc": "disabled"}, "deny": {"GPU-1: ECC is not on"}},
	"ECC missing": {"drop": ["devices/0/ecc"], "deny": {"GPU-1: ECC is not on"}},
	"confidential computing off": {
		"parameters": {"require_confidential_computing": true},
		"deny": {"GPU-1: confidential computing is not on and attested"},
	},
	"confidential computing not attested": {
		"set": {"devices/0/confidential_computing": "on"},
		"parameters": {"require_confidential_computing": true},
		"deny": {"GPU-1: confidential computing is not on and attested"},
	},
	"confidential computing attested and off": {
		"set": {"devices/0/cc_attested": true},
		"parameters": {"require_confidential_computing": true},
		"deny": {"GPU-1: confidential computing is not on and attested"},
	},
	"one of two devices": {
		"set": {"devices": [device, object.union(device, {"uuid": "GPU-2", "ecc": "disabled"})], "attached": 2},
		"deny": {"GPU-2: ECC is not on"},
	},
	"no devices": {"set": {"devices": []}, "deny": set()},
	"devices are no list": {"set": {"devices": {"0": device}}, "deny": set()},
	"time slicing": {
		"type": "gpu_sharing",
		"set": {"time_slicing": [{"file": "plugin.yaml", "resource": "nvidia.com/gpu", "replicas": 4}]},
		"deny": {"plugin.yaml shares the GPU between containers (time_slicing)"},
	},
	"MPS configured": {
		"type": "gpu_sharing",
		"set": {"mps": [{"file": "plugin.yaml"}]},
		"deny": {"plugin.yaml shares the GPU between containers (mps)"},
	},
	"shared": {
		"type": "gpu_sharing",
		"set": {"shared": true, "requests": [{"file": "job.yaml"}]},
		"deny": {"the configuration shares the GPU between containers"},
	},
	"shared missing": {"type": "gpu_sharing", "drop": ["shared"], "deny": set()},
	"time slicing missing": {"type": "gpu_sharing", "drop": ["time_slicing"], "deny": set()},
	"MPS configuration missing": {"type": "gpu_sharing", "drop": ["mps"], "deny": set()},
	"requests missing": {"type": "gpu_sharing", "drop": ["requests"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	type := object.get(case, "type", "gpu_isolation")
	not as_expected(type, case.deny) with input as world.spoiled(good, type, case)
}

as_expected(type, messages) if {
	evidence := [sprintf("obs:%s", [type])]
	control.deny == {{"subject": "gpu:x", "message": message, "evidence": evidence} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "gpu:x", "evidence": ["obs:gpu_isolation", "obs:gpu_sharing"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	every name in ["MPS", "time slicing"] {
		type := object.get(cases[name], "type", "gpu_isolation")
		count(control.deny) > 0 with input as world.unusable(world.spoiled(good, type, cases[name]))
	}
}

test_does_not_apply_without_subjects if {
	every name in ["MPS", "time slicing"] {
		type := object.get(cases[name], "type", "gpu_isolation")
		nobody := object.union(world.spoiled(good, type, cases[name]), {"ids": {"gpu": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"tenants unknown": {"set": {"devices/0/tenants": null, "devices/0/tenants_source": "unknown"}},
	"one slice": {"set": {
		"devices/0/mig_instances": [{"gi": 0, "ci": 0}],
		"devices/0/processes": [{"gi": 0, "tenant": "a"}],
		"devices/0/tenants": 1,
	}},
	"no tenants yet": {"set": {"devices/0/tenants": 0, "devices/0/processes": []}},
	"tenant of a slice unknown": {"set": {"devices/0/processes/0/tenant": null}},
	"one tenant": {"set": {"devices/0/mig_mode": "disabled", "devices/0/tenants": 1}},
	"no MIG on this product": {"set": {"devices/0/mig_mode": "unsupported", "devices/0/tenants": 0}},
	"one process at a time": {"set": {
		"devices/0/mig_mode": "disabled",
		"devices/0/tenants": null,
		"devices/0/compute_mode": "exclusive_process",
	}},
	"one process at a time, no MIG on this product": {"set": {
		"devices/0/mig_mode": "unsupported",
		"devices/0/tenants": null,
		"devices/0/compute_mode": "exclusive_process",
	}},
	"ECC where it is not required": {"set": {"devices/0/ecc": "unsupported"}, "parameters": {"require_ecc": false}},
	"confidential computing": {
		"set": {"devices/0/confidential_computing": "on", "devices/0/cc_attested": true},
		"parameters": {"require_confidential_computing": true},
	},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "gpu_isolation", case)
		control.deny == set() with input as world.spoiled(good, "gpu_isolation", case)
	}
}

test_both_observations_are_needed if {
	every type in ["gpu_isolation", "gpu_sharing"] {
		as_expected(type, set()) with input as world.without(good, "gpu:x", type)
		unusable := json.patch(good, [{"op": "remove", "path": sprintf("/usable/gpu:x/%s", [type])}])
		as_expected(type, set()) with input as unusable
	}
}
