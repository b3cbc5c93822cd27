package probatum.controls.model_04_test

import rego.v1

import data.probatum.controls.model_04 as control
import data.probatum.lib.world

pin := {
	"source": "SHA256SUMS", "path": "x", "format": "checksums", "algorithm": "sha256", "expected": world.sha("b"),
	"actual": world.sha("b"), "match": true,
}

result := {"digest": world.sha("a"), "files": 1, "bytes": 9, "folder": false, "pins": [pin], "pin_count": 1}

settings := {"pin_formats": ["checksums", "dvc"], "pin_algorithms": ["sha256", "md5"]}

alone := world.of("MODEL-04", "model", {"hashes": result}, settings)

deployment := {"models": [{"uri": "s3://models/x", "digest": world.sha("a")}]}

serving := world.of("MODEL-04", "workload", {"workload": deployment}, settings)

good := object.union(alone, serving)

cases := {
	"changed": {
		"set": {"pins/0/actual": world.sha("c"), "pins/0/match": false},
		"deny": {sprintf("its content is not what SHA256SUMS pins: expected %s, found %s", [world.sha("b"), world.sha("c")])},
	},
	"match alone": {
		"set": {"pins/0/actual": world.sha("c")},
		"deny": {sprintf("its content is not what SHA256SUMS pins: expected %s, found %s", [world.sha("b"), world.sha("c")])},
	},
	"match missing": {
		"drop": ["pins/0/match"],
		"deny": {sprintf("its content is not what SHA256SUMS pins: expected %s, found %s", [world.sha("b"), world.sha("b")])},
	},
	"expected and actual missing": {
		"drop": ["pins/0/expected", "pins/0/actual"],
		"deny": {"its content is not what SHA256SUMS pins: expected unstated, found unstated"},
	},
	"digests are null": {
		"set": {"pins/0/expected": null, "pins/0/actual": null},
		"deny": {"its content is not what SHA256SUMS pins: expected unstated, found unstated"},
	},
	"digests are empty": {
		"set": {"pins/0/expected": "", "pins/0/actual": ""},
		"deny": {"its content is not what SHA256SUMS pins: expected , found "},
	},
	"one of two changed": {
		"set": {"pins": [pin, object.union(pin, {"match": false})], "pin_count": 2},
		"deny": {sprintf("its content is not what SHA256SUMS pins: expected %s, found %s", [world.sha("b"), world.sha("b")])},
	},
	"algorithm": {
		"set": {"pins/0/algorithm": "sha1"},
		"deny": {"its pin in SHA256SUMS uses sha1, which is not accepted"},
	},
	"algorithm missing": {
		"drop": ["pins/0/algorithm"],
		"deny": {"its pin in SHA256SUMS uses unstated, which is not accepted"},
	},
	"format": {
		"parameters": {"pin_formats": ["dvc"]},
		"deny": {"the format of its pin in SHA256SUMS is not accepted"},
	},
	"format missing": {
		"drop": ["pins/0/format", "pins/0/source"],
		"deny": {"the format of its pin in unstated is not accepted"},
	},
	"no pins": {"set": {"pins": []}, "deny": {"nothing pins this model"}},
	"pin lost": {"set": {"pin_count": 2}, "deny": set()},
	"number of pins missing": {"drop": ["pin_count"], "deny": set()},
	"folder missing": {"drop": ["folder"], "deny": {"not every file of this model is pinned"}},
	"file not pinned": {
		"set": {"folder": true, "files": 2, "pins/0/path": "x/a", "pins/0/source": "sums"},
		"deny": {"not every file of this model is pinned"},
	},
	"pins missing": {"drop": ["pins"], "deny": set()},
	"pins are no list": {"set": {"pins": {"0": pin}}, "deny": set()},
	"digest of something else": {"set": {"digest": world.sha("c")}, "deny": set()},
	"digest missing": {"drop": ["digest"], "deny": set()},
	"deployed is another": {
		"type": "workload",
		"set": {"models/0/digest": world.sha("c")},
		"deny": {"what is deployed is none of this pipeline's models, by digest: s3://models/x in workload:x"},
	},
	"deployed without digest": {
		"type": "workload",
		"set": {"models/0/digest": null},
		"deny": {"what is deployed is none of this pipeline's models, by digest: s3://models/x in workload:x"},
	},
	"deployed digest missing": {
		"type": "workload",
		"drop": ["models/0/digest", "models/0/uri"],
		"deny": {"what is deployed is none of this pipeline's models, by digest: unstated in workload:x"},
	},
	"deployed models unknown": {"type": "workload", "drop": ["models"], "deny": set()},
	"deployed models are no list": {"type": "workload", "set": {"models": "x"}, "deny": set()},
}

wrong contains name if {
	some name, case in cases
	type := object.get(case, "type", "hashes")
	not as_expected(type, case.deny) with input as world.spoiled(good, type, case)
}

