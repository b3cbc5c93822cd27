package probatum.controls.supply_03_test

import rego.v1

import data.probatum.controls.supply_03 as control
import data.probatum.lib.world

package_of(name) := {
	"name": name,
	"version": "1.0",
	"source": "index",
	"url": null,
	"index": null,
	"at": "poetry.lock:3",
}

index := {"url": "https://pypi.org/simple/", "kind": "primary", "at": "pip.conf:2"}

result := {
	"format": "poetry.lock",
	"packages": [package_of("numpy"), object.union(package_of("scipy"), {"index": "https://pypi.org/simple"})],
	"package_count": 2,
	"indexes": [index],
	"trusted_hosts": [],
	"indexes_configured_in": ["pip.conf"],
}

settings := {
	"approved_indexes": ["https://pypi.org/simple", "https://packages.example/simple"],
	"default_index": "https://pypi.org/simple",
	"allow_extra_indexes": false,
	"own_packages": [],
}

good := world.of("SUPPLY-03", "dependency_set", {"dependencies": result}, settings)

other := "https://other.example/simple"

cases := {
	"index of a package": {
		"set": {"packages/1/index": other},
		"deny": {"scipy (poetry.lock:3) comes from index https://other.example/simple, which is not approved"},
	},
	"index of a package missing": {
		"drop": ["packages/1/index"],
		"deny": {"scipy (poetry.lock:3) comes from an index that is not stated, which is not approved"},
	},
	"primary index": {
		"set": {"indexes/0/url": other},
		"deny": {
			"pip.conf:2 configures the primary index https://other.example/simple, which is not approved",
			"numpy (poetry.lock:3) comes from the configured index https://other.example/simple, which is not approved",
		},
	},
	"index without url": {
		"drop": ["indexes/0/url"],
		"deny": {"pip.conf:2 configures the primary index unstated, which is not approved"},
	},
	"default index": {
		"set": {"indexes": []},
		"parameters": {"default_index": other},
		"deny": {"numpy (poetry.lock:3) comes from the configured index https://other.example/simple, which is not approved"},
	},
	"index not stated in uv.lock": {
		"set": {"format": "uv.lock"},
		"deny": {"numpy (poetry.lock:3) comes from an index that is not stated, which is not approved"},
	},
	"format missing": {"drop": ["format"], "deny": set()},
	"extra index": {
		"set": {"indexes/0/kind": "extra"},
		"deny": {"pip.conf:2 configures the extra index https://pypi.org/simple/, which is not approved"},
	},
	"extra index not approved": {
		"set": {"indexes/0/kind": "extra", "indexes/0/url": other},
		"parameters": {"allow_extra_indexes": true},
		"deny": {"pip.conf:2 configures the extra index https://other.example/simple, which is not approved"},
	},
	"find-links": {
		"set": {"indexes/0/kind": "find-links", "indexes/0/url": "wheels"},
		"deny": {"pip.conf:2 configures the find-links index wheels, which is not approved"},
	},
	"kind missing": {
		"drop": ["indexes/0/kind"],
		"deny": {"pip.conf:2 configures the unstated index https://pypi.org/simple/, which is not approved"},
	},
	"index is no object": {
		"set": {"indexes/0": other},
		"deny": {"unstated configures the unstated index unstated, which is not approved"},
	},
	"version control": {
		"set": {"packages/0/source": "vcs", "packages/0/url": "git+https://x"},
		"deny": {"numpy (poetry.lock:3) comes from vcs git+https://x, which is not approved"},
	},
	"path": {
		"set": {"packages/0/source": "path"},
		"deny": {"numpy (poetry.lock:3) comes from path, which is not approved"},
	},
	"source missing": {
		"drop": ["packages/0/source"],
		"deny": {"numpy (poetry.lock:3) comes from unstated, which is not approved"},
	},
	"one of two primary indexes": {
		"set": {"indexes": [index, object.union(index, {"url": other})]},
		"deny": {
			"pip.conf:2 configures the primary index https://other.example/simple, which is not approved",
			concat("", [
				"numpy (poetry.lock:3) comes from the configured index https://other.example/simple, ",
				"https://pypi.org/simple/, which is not approved",
			]),
		},
	},
	"own package from version control": {
		"set": {"packages/0/source": "vcs", "packages/0/url": "git+https://x"},
		"parameters": {"own_packages": ["numpy"]},
		"deny": {"numpy (poetry.lock:3) comes from vcs git+https://x, which is not approved"},
	},
	"version control, with an index": {
		"set": {"packages/0/source": "vcs", "packages/0/url": "git+https://x", "packages/0/index": other},
		"deny": {"numpy (poetry.lock:3) comes from vcs git+https://x, which is not approved"},
	},
	"source is no text": {
		"set": {"packages/0/source": 7, "packages/0/url": "git+https://x"},
		"deny": {"numpy (poetry.lock:3) comes from unstated, which is not approved"},
	},
	"indexes are an object": {"set": {"indexes": {}}, "deny": set()},
	"format is blank": {"set": {"format": ""}, "deny": set()},
	"format is a list": {"set": {"format": []}, "deny": set()},
	"trusted host": {"set": {"trusted_hosts": ["a.example"]}, "deny": {"TLS is not checked for a.example"}},
	"trusted hosts missing": {"drop": ["trusted_hosts"], "deny": set()},
	"indexes missing": {"drop": ["indexes"], "deny": set()},
	"indexes are no list": {"set": {"indexes": "x"}, "deny": set()},
	"no packages": {"set": {"packages": [], "package_count": 0}, "deny": set()},
	"package lost": {"set": {"package_count": 3}, "deny": set()},
	"packages are no list": {"set": {"packages": {}}, "deny": set()},
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
	spoiled := world.unusable(world.spoiled(good, "dependencies", cases["index of a package"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["index of a package"]] {
		nobody := object.union(world.spoiled(good, "dependencies", case), {"ids": {"dependency_set": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"default index": {"set": {"indexes": []}},
	"one package": {"set": {"packages": [package_of("numpy")], "package_count": 1}},
	"index with letters at its end": {
		"set": {"packages/1/index": "https://x.example/indexx"},
		"parameters": {"approved_indexes": ["https://pypi.org/simple", "https://x.example/indexx/"]},
	},
	"own package from a path": {
		"set": {"packages/0/source": "path", "packages/0/url": "."},
		"parameters": {"own_packages": ["numpy"]},
	},
	"own package": {
		"set": {"packages/0/source": "editable", "packages/0/url": "."},
		"parameters": {"own_packages": ["numpy"]},
	},
	"extra index where allowed": {
		"set": {"indexes": [index, {"url": "https://packages.example/simple", "kind": "extra", "at": "pip.conf:3"}]},
		"parameters": {"allow_extra_indexes": true},
	},
	"approved find-links": {
		"set": {"indexes": [index, {"url": "wheels", "kind": "find-links", "at": "pip.conf:3"}]},
		"parameters": {"approved_indexes": ["https://pypi.org/simple", "wheels"]},
	},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "dependencies", case)
		control.deny == set() with input as world.spoiled(good, "dependencies", case)
	}
}
