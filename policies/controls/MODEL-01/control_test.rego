package probatum.controls.model_01_test

import rego.v1

import data.probatum.controls.model_01 as control
import data.probatum.lib.world

file := {"executable": "no", "mismatch": false, "problems": []}

result := {
	"files": [
		object.union(file, {"path": "model.safetensors", "format": "safetensors", "expected": "safetensors"}),
		object.union(file, {"path": "config.json", "format": "json", "expected": null}),
	],
	"executable_files": 0,
	"mismatches": 0,
	"problems": 0,
}

good := world.of("MODEL-01", "model", {"model_format": result}, {"allowed_formats": ["safetensors", "json"]})

cases := {
	"format": {
		"set": {"files/1/format": "hdf5"},
		"deny": {"config.json is of format hdf5, which is not accepted"},
	},
	"no format": {
		"drop": ["files/1/format"],
		"deny": {"config.json is of format unstated, which is not accepted"},
	},
	"executable": {
		"set": {"files/0/executable": "possible"},
		"deny": {"model.safetensors can execute code when it is loaded (possible)"},
	},
	"no executable": {
		"drop": ["files/0/executable"],
		"deny": {"model.safetensors can execute code when it is loaded (unstated)"},
	},
	"mismatch": {
		"set": {"files/0/mismatch": true, "files/0/format": "json"},
		"deny": {"model.safetensors is not the format that its name says: its content is json"},
	},
	"no mismatch": {
		"drop": ["files/1/mismatch"],
		"deny": {"config.json is not the format that its name says: its content is json"},
	},
	"problems": {
		"set": {"files/0/problems": ["header is 200 MiB", "gap at 12"]},
		"deny": {"the header of model.safetensors does not hold: gap at 12, header is 200 MiB"},
	},
	"no problems": {"drop": ["files/0/problems"], "deny": {"the header of model.safetensors does not hold: unstated"}},
	"file is no object": {
		"set": {"files/0": "model.safetensors"},
		"deny": {
			"unstated is of format unstated, which is not accepted",
			"unstated can execute code when it is loaded (unstated)",
			"unstated is not the format that its name says: its content is unstated",
			"the header of unstated does not hold: unstated",
		},
	},
	"no files": {"set": {"files": []}, "deny": set()},
	"files are no list": {"set": {"files": {}}, "deny": set()},
	"files missing": {"drop": ["files"], "deny": set()},
	"executable files counted": {"set": {"executable_files": 1}, "deny": set()},
	"executable files not counted": {"drop": ["executable_files"], "deny": set()},
	"mismatches counted": {"set": {"mismatches": 1}, "deny": set()},
	"problems counted": {"set": {"problems": 1}, "deny": set()},
	"less allowed": {
		"parameters": {"allowed_formats": ["json"]},
		"deny": {"model.safetensors is of format safetensors, which is not accepted"},
	},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "model_format"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "model:x", "message": message, "evidence": ["obs:model_format"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:model_format"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "model_format", cases.executable))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.executable] {
		nobody := object.union(world.spoiled(good, "model_format", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}
