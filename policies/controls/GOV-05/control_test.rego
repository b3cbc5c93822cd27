package probatum.controls.gov_05_test

import rego.v1

import data.probatum.controls.gov_05 as control
import data.probatum.lib.world

verdict(stage, result, moment) := {
	"source": sprintf("verdicts/%v", [stage]), "sha256": world.sha("c"), "signers": ["key:gate"], "same_content": true,
	"stage": stage, "result": result, "checklist": "full", "checklist_version": "1.0.0", "pipeline": "x", "time": moment,
}

# Now is 2026-11-20T07:00:00Z.
training := verdict("training", "PASSED", "2026-11-10T07:00:00Z")

deployment := verdict("deployment", "PASSED", "2026-11-12T07:00:00Z")

settings := {
	"kinds": ["model", "dataset"],
	"deployment_requires": ["training"],
	"monitoring_requires": ["training", "deployment"],
	"max_verdict_age_days": 90,
	"allowed_checklists": [],
	"stage_signers": {},
}

good := world.of("GOV-05", "model", {"verdict": {"verdicts": [training], "verdict_count": 1}}, settings)

of_dataset := world.of("GOV-05", "dataset", {"verdict": {"verdicts": [training], "verdict_count": 1}}, settings)

monitored := object.union(
	world.of("GOV-05", "model", {"verdict": {"verdicts": [training, deployment], "verdict_count": 2}}, settings),
	{"stage": "monitoring"},
)

no_verdict(stage) := sprintf(
	"no signed verdict of the last 90 days says that this content passed the gate %s",
	[stage],
)

no_verdict_by(signers, stage) := sprintf(
	"no signed verdict of the last 90 days by %s says that this content passed the gate %s",
	[signers, stage],
)

unreadable := "the verdict verdicts/training cannot be read"

failed(stage, day) := sprintf("the gate %s failed for this content on 2026-11-%sT07:00:00Z", [stage, day])

missing := {sprintf("no %s", [field]): {
	"drop": [sprintf("verdicts/0/%s", [field])],
	"deny": {unreadable, no_verdict("training")},
} |
	some field in ["result", "same_content", "stage", "pipeline", "checklist", "signers", "time"]
}

odd := {sprintf("%s is %v", [field, value]): {
	"set": {sprintf("verdicts/0/%s", [field]): value},
	"deny": {unreadable, no_verdict("training")},
} |
	some [field, value] in [
		["result", "MAYBE"], ["same_content", "yes"], ["stage", "production"], ["pipeline", " "], ["checklist", 1],
		["signers", []], ["signers", [" "]], ["time", "soon"], ["time", "2026-11-20T07:00:01Z"],
	]
}

list(verdicts) := {"verdicts": verdicts, "verdict_count": count(verdicts)}

again := object.union(training, {"time": "2026-11-12T07:00:00Z"})

failure := verdict("training", "FAILED", "2026-11-11T07:00:00Z")

elsewhere := object.union(failure, {"pipeline": "y", "checklist": "other"})

everything := object.union(failure, {"stage": null})

everything_again := object.union(again, {"stage": null})

signed_by(verdict, signers) := object.union(verdict, {"signers": signers})

named(signers) := {"stage_signers": {"training": signers, "deployment": ["key:other-gate"]}}

