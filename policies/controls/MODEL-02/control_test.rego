package probatum.controls.model_02_test

import rego.v1

import data.probatum.controls.model_02 as control
import data.probatum.lib.world

file := {
	"path": "model.pkl", "sha256": world.sha("b"), "clean": true, "imports": ["numpy.dtype"],
	"examined_by": ["modelscan", "pickle_analyser"],
}

result := {
	"files": [file],
	"issues": [],
	"issue_count": 0,
	"allow_list": {"digest": world.sha("c"), "extended_with": ["xgboost.core.Booster"]},
}

good := world.of("MODEL-02", "model", {"model_scan": result}, {"accepted_imports": ["xgboost.core.Booster"]})

cases := {
	"issue": {
		"set": {
			"issues": [{"path": "model.pkl", "scanner": "modelscan", "severity": "low", "message": "os.system"}],
			"issue_count": 1,
		},
		"deny": {"model.pkl: os.system (low, modelscan)"},
	},
	"issue is no object": {"set": {"issues": ["x"]}, "deny": {"unstated: unstated (unstated, unstated)"}},
	"issues lost": {"set": {"issue_count": 1}, "deny": set()},
	"issues missing": {"drop": ["issues"], "deny": set()},
	"issue count missing": {"drop": ["issue_count"], "deny": set()},
	"not clean": {"set": {"files/0/clean": false}, "deny": set()},
	"clean missing": {"drop": ["files/0/clean"], "deny": set()},
	"examined by nobody": {"set": {"files/0/examined_by": []}, "deny": set()},
	"examiner is not named": {"set": {"files/0/examined_by": [""]}, "deny": set()},
	"examiner is a list": {"set": {"files/0/examined_by": [[]]}, "deny": set()},
	"allow-list's digest is a list": {"set": {"allow_list/digest": []}, "deny": set()},
	"examiner is no string": {"set": {"files/0/examined_by": [null]}, "deny": set()},
	"one of two not clean": {"set": {"files": [file, object.union(file, {"clean": false})]}, "deny": set()},
	"examiners missing": {"drop": ["files/0/examined_by", "files/0/path"], "deny": set()},
	"extension is no list": {"set": {"allow_list/extended_with": {}}, "deny": set()},
	"no files": {"set": {"files": []}, "deny": set()},
	"files are no list": {"set": {"files": "x"}, "deny": set()},
	"allow-list extended": {
		"set": {"allow_list/extended_with": ["os.system"]},
		"deny": {"the scan allowed the import os.system, which this control does not accept"},
	},
	"extension is no string": {
		"set": {"allow_list/extended_with": [{}]},
		"deny": {"the scan allowed the import unstated, which this control does not accept"},
	},
	"extension not accepted": {
		"parameters": {"accepted_imports": []},
		"deny": {"the scan allowed the import xgboost.core.Booster, which this control does not accept"},
	},
	"extension unknown": {"drop": ["allow_list/extended_with"], "deny": set()},
	"allow-list without digest": {"set": {"allow_list/digest": ""}, "deny": set()},
	"allow-list unknown": {"drop": ["allow_list/digest"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "model_scan"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {{"subject": "model:x", "message": message, "evidence": ["obs:model_scan"]} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:model_scan"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "model_scan", cases.issue))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.issue] {
		nobody := object.union(world.spoiled(good, "model_scan", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}
