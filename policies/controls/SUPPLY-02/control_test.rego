package probatum.controls.supply_02_test

import rego.v1

import data.probatum.controls.supply_02 as control
import data.probatum.lib.world

minor := {
	"package": "numpy", "version": "1.0", "id": "PYSEC-1", "aliases": ["CVE-1"], "severity": 5.3, "fix_versions": [],
	"published": "2020-01-01T00:00:00Z", "withdrawn": false,
}

database := {"digest": world.sha("d"), "advisories": 12, "newest": "2026-11-15T00:00:00Z", "malformed": 0}

result := {"service": "local", "database": database, "audited": 40, "vulnerabilities": [minor], "vulnerability_count": 1}

settings := {
	"severity_threshold": 7,
	"fix_grace_days": 30,
	"max_database_age_days": 14,
	"max_malformed_advisories": 0,
}

good := world.of("SUPPLY-02", "dependency_set", {"dependency_audit": result}, settings)

fresh := object.union(minor, {"fix_versions": ["1.1"], "published": "2026-11-01T00:00:00Z"})

late := {"numpy 1.0: PYSEC-1 (CVSS 5.3) was not fixed within the grace period of 30 days; fixed in 1.1"}

unstated_fix := {"numpy 1.0: PYSEC-1 (CVSS 5.3) was not fixed within the grace period of 30 days"}

