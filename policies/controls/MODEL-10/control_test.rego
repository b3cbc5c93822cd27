package probatum.controls.model_10_test

import rego.v1

import data.probatum.controls.model_10 as control
import data.probatum.lib.world

sections := {
	"software": true,
	"data": true,
	"model_card": true,
	"hyperparameters": true,
	"metrics": true,
	"provenance": true,
}

result := {
	"spec_version": "1.6",
	"valid": true,
	"errors": [],
	"source": "bom.json",
	"component": {"name": "x", "bom_ref": "x", "digest_matches": true},
	"sections": sections,
	"dangling": [],
}

settings := {
	"required_sections": ["software", "data", "model_card", "hyperparameters", "metrics", "provenance"],
	"spec_versions": ["1.5", "1.6", "1.7"],
}

good := world.of("MODEL-10", "model", {"ml_bom": result}, settings)

cases := {
	"none": {
		"set": {"valid": false, "errors": ["none found"], "source": null, "component": null},
		"deny": {"no valid ML-BOM: none found"},
	},
	"valid missing": {"drop": ["valid"], "deny": set()},
	"errors": {"set": {"errors": ["x"]}, "deny": set()},
	"errors missing": {"drop": ["errors"], "deny": set()},
	"version": {"set": {"spec_version": "1.4"}, "deny": {"CycloneDX version 1.4 is not accepted"}},
	"version missing": {"drop": ["spec_version"], "deny": {"CycloneDX version unstated is not accepted"}},
	"another model": {
		"set": {"component/digest_matches": false},
		"deny": {"the ML-BOM describes no component with this model's digest"},
	},
	"no component": {
		"drop": ["component"],
		"deny": {"the ML-BOM describes no component with this model's digest"},
	},
	"section": {"set": {"sections/metrics": false}, "deny": {"the ML-BOM does not state metrics"}},
	"section missing": {"drop": ["sections/data"], "deny": {"the ML-BOM does not state data"}},
	"dangling": {
		"set": {"dangling": ["ref-1", "ref-2"]},
		"deny": {"the ML-BOM refers to what it does not contain: ref-1, ref-2"},
	},
	"one dangling": {
		"set": {"dangling": ["ref-1"]},
		"deny": {"the ML-BOM refers to what it does not contain: ref-1"},
	},
	"sections are no object": {
		"set": {"sections": ["software"]},
		"parameters": {"required_sections": ["software"]},
		"deny": {"the ML-BOM does not state software"},
	},
	"dangling missing": {"drop": ["dangling"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "ml_bom"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {{"subject": "model:x", "message": message, "evidence": ["obs:ml_bom"]} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:ml_bom"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "ml_bom", cases.none))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.none] {
		nobody := object.union(world.spoiled(good, "ml_bom", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

test_only_required_sections_are_asked_for if {
	fewer := world.spoiled(good, "ml_bom", {
		"set": {"sections/metrics": false},
		"parameters": {"required_sections": ["software"]},
	})
	count(control.proof) == 1 with input as fewer
	control.deny == set() with input as fewer
}