other_cases := {
	"signed by the key of another gate": {
		"set": {"verdicts/0/signers": ["key:other-gate"]},
		"parameters": named(["key:gate", "key:spare"]),
		"deny": {no_verdict_by("key:gate, key:spare", "training")},
	},
	"signed by a name that begins alike": {
		"set": {"verdicts/0/signers": ["key:gate-2", "gate"]},
		"parameters": named(["key:gate"]),
		"deny": {no_verdict_by("key:gate", "training")},
	},
	"failed by the key of another gate": {
		"set": list([training, signed_by(failure, ["key:other-gate"])]),
		"parameters": named(["key:gate"]),
		"deny": {failed("training", "11")},
	},
	"failed later, then passed by the key of another gate": {
		"set": list([training, failure, signed_by(again, ["key:other-gate"])]),
		"parameters": named(["key:gate"]),
		"deny": {failed("training", "11")},
	},
	"failed in a run of every control, then passed by the key of another gate": {
		"set": list([training, everything, signed_by(everything_again, ["key:other-gate"])]),
		"parameters": named(["key:gate"]),
		"deny": {"a run of every control failed for this content on 2026-11-11T07:00:00Z"},
	},
	"no verdicts": {"set": list([]), "deny": {no_verdict("training")}},
	"verdicts are no list": {"set": {"verdicts": {"0": failure}}, "deny": set()},
	"verdicts missing": {"drop": ["verdicts"], "deny": set()},
	"a verdict lost": {"set": {"verdict_count": 2}, "deny": set()},
	"count missing": {"drop": ["verdict_count"], "deny": set()},
	"a verdict is no object": {
		"set": list([training, "PASSED"]),
		"deny": {"the verdict unstated cannot be read"},
	},
	"an unreadable verdict beside a good one": {
		"set": list([training, object.remove(deployment, ["time"])]),
		"deny": {"the verdict verdicts/deployment cannot be read"},
	},
	"other content": {"set": {"verdicts/0/same_content": false}, "deny": {no_verdict("training")}},
	"other pipeline": {"set": {"verdicts/0/pipeline": "y"}, "deny": {no_verdict("training")}},
	"other gate": {"set": {"verdicts/0/stage": "deployment"}, "deny": {no_verdict("training")}},
	"of no gate": {"set": {"verdicts/0/stage": null}, "deny": {no_verdict("training")}},
	"too old": {"set": {"verdicts/0/time": "2026-08-22T06:59:59Z"}, "deny": {no_verdict("training")}},
	"checklist not allowed": {
		"parameters": {"allowed_checklists": ["strict"]},
		"deny": {no_verdict("training")},
	},
	"failed": {
		"set": {"verdicts/0/result": "FAILED"},
		"deny": {no_verdict("training"), failed("training", "10")},
	},
	"failed later": {"set": list([training, failure]), "deny": {failed("training", "11")}},
	"failed at the same time": {
		"set": list([object.union(training, {"time": failure.time}), failure]),
		"deny": {failed("training", "11")},
	},
	"failed later elsewhere": {"set": list([training, elsewhere]), "deny": {failed("training", "11")}},
	"failed later, then passed by another gate": {
		"set": list([training, failure, deployment]),
		"deny": {failed("training", "11")},
	},
	"failed later, then passed for other content": {
		"set": list([training, failure, object.union(again, {"same_content": false})]),
		"deny": {failed("training", "11")},
	},
	"failed in a run of every control": {
		"set": list([training, everything]),
		"deny": {"a run of every control failed for this content on 2026-11-11T07:00:00Z"},
	},
	"nothing is required": {"parameters": {"deployment_requires": []}, "deny": set()},
}

cases := object.union(object.union(missing, odd), other_cases)

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, "verdict", case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "model:x", "message": message, "evidence": ["obs:verdict"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:verdict"]}} with input as good
	control.deny == set() with input as good
	control.proof == {{"subject": "dataset:x", "evidence": ["obs:verdict"]}} with input as of_dataset
}

test_each_branch if wrong == set()

test_monitoring_asks_for_more if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:verdict"]}} with input as monitored
	control.deny == set() with input as monitored
	only_training := object.union(good, {"stage": "monitoring"})
	control.proof == set() with input as only_training
	control.deny == {{"subject": "model:x", "message": no_verdict("deployment"), "evidence": ["obs:verdict"]}} with input as only_training
}

