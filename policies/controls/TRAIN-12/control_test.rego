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
	"digest is no object": {"set": {"materials/0/digest": "x"}, "deny": no_dataset},
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
	"signer is not named": {"set": {"signers": [""]}, "deny": set()},
	"signer is null": {"set": {"signers": [null]}, "deny": set()},
	"signer is a list": {"set": {"signers": [[]]}, "deny": set()},
	"builder, and a digest that is not known": {
		"set": {
			"builder": "https://other.example",
			"materials/0/digest": {"sha256": world.sha("b"), "sha512": "unknown"},
		},
		"deny": {"built by https://other.example, which is no allowed builder"},
	},
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

two_datasets := object.union(good, {
	"ids": {"dataset": ["dataset:x", "dataset:y"]},
	"subjects": {"dataset:y": {"kind": "dataset", "digest": {"sha256": world.sha("e")}}},
})

unlisted := {"no provenance lists dataset:y"}

test_nothing_is_no_digest if {
	every nothing in ["", null] {
		bare := json.patch(world.spoiled(good, "provenance", {"set": {"materials/0/digest/sha256": nothing}}), [{
			"op": "replace",
			"path": "/subjects/dataset:x/digest/sha256",
			"value": nothing,
		}])
		as_expected(no_dataset) with input as bare
		empty := {"digest": {"sha256": nothing}}
		materials := array.concat(result.materials, [empty])
		beside := world.spoiled(
			object.union(two_datasets, {"subjects": {"dataset:y": empty}}), "provenance",
			{"set": {"materials": materials}},
		)
		as_expected(unlisted) with input as beside
	}
}

test_algorithm_must_be_accepted_for_each_dataset if {
	digest := {"sha512": "f"}
	materials := array.concat(result.materials, [{"digest": digest}])
	listed := world.spoiled(two_datasets, "provenance", {"set": {"materials": materials}})
	other := json.patch(listed, [{"op": "replace", "path": "/subjects/dataset:y/digest", "value": digest}])
	as_expected(unlisted) with input as other
}

# Provenance that lists the other dataset.
other := object.union(result, {"materials": [material("e", "dataset:y"), result.materials[1]]})

# It is about a subject, and usable unless that is said to be false.
stated_of(kind, provenance, usable) := object.union(two_datasets, {
	"ids": object.union({"model": ["model:x"]}, {kind: array.concat(known, [id])}),
	"subjects": {id: {"kind": kind}},
	"observations": {"obs:other": {"result": provenance}},
	"observed": {id: {"provenance": ["obs:other"]}},
	"usable": {id: {"provenance": [obs | obs := "obs:other"; usable]}},
}) if {
	id := sprintf("%s:y", [kind])
	known := object.get(two_datasets.ids, kind, [])
}

test_every_dataset_is_listed_by_some_model if {
	as_expected(unlisted) with input as two_datasets
	both := stated_of("model", other, true)
	{proof.subject | some proof in control.proof} == {"model:x", "model:y"} with input as both
	control.deny == set() with input as both
	only := stated_of("model", object.union(other, {"materials": [material("e", "dataset:y")]}), true)
	{proof.subject | some proof in control.proof} == {"model:x"} with input as only
}

test_only_verified_provenance_of_models_lists if {
	as_expected(unlisted) with input as stated_of("endpoint", other, true)
	as_expected(unlisted) with input as world.stranger(two_datasets, other)
	unverified := stated_of("model", object.union(other, {"verified": false}), true)
	control.proof == set() with input as unverified
	{finding.message | some finding in control.deny; finding.subject == "model:x"} == unlisted with input as unverified
}

test_unusable_provenance_lists_nothing_and_hides_nothing if {
	unusable := stated_of("model", other, false)
	control.proof == set() with input as unusable
	control.deny == set() with input as unusable
}

test_each_model_is_proven_by_its_own_provenance if {
	all_listed := object.union(result, {"materials": array.concat(result.materials, other.materials)})
	both := stated_of("model", all_listed, true)
	every case in [
		{"set": {"verified": false}},
		{"set": {"materials/0/digest": "x"}},
		{"set": {"materials": {"a": result.materials[0], "b": result.materials[1]}}},
	] {
		spoiled := world.spoiled(both, "provenance", case)
		{proof.subject | some proof in control.proof} == {"model:y"} with input as spoiled
	}
}

test_one_material_may_be_all if {
	single := [{"digest": {"sha256": world.sha("b"), "gitCommit": "abc"}}]
	count(control.proof) == 1 with input as world.spoiled(good, "provenance", {"set": {"materials": single}})
}

test_provenance_is_usable_and_of_a_model_where_all_is_exempt if {
	exempt := world.spoiled(good, "provenance", {"parameters": {"exempt_subjects": ["dataset:x", "source:x"]}})
	count(control.proof) == 1 with input as exempt
	nobody := object.union(exempt, {"ids": {"model": []}})
	stranger := world.stranger(world.without(exempt, "model:x", "provenance"), result)
	every odd in [world.unusable(exempt), stranger, nobody] {
		control.proof == set() with input as odd
	}
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
