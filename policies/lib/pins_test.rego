package probatum.lib.pins_test

import rego.v1

import data.probatum.lib.pins

pin := {"source": "a.dvc", "format": "dvc", "algorithm": "md5", "expected": "00ff", "actual": "00ff", "match": true}

test_a_pin_holds if pins.holds(pin, ["dvc"], ["md5"])

test_every_field_counts if {
	every key in ["format", "algorithm", "expected", "actual", "match"] {
		not pins.holds(object.remove(pin, [key]), ["dvc"], ["md5"])
	}
}

test_nothing_is_no_digest if {
	every nothing in [null, "", 0, false] {
		not pins.holds(object.union(pin, {"expected": nothing, "actual": nothing}), ["dvc"], ["md5"])
	}
}

test_flaws_are_named if {
	pins.flaw(pin, ["oms"], ["md5"]) == "the format of its pin in a.dvc is not accepted"
	pins.flaw(pin, ["dvc"], ["sha256"]) == "its pin in a.dvc uses md5, which is not accepted"
	changed := object.union(pin, {"actual": "11"})
	pins.flaw(changed, ["dvc"], ["md5"]) == "its content is not what a.dvc pins: expected 00ff, found 11"
	pins.flaw("pin", ["dvc"], ["md5"]) == "the format of its pin in unstated is not accepted"
}

test_a_file_is_covered_by_any_pin if {
	pins.cover({"folder": false, "pins": [pin]}, "data/a.csv")
	not pins.cover({"folder": false, "pins": []}, "data/a.csv")
	not pins.cover({"pins": [pin]}, "data/a.csv")
}

test_a_folder_is_covered_as_a_whole_or_from_above if {
	every place in ["data/x", "data", "."] {
		pins.cover({"folder": true, "files": 3, "pins": [{"path": place}]}, "data/x/")
	}
	pins.cover({"folder": true, "pins": [{"path": "elsewhere"}, {"path": "data/x"}]}, "data/x")
	pins.cover({"folder": true, "pins": [{"path": "data"}]}, "data/y")
	every place in ["data/xy", "dat", "data/x/a", ""] {
		not pins.cover({"folder": true, "files": 3, "pins": [{"path": place, "source": "sums"}]}, "data/x")
	}
}

test_a_folder_is_covered_file_by_file if {
	sums := "data/SHA256SUMS"
	listed := [{"path": "data/a", "source": sums}, {"path": "data/b", "source": sums}]
	pins.cover({"folder": true, "files": 3, "pins": listed}, "data")
	pins.cover({"folder": true, "files": 1, "pins": [listed[0]]}, "data")
	not pins.cover({"folder": true, "files": 0, "pins": []}, "data")
	not pins.cover({"files": 3, "pins": listed}, "data")
	not pins.cover({"folder": true, "files": 4, "pins": listed}, "data")
	not pins.cover({"folder": true, "files": null, "pins": listed}, "data")
	not pins.cover({"folder": true, "pins": listed}, "data")
	not pins.cover({"folder": true, "files": 3, "pins": array.concat(listed, listed)}, "data/sub")
}