cases := {
	"vulnerability lost": {"set": {"vulnerabilities": []}, "deny": set()},
	"not counted": {"drop": ["vulnerability_count"], "deny": set()},
	"at the threshold": {"set": {"vulnerabilities/0/severity": 7}, "deny": {"numpy 1.0: PYSEC-1 (CVSS 7)"}},
	"above, with a fix": {
		"set": {"vulnerabilities/0/severity": 9.8, "vulnerabilities/0/fix_versions": ["1.1", "1.2"]},
		"deny": {"numpy 1.0: PYSEC-1 (CVSS 9.8); fixed in 1.1, 1.2"},
	},
	"severity unknown": {
		"set": {"vulnerabilities/0/severity": null},
		"deny": {"numpy 1.0: PYSEC-1 (severity unknown)"},
	},
	"severity missing": {"drop": ["vulnerabilities/0/severity"], "deny": {"numpy 1.0: PYSEC-1 (severity unknown)"}},
	"fixes as an empty object": {
		"set": {"vulnerabilities": [object.union(fresh, {"fix_versions": {}})]},
		"deny": unstated_fix,
	},
	"withdrawn missing, fresh fix": {
		"set": {"vulnerabilities": [object.remove(fresh, ["withdrawn"])]},
		"deny": late,
	},
	"fixes as an empty object beside a fresh fix": {
		"set": {
			"vulnerabilities": [object.union(fresh, {"fix_versions": {}}), fresh],
			"vulnerability_count": 2,
		},
		"deny": unstated_fix,
	},
	"fresh fix that is blank": {
		"set": {"vulnerabilities": [object.union(fresh, {"fix_versions": [""]})]},
		"deny": {"numpy 1.0: PYSEC-1 (CVSS 5.3) was not fixed within the grace period of 30 days; fixed in "},
	},
	"fresh fix that is a list": {
		"set": {"vulnerabilities": [object.union(fresh, {"fix_versions": [[]]})]},
		"deny": {"numpy 1.0: PYSEC-1 (CVSS 5.3) was not fixed within the grace period of 30 days; fixed in unstated"},
	},
	"severity as text": {
		"set": {"vulnerabilities/0/severity": "5.3"},
		"deny": {"numpy 1.0: PYSEC-1 (severity unknown)"},
	},
	"severity below zero": {"set": {"vulnerabilities/0/severity": -1}, "deny": {"numpy 1.0: PYSEC-1 (CVSS -1)"}},
	"old fix": {"set": {"vulnerabilities/0/fix_versions": ["1.1"]}, "deny": late},
	"age of the fix unknown": {
		"set": {"vulnerabilities/0/fix_versions": ["1.1"], "vulnerabilities/0/published": null},
		"deny": late,
	},
	"age of the fix garbled": {
		"set": {"vulnerabilities/0/fix_versions": ["1.1"], "vulnerabilities/0/published": "20-11-2026"},
		"deny": late,
	},
	"fix from the future": {
		"set": {"vulnerabilities/0/fix_versions": ["1.1"], "vulnerabilities/0/published": "2026-12-01T00:00:00Z"},
		"deny": late,
	},
	"just past the grace period": {
		"set": {"vulnerabilities/0/fix_versions": ["1.1"], "vulnerabilities/0/published": "2026-10-21T06:59:59Z"},
		"deny": late,
	},
	"fixes missing": {"drop": ["vulnerabilities/0/fix_versions"], "deny": unstated_fix},
	"withdrawn missing": {"drop": ["vulnerabilities/0/withdrawn"], "deny": unstated_fix},
	"withdrawn as text": {"set": {"vulnerabilities/0/withdrawn": "true"}, "deny": unstated_fix},
	"no object": {"set": {"vulnerabilities/0": "x"}, "deny": {"unstated unstated: unstated (severity unknown)"}},
	"threshold lowered": {"parameters": {"severity_threshold": 5}, "deny": {"numpy 1.0: PYSEC-1 (CVSS 5.3)"}},
	"vulnerabilities missing": {"drop": ["vulnerabilities"], "deny": set()},
	"vulnerabilities are no list": {"set": {"vulnerabilities": {}}, "deny": set()},
	"nothing audited": {"set": {"audited": 0}, "deny": set()},
	"audited as text": {"set": {"audited": "40"}, "deny": set()},
	"audited as blank text": {"set": {"audited": ""}, "deny": set()},
	"vulnerabilities are an object": {"set": {"vulnerabilities": {"0": minor}}, "deny": set()},
	"service unknown, without database": {"set": {"service": "x", "database": null}, "deny": set()},
	"malformed below zero": {"set": {"database/malformed": -1}, "deny": set()},
	"audited missing": {"drop": ["audited"], "deny": set()},
	"service missing": {"drop": ["service"], "deny": set()},
	"service unknown": {"set": {"service": "x"}, "deny": set()},
	"service says online": {"set": {"service": "osv"}, "deny": set()},
	"database missing": {"drop": ["database"], "deny": set()},
	"database is null": {"set": {"database": null}, "deny": set()},
	"database too old": {"set": {"database/newest": "2026-11-06T06:59:59Z"}, "deny": set()},
	"age of the database unknown": {"set": {"database/newest": null}, "deny": set()},
	"database digest missing": {"drop": ["database/digest"], "deny": set()},
	"database empty": {"set": {"database/advisories": 0}, "deny": set()},
	"malformed advisories": {"set": {"database/malformed": 1}, "deny": set()},
	"malformed missing": {"drop": ["database/malformed"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "dependency_audit"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "dependency_set:x", "message": message, "evidence": ["obs:dependency_audit"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "dependency_set:x", "evidence": ["obs:dependency_audit"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_online_audits_are_of_usable_evidence_and_of_a_subject if {
	online := world.spoiled(good, "dependency_audit", accepted.online)
	alone := world.without(online, "dependency_set:x", "dependency_audit")
	stranger := world.stranger(alone, object.union(result, {"service": "pypi", "database": null}))
	nobody := object.union(online, {"ids": {"dependency_set": []}})
	every odd in [world.unusable(online), stranger, nobody] {
		control.proof == set() with input as odd
	}
}

test_fresh_fix_is_good_news_when_unusable_too if {
	spoiled := world.spoiled(good, "dependency_audit", {"set": {"vulnerabilities": [fresh], "audited": 0}})
	control.deny == set() with input as world.unusable(spoiled)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "dependency_audit", cases["at the threshold"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["at the threshold"]] {
		nobody := object.union(world.spoiled(good, "dependency_audit", case), {"ids": {"dependency_set": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"nothing found": {"set": {"vulnerabilities": [], "vulnerability_count": 0}},
	"withdrawn": {"set": {"vulnerabilities/0/withdrawn": true, "vulnerabilities/0/severity": 9.8}},
	"fresh fix": {"set": {"vulnerabilities": [object.union(fresh, {"published": "2026-10-21T07:00:00Z"})]}},
	"online": {"set": {"service": "pypi", "database": null}},
	"online at OSV": {"set": {"service": "osv", "database": null}},
	"one package": {"set": {"audited": 1}},
	"severity zero": {"set": {"vulnerabilities/0/severity": 0}},
	"fix of this moment": {"set": {"vulnerabilities": [object.union(fresh, {"published": "2026-11-20T07:00:00Z"})]}},
	"no limit of age": {
		"set": {"database/newest": "2020-01-01T00:00:00Z"},
		"parameters": {"max_database_age_days": null},
	},
	"age unknown without limit": {
		"set": {"database/newest": null},
		"parameters": {"max_database_age_days": null},
	},
	"at the limit of age": {"set": {"database/newest": "2026-11-06T07:00:00Z"}},
	"malformed accepted": {"set": {"database/malformed": 1}, "parameters": {"max_malformed_advisories": 1}},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "dependency_audit", case)
		control.deny == set() with input as world.spoiled(good, "dependency_audit", case)
	}
}
