package probatum.controls.supply_01_test

import rego.v1

import data.probatum.controls.supply_01 as control
import data.probatum.lib.world

package_of(name) := {
	"name": name, "version": "1.0", "pinned": true, "hashed": true, "hashes": 2, "source": "index", "url": null,
	"index": null, "marker": null, "at": "requirements.txt:1",
}

result := {
	"format": "requirements", "complete_lock": true, "packages": [package_of("numpy"), package_of("scipy")],
	"package_count": 2,
}

good := world.of("SUPPLY-01", "dependency_set", {"dependencies": result}, {"own_packages": []})

cases := {
	"not pinned": {
		"set": {"packages/0/pinned": false, "packages/0/version": null},
		"deny": {"numpy (requirements.txt:1) is not pinned to one version"},
	},
	"pinned missing": {
		"drop": ["packages/0/pinned"],
		"deny": {"numpy (requirements.txt:1) is not pinned to one version"},
	},
	"version missing": {
		"drop": ["packages/0/version"],
		"deny": {"numpy (requirements.txt:1) is not pinned to one version"},
	},
	"name missing": {"drop": ["packages/0/name"], "deny": {"unstated (requirements.txt:1) is not named"}},
	"not hashed": {
		"set": {"packages/1/hashed": false, "packages/1/hashes": 0},
		"deny": {"scipy (requirements.txt:1) has no hash"},
	},
	"hashed missing": {"drop": ["packages/1/hashed"], "deny": {"scipy (requirements.txt:1) has no hash"}},
	"version is a list": {
		"set": {"packages/0/version": []},
		"deny": {"numpy (requirements.txt:1) is not pinned to one version"},
	},
	"name is a list": {"set": {"packages/0/name": []}, "deny": {"unstated (requirements.txt:1) is not named"}},
	"version blank": {
		"set": {"packages/0/version": ""},
		"deny": {"numpy (requirements.txt:1) is not pinned to one version"},
	},
	"name blank": {"set": {"packages/0/name": ""}, "deny": {" (requirements.txt:1) is not named"}},
	"hashes as blank text": {"set": {"packages/1/hashes": ""}, "deny": {"scipy (requirements.txt:1) has no hash"}},
	"no hashes": {"set": {"packages/1/hashes": 0}, "deny": {"scipy (requirements.txt:1) has no hash"}},
	"hashes as text": {"set": {"packages/1/hashes": "2"}, "deny": {"scipy (requirements.txt:1) has no hash"}},
	"version control": {
		"set": {"packages/0/source": "vcs"},
		"deny": {"numpy (requirements.txt:1) comes from vcs, where no hash fixes its content"},
	},
	"source missing": {
		"drop": ["packages/0/source", "packages/0/at"],
		"deny": {"numpy (unstated) comes from unstated, where no hash fixes its content"},
	},
	"own package of another name": {
		"set": {"packages/0/source": "editable"},
		"parameters": {"own_packages": ["trainer"]},
		"deny": {"numpy (requirements.txt:1) comes from editable, where no hash fixes its content"},
	},
	"no lock file": {
		"set": {"complete_lock": false},
		"deny": {"requirements is no lock file that lists every transitive dependency"},
	},
	"complete missing": {"drop": ["complete_lock"], "deny": set()},
	"own package from an index": {
		"set": {"packages/0/source": "vcs", "packages/0/name": "trainer"},
		"parameters": {"own_packages": ["trainer"]},
		"deny": {"trainer (requirements.txt:1) comes from vcs, where no hash fixes its content"},
	},
	"no packages": {"set": {"packages": []}, "deny": set()},
	"package lost": {"set": {"package_count": 3}, "deny": set()},
	"number of packages missing": {"drop": ["package_count"], "deny": set()},
	"packages missing": {"drop": ["packages"], "deny": set()},
	"packages are no list": {"set": {"packages": {"0": package_of("numpy")}}, "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "dependencies"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "dependency_set:x", "message": message, "evidence": ["obs:dependencies"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "dependency_set:x", "evidence": ["obs:dependencies"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "dependencies", cases["not pinned"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["not pinned"]] {
		nobody := object.union(world.spoiled(good, "dependencies", case), {"ids": {"dependency_set": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

own(source) := world.spoiled(good, "dependencies", {
	"set": {"packages/0/source": source, "packages/0/hashed": false, "packages/0/name": "trainer"},
	"parameters": {"own_packages": ["trainer"]},
})

test_own_package_needs_no_hash if {
	every source in ["editable", "path"] {
		count(control.proof) == 1 with input as own(source)
		control.deny == set() with input as own(source)
	}
}

test_own_package_may_be_all_there_is_or_beside_one_hash if {
	trainer := object.union(package_of("trainer"), {"source": "path"})
	every packages in [[trainer], [trainer, object.union(package_of("numpy"), {"hashes": 1})]] {
		lock := world.spoiled(good, "dependencies", {
			"set": {"packages": packages, "package_count": count(packages)},
			"parameters": {"own_packages": ["trainer"]},
		})
		count(control.proof) == 1 with input as lock
	}
}

incomplete := {
	"complete missing": {"drop": ["complete_lock"]},
	"package lost": {"set": {"package_count": 3}},
	"no packages": {"set": {"packages": [], "package_count": 0}},
}

test_own_packages_are_listed_in_a_complete_lock_file if {
	every case in incomplete {
		some_own := object.union(case, {"parameters": {"own_packages": ["trainer"]}})
		as_expected(set()) with input as world.spoiled(good, "dependencies", some_own)
	}
}

test_own_packages_need_usable_evidence_and_a_subject if {
	alone := world.without(own("path"), "dependency_set:x", "dependencies")
	nobody := object.union(own("path"), {"ids": {"dependency_set": []}})
	every odd in [world.unusable(own("path")), world.stranger(alone, result), nobody] {
		control.proof == set() with input as odd
	}
}

test_accepted if {
	every case in [
		{"set": {"packages/0/source": "url"}},
		{"set": {"packages": [package_of("numpy")], "package_count": 1}},
		{"set": {"packages/0/hashes": 1}},
	] {
		every parameters in [[], ["trainer"]] {
			accepted := world.spoiled(good, "dependencies", object.union(case, {"parameters": {"own_packages": parameters}}))
			count(control.proof) == 1 with input as accepted
			control.deny == set() with input as accepted
		}
	}
}
