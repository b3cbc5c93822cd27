package probatum.controls.train_12_test

import rego.v1

import data.probatum.controls.train_12 as control
import data.probatum.lib.world

material(digit, subject) := {"uri": null, "digest": {"sha256": world.sha(digit)}, "subject": subject}

result := {
	"predicate_type": "https://slsa.dev/provenance/v1",
	"builder": "https://builder.example",
	"materials": [material("b", "dataset:x"), {"uri": "git+x", "digest": {"gitCommit": "abc"}, "subject": "source:x"}],
	"signers": ["key:builder"],
	"verified": true,
	"reason": "",
}

settings := {
	"allowed_builders": ["https://builder.example"],
	"predicate_types": ["https://slsa.dev/provenance/v1"],
	"digest_algorithms": ["sha256", "gitCommit"],
	"exempt_subjects": [],
}

needed := {
	"ids": {"dataset": ["dataset:x"], "source": ["source:x"]},
	"subjects": {
		"dataset:x": {"kind": "dataset", "digest": {"sha256": world.sha("b")}},
		"source:x": {"kind": "source", "digest": {"sha256": world.sha("c"), "gitCommit": "abc"}},
	},
}

good := object.union(world.of("TRAIN-12", "model", {"provenance": result}, settings), needed)

no_dataset := {"the provenance lists no dataset of the pipeline", "no provenance lists dataset:x"}

no_source := {"the provenance lists no source of the pipeline", "no provenance lists source:x"}

neither := {
	"the provenance lists no dataset of the pipeline",
	"the provenance lists no source of the pipeline",
	"no provenance lists dataset:x, source:x",
}

cases := {
	"not verified": {
		"set": {"verified": false, "reason": "none found", "materials": [], "signers": []},
		"deny": {"no verified provenance: none found"},
	},
	"verified missing": {"drop": ["verified"], "deny": set()},
	"builder": {
		"set": {"builder": "https://other.example"},
		"deny": {"built by https://other.example, which is no allowed builder"},
	},
	"builder missing": {"drop": ["builder"], "deny": {"built by unstated, which is no allowed builder"}},
	"no builder allowed": {"parameters": {"allowed_builders": []}, "deny": set()},
	"predicate": {
		"set": {"predicate_type": "https://example.com/p"},
		"deny": {"provenance of type https://example.com/p is not accepted"},
	},
	"predicate missing": {"drop": ["predicate_type"], "deny": {"provenance of type unstated is not accepted"}},
	"dataset not listed": {
		"set": {"materials/0/digest/sha256": world.sha("d")},
		"deny": no_dataset,
	},
	"digest missing": {"drop": ["materials/0/digest"], "deny": no_dataset},
	"source not listed": {
		"set": {"materials/1/digest": {"sha1": "abc"}},
		"deny": no_source,
	},
	"material dropped": {"drop": ["materials/1"], "deny": no_source},
	"materials missing": {"drop": ["materials"], "deny": neither},
	"materials are no list": {"set": {"materials": "x"}, "deny": neither},
	"algorithm": {"parameters": {"digest_algorithms": ["sha256"]}, "deny": no_source},
	"nobody signed": {"set": {"signers": []}, "deny": set()},
	"signers missing": {"drop": ["signers"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "provenance"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {{"subject": "model:x", "message": message, "evidence": ["obs:provenance"]} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:provenance"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "provenance", cases["not verified"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["not verified"]] {
		nobody := object.union(world.spoiled(good, "provenance", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

test_needed_subject_without_digest_proves_nothing if {
	bare := json.patch(good, [{"op": "remove", "path": "/subjects/dataset:x/digest"}])
	as_expected(no_dataset) with input as bare
}

test_null_is_no_digest if {
	bare := json.patch(world.spoiled(good, "provenance", {"set": {"materials/0/digest/sha256": null}}), [{
		"op": "replace",
		"path": "/subjects/dataset:x/digest/sha256",
		"value": null,
	}])
	as_expected(no_dataset) with input as bare
}

two_datasets := object.union(good, {
	"ids": {"dataset": ["dataset:x", "dataset:y"]},
	"subjects": {"dataset:y": {"kind": "dataset", "digest": {"sha256": world.sha("e")}}},
})

test_every_dataset_is_listed_by_some_model if {
	as_expected({"no provenance lists dataset:y"}) with input as two_datasets
	other := object.union(result, {"materials": [material("e", "dataset:y"), result.materials[1]]})
	both := object.union(two_datasets, {
		"ids": {"model": ["model:x", "model:y"]},
		"subjects": {"model:y": {"kind": "model"}},
		"observations": {"obs:other": {"result": other}},
		"observed": {"model:y": {"provenance": ["obs:other"]}},
		"usable": {"model:y": {"provenance": ["obs:other"]}},
	})
	{proof.subject | some proof in control.proof} == {"model:x", "model:y"} with input as both
	control.deny == set() with input as both
}

test_exempt_subject_need_not_be_listed if {
	exempt := world.spoiled(two_datasets, "provenance", {"parameters": {"exempt_subjects": ["dataset:y"]}})
	count(control.proof) == 1 with input as exempt
	control.deny == set() with input as exempt
}

test_no_dataset_and_no_source_prove_nothing if {
	bare := object.union(good, {"ids": {"dataset": [], "source": []}})
	control.proof == set() with input as bare
	count(control.deny) == 2 with input as bare
}

test_equal_contents_need_one_material if {
	twin := object.union(good, {
		"ids": {"dataset": ["dataset:x", "dataset:y"]},
		"subjects": {"dataset:y": {"kind": "dataset", "digest": {"sha256": world.sha("b")}}},
	})
	count(control.proof) == 1 with input as twin
}
