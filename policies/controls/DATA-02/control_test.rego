package probatum.controls.data_02_test

import rego.v1

import data.probatum.controls.data_02 as control
import data.probatum.lib.world

pin := {
	"source": "SHA256SUMS", "path": "x", "format": "checksums", "algorithm": "sha256", "expected": world.sha("b"),
	"actual": world.sha("b"), "match": true,
}

result := {"digest": world.sha("a"), "files": 1, "bytes": 9, "folder": false, "pins": [pin], "pin_count": 1}

settings := {"pin_formats": ["checksums", "dvc"], "pin_algorithms": ["sha256", "md5"]}

good := world.of("DATA-02", "dataset", {"hashes": result}, settings)

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
	"no pins": {"set": {"pins": []}, "deny": {"nothing pins this dataset"}},
	"pin lost": {"set": {"pin_count": 2}, "deny": set()},
	"number of pins missing": {"drop": ["pin_count"], "deny": set()},
	"folder missing": {"drop": ["folder"], "deny": {"not every file of this dataset is pinned"}},
	"file not pinned": {
		"set": {"folder": true, "files": 2, "pins/0/path": "x/a", "pins/0/source": "sums"},
		"deny": {"not every file of this dataset is pinned"},
	},
	"pins missing": {"drop": ["pins"], "deny": set()},
	"pins are no list": {"set": {"pins": {"0": pin}}, "deny": set()},
	"digest of something else": {"set": {"digest": world.sha("c")}, "deny": set()},
	"digest missing": {"drop": ["digest"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "hashes"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {{"subject": "dataset:x", "message": message, "evidence": ["obs:hashes"]} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "dataset:x", "evidence": ["obs:hashes"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "hashes", cases.changed))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.changed] {
		nobody := object.union(world.spoiled(good, "hashes", case), {"ids": {"dataset": []}})
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
	beside := object.union(folder, {"subjects": {"model:y": {"location": "y"}}})
	control.deny == set() with input as beside
}

test_covered_folder_is_not_called_uncovered if {
	changed := world.spoiled(folder, "hashes", {"set": {"pins/0/match": false}})
	digest := world.sha("b")
	message := sprintf("its content is not what x/SHA256SUMS pins: expected %s, found %s", [digest, digest])
	as_expected({message}) with input as changed
}

test_folder_without_location_is_not_covered if {
	bare := json.patch(folder, [{"op": "remove", "path": "/subjects/dataset:x/location"}])
	as_expected({"not every file of this dataset is pinned"}) with input as bare
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
	bare := json.patch(good, [{"op": "remove", "path": "/subjects/dataset:x/digest"}])
	control.proof == set() with input as bare
}

test_nothing_is_no_digest if {
	every nothing in ["", null] {
		path := "/subjects/dataset:x/digest/sha256"
		empty := json.patch(world.spoiled(good, "hashes", {"set": {"digest": nothing}}), [{
			"op": "replace",
			"path": path,
			"value": nothing,
		}])
		control.proof == set() with input as empty
	}
}