test_monitoring_asks_for_what_it_is_told if {
	only_deployment := world.spoiled(monitored, "verdict", {
		"set": list([deployment]),
		"parameters": {"monitoring_requires": ["deployment"]},
	})
	count(control.proof) == 1 with input as only_deployment
	control.deny == set() with input as only_deployment
}

test_monitoring_asks_each_gate_for_its_own_signer if {
	named_ones := {"parameters": {"stage_signers": {"training": ["key:gate"], "deployment": ["key:other-gate"]}}}
	one_key := world.spoiled(monitored, "verdict", named_ones)
	control.proof == set() with input as one_key
	control.deny == {{
		"subject": "model:x",
		"message": no_verdict_by("key:other-gate", "deployment"),
		"evidence": ["obs:verdict"],
	}} with input as one_key
	two_keys := world.spoiled(
		monitored, "verdict",
		object.union(named_ones, {"set": list([training, signed_by(deployment, ["key:other-gate"])])}),
	)
	count(control.proof) == 1 with input as two_keys
	control.deny == set() with input as two_keys
}

test_a_run_of_every_control_speaks_for_each_gate if {
	verdicts := [training, deployment, everything, everything_again]
	case := {"set": list(verdicts), "parameters": {"stage_signers": {"training": ["key:gate"]}}}
	count(control.proof) == 1 with input as world.spoiled(monitored, "verdict", case)
	both := {"stage_signers": {"training": ["key:gate"], "deployment": ["key:other-gate"]}}
	spoiled := world.spoiled(monitored, "verdict", {
		"set": list([training, signed_by(deployment, ["key:other-gate"]), everything, everything_again]),
		"parameters": both,
	})
	control.proof == set() with input as spoiled
	control.deny == {{
		"subject": "model:x",
		"message": "a run of every control failed for this content on 2026-11-11T07:00:00Z",
		"evidence": ["obs:verdict"],
	}} with input as spoiled
}

test_deployment_asks_for_training_alone if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:verdict"]}} with input as object.union(
		good,
		{"stage": "deployment"},
	)
}

test_only_the_kinds_that_are_named if {
	models_only := world.spoiled(of_dataset, "verdict", {"parameters": {"kinds": ["model"]}})
	control.applies == set() with input as models_only
	control.proof == set() with input as models_only
	both := object.union(good, models_only)
	control.proof == {{"subject": "model:x", "evidence": ["obs:verdict"]}} with input as both
}

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
	control.deny == set() with input as world.stranger(good, list([failure]))
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "verdict", cases["failed later"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["failed later"]] {
		nobody := object.union(world.spoiled(good, "verdict", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"allowed checklist": {"parameters": {"allowed_checklists": ["full"]}},
	"signed by one of those who may": {
		"set": {"verdicts/0/signers": ["key:second-person", "key:gate"]},
		"parameters": named(["key:spare", "key:gate"]),
	},
	"signers are named for another gate alone": {"parameters": {"stage_signers": {"deployment": ["key:other-gate"]}}},
	"failed, then passed by one of those who may": {
		"set": list([training, failure, again]),
		"parameters": named(["key:gate"]),
	},
	"failed in a run of every control, then passed by one who may": {
		"set": list([training, everything, everything_again]),
		"parameters": named(["key:gate"]),
	},
	"at the age limit": {"set": {"verdicts/0/time": "2026-08-22T07:00:00Z"}},
	"made now": {"set": {"verdicts/0/time": "2026-11-20T07:00:00Z"}},
	"failed, then passed": {"set": list([training, failure, again])},
	"verdicts of every other gate": {"set": list([
		training,
		verdict("pre-commit", "PASSED", training.time),
		verdict("monitoring", "PASSED", training.time),
	])},
	"failed for other content": {"set": list([training, object.union(failure, {"same_content": false})])},
	"failed at a gate that is not asked for": {"set": list([training, object.union(failure, {"stage": "deployment"})])},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "verdict", case)
		control.deny == set() with input as world.spoiled(good, "verdict", case)
	}
}