as_expected(type, messages) if {
	evidence := [sprintf("obs:%s", [type])]
	control.deny == {{"subject": "model:x", "message": message, "evidence": evidence} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:hashes"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.proof == set() with input as world.unusable(alone)
	control.proof == set() with input as world.stranger(world.without(alone, "model:x", "hashes"), result)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "hashes", cases.changed))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.changed] {
		nobody := object.union(world.spoiled(alone, "hashes", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

folder := world.spoiled(good, "hashes", {"set": {
	"folder": true,
	"files": 2,
	"pins/0/path": "x/a",
	"pins/0/source": "x/SHA256SUMS",
}})

test_folder_passes_when_each_file_is_pinned if {
	count(control.proof) == 1 with input as folder
	beside := object.union(folder, {"subjects": {"dataset:y": {"location": "y"}}})
	control.deny == set() with input as beside
}

test_covered_folder_is_not_called_uncovered if {
	changed := world.spoiled(folder, "hashes", {"set": {"pins/0/match": false}})
	digest := world.sha("b")
	message := sprintf("its content is not what x/SHA256SUMS pins: expected %s, found %s", [digest, digest])
	as_expected("hashes", {message}) with input as changed
}

test_folder_without_location_is_not_covered if {
	bare := json.patch(folder, [{"op": "remove", "path": "/subjects/model:x/location"}])
	as_expected("hashes", {"not every file of this model is pinned"}) with input as bare
}

test_pins_of_a_partial_search_are_not_called_missing if {
	every case in [{"set": {"pins": []}}, cases["file not pinned"]] {
		partial := json.patch(world.spoiled(good, "hashes", case), [{
			"op": "replace",
			"path": "/observations/obs:hashes/status",
			"value": "partial",
		}])
		control.deny == set() with input as partial
	}
}

test_subject_without_digest_is_not_proven if {
	bare := json.patch(good, [{"op": "remove", "path": "/subjects/model:x/digest"}])
	control.proof == set() with input as bare
}

# The digest of the model, and what is stated of it.
of_digest(world_of, digest) := json.patch(world_of, [{
	"op": "replace",
	"path": "/subjects/model:x/digest/sha256",
	"value": digest,
}])

test_nothing_is_no_digest if {
	every nothing in ["", null] {
		empty := of_digest(world.spoiled(alone, "hashes", {"set": {"digest": nothing}}), nothing)
		control.proof == set() with input as empty
		deployed := of_digest(world.spoiled(good, "workload", {"set": {"models/0/digest": nothing}}), nothing)
		count(control.deny) == 1 with input as deployed
	}
}

test_passes_without_workloads if {
	count(control.proof) == 1 with input as alone
	control.deny == set() with input as alone
}

test_nothing_deployed_passes if {
	idle := world.spoiled(good, "workload", {"set": {"models": []}})
	count(control.proof) == 1 with input as idle
}

test_unread_workload_proves_nothing if {
	control.proof == set() with input as world.without(good, "workload:x", "workload")
	lists := "/usable/workload:x/workload"
	control.proof == set() with input as json.patch(good, [{"op": "remove", "path": lists}])
	control.proof == set() with input as json.patch(good, [{"op": "replace", "path": lists, "value": []}])
}

test_stray_deployment_cites_its_evidence if {
	spoiled := world.spoiled(good, "workload", cases["deployed is another"])
	{finding.evidence | some finding in control.deny} == {["obs:workload"]} with input as spoiled
}

test_stray_deployment_counts_when_unusable if {
	count(control.deny) == 1 with input as world.unusable(world.spoiled(good, "workload", cases["deployed is another"]))
}

test_only_workloads_deploy if {
	other := {"models": [{"uri": "s3://models/y", "digest": world.sha("c")}]}
	control.deny == set() with input as world.stranger(good, other)
	spoiled := world.spoiled(good, "workload", cases["deployed is another"])
	control.deny == set() with input as object.union(spoiled, {"ids": {"workload": []}})
}

test_dataset_is_no_model_to_deploy if {
	dataset := {"subjects": {"dataset:y": {"digest": {"sha256": world.sha("c")}}}}
	spoiled := world.spoiled(good, "workload", cases["deployed is another"])
	count(control.deny) == 1 with input as object.union(spoiled, dataset)
}

test_five_stray_deployments_are_cited if {
	stray := {"status": "complete", "result": {"models": [{"uri": "s3://models/y", "digest": world.sha("c")}]}}
	workloads := numbers.range(1, 6)
	found := {sprintf("workload:%d", [n]): {"workload": [sprintf("obs:%d", [n])]} | some n in workloads}
	crowd := object.union(alone, {
		"ids": {"workload": [id | some id, _ in found]},
		"observations": {sprintf("obs:%d", [n]): stray | some n in workloads},
		"observed": found,
		"usable": found,
	})
	cited := {finding.evidence | some finding in control.deny} with input as crowd
	cited == {["obs:1", "obs:2", "obs:3", "obs:4", "obs:5"]}
}
