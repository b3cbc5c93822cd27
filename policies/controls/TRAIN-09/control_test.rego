package probatum.controls.train_09_test

import rego.v1

import data.probatum.controls.train_09 as control
import data.probatum.lib.world

plain := {"name": "EPOCHS", "secret_like": false, "reason": ""}

container := {"name": "train", "env_literals": [plain]}

pod := {"object": "Job/train", "containers": [container]}

result := {
	"objects": [{"kind": "Job", "name": "train"}],
	"pods": [pod],
	"literals": [],
	"secret_literals": 0,
}

good := world.of("TRAIN-09", "workload", {"workload": result}, {})

cases := {
	"secret variable": {
		"set": {"pods/0/containers/0/env_literals/0/secret_like": true, "secret_literals": 1},
		"deny": {"Job/train, container train: variable EPOCHS looks like a literal secret ()"},
	},
	"secret-like missing": {
		"drop": ["pods/0/containers/0/env_literals/0/secret_like"],
		"deny": {"Job/train, container train: variable EPOCHS looks like a literal secret ()"},
	},
	"variable is no object": {
		"set": {"pods/0/containers/0/env_literals/0": "TOKEN=x"},
		"deny": {"Job/train, container train: variable unstated looks like a literal secret (unstated)"},
	},
	"one variable of two": {
		"set": {"pods/0/containers/0/env_literals": [plain, object.union(plain, {"secret_like": true})]},
		"deny": {"Job/train, container train: variable EPOCHS looks like a literal secret ()"},
	},
	"one container of two": {
		"set": {"pods/0/containers": [container, object.remove(container, ["env_literals"])]},
		"deny": set(),
	},
	"one pod of two": {"set": {"pods": [pod, object.remove(pod, ["containers"])]}, "deny": set()},
	"variables are an object": {"set": {"pods/0/containers/0/env_literals": {}}, "deny": set()},
	"object of no kind": {"set": {"objects/0/kind": ""}, "deny": set()},
	"kind of an object is a list": {"set": {"objects/0/kind": []}, "deny": set()},
	"object is no object": {"set": {"objects": [null]}, "deny": set()},
	"variables missing": {"drop": ["pods/0/containers/0/env_literals"], "deny": set()},
	"literal elsewhere": {
		"set": {"literals": [{"object": "Secret/s", "name": "data.password", "reason": "a Secret"}], "secret_literals": 1},
		"deny": {"Secret/s: data.password holds a literal secret (a Secret)"},
	},
	"literals missing": {"drop": ["literals"], "deny": set()},
	"counted": {"set": {"secret_literals": 1}, "deny": set()},
	"not counted": {"drop": ["secret_literals"], "deny": set()},
	"no objects": {"set": {"objects": []}, "deny": set()},
	"no containers": {"set": {"pods/0/containers": []}, "deny": set()},
	"pods missing": {"drop": ["pods"], "deny": set()},
	"pods are no list": {"set": {"pods": {}}, "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "workload"), case)
	not as_expected("workload", "workload", case.deny) with input as spoiled
}

as_expected(kind, type, messages) if {
	subject := sprintf("%s:x", [kind])
	evidence := [sprintf("obs:%s", [type])]
	control.deny == {{"subject": subject, "message": message, "evidence": evidence} | some message in messages}
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
	spoiled := world.unusable(world.spoiled(good, "workload", cases["secret variable"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["secret variable"]] {
		nobody := object.union(world.spoiled(good, "workload", case), {"ids": {"workload": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

literal := {"file": ".github/workflows/ci.yml", "location": "jobs.build.env", "name": "TOKEN", "reason": "entropy"}

clean := {"files": [".github/workflows/ci.yml"], "literals": [], "literal_count": 0}

ci := world.of("TRAIN-09", "pipeline", {"ci_workflow": clean}, {})

spoiled_ci := {
	"literal": {
		"set": {"literals": [literal], "literal_count": 1},
		"deny": {".github/workflows/ci.yml, jobs.build.env: TOKEN looks like a literal secret (entropy)"},
	},
	"literals missing": {"drop": ["literals"], "deny": set()},
	"literals lost": {"set": {"literal_count": 1}, "deny": set()},
	"files missing": {"drop": ["files"], "deny": set()},
}

test_clean_workflows_pass if {
	control.proof == {{"subject": "pipeline:x", "evidence": ["obs:ci_workflow"]}} with input as ci
	control.deny == set() with input as ci
}

test_each_branch_of_workflows if {
	every case in spoiled_ci {
		spoiled := world.spoiled(ci, "ci_workflow", case)
		as_expected("pipeline", "ci_workflow", case.deny) with input as spoiled
	}
}

test_unusable_workflows_prove_nothing_and_are_read if {
	control.proof == set() with input as world.unusable(ci)
	control.proof == set() with input as world.stranger(world.without(ci, "pipeline:x", "ci_workflow"), clean)
	spoiled := world.unusable(world.spoiled(ci, "ci_workflow", spoiled_ci.literal))
	count(control.deny) == 1 with input as spoiled
}

test_workflows_do_not_apply_without_pipeline if {
	every case in [{}, spoiled_ci.literal] {
		nobody := object.union(world.spoiled(ci, "ci_workflow", case), {"ids": {"pipeline": []}})
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

test_accepted if {
	every case in [{"set": {"pods": []}}, {"set": {"pods/0/containers/0/env_literals": []}}] {
		count(control.proof) == 1 with input as world.spoiled(good, "workload", case)
	}
}
