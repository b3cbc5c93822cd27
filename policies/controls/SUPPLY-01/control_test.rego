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
	control.deny == {{"subject": "dependency_set:x", "message": message, "evidence": ["obs:dependencies"]} | some message in messages}
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

test_own_package_needs_no_hash if {
	own := world.spoiled(good, "dependencies", {
		"set": {"packages/0/source": "editable", "packages/0/hashed": false, "packages/0/name": "trainer"},
		"parameters": {"own_packages": ["trainer"]},
	})
	count(control.proof) == 1 with input as own
	control.deny == set() with input as own
}

test_hashed_url_passes if {
	direct := world.spoiled(good, "dependencies", {"set": {"packages/0/source": "url"}})
	count(control.proof) == 1 with input as direct
}
