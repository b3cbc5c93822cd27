package probatum.controls.gov_04_test

import rego.v1

import data.probatum.controls.gov_04 as control
import data.probatum.lib.world

waiver := {
	"id": "W-1", "control": "MODEL-03", "subjects": ["model:x"], "owner": "ann", "approver": "bob", "ticket": "SEC-1",
	"reason": "vendor signs from next month", "expires": "2026-12-31", "problems": [],
}

settings := {"max_waiver_days": 90, "allow_any_subject": false}

good := world.of("GOV-04", "pipeline", {"waivers": {"waivers": [waiver], "waiver_count": 1}}, settings)

missing := {sprintf("no %s", [field]): {
	"drop": [sprintf("waivers/0/%s", [field])],
	"deny": {sprintf("waiver W-1 does not state its %s", [field])},
} |
	some field in ["control", "ticket", "reason"]
}

late(day) := sprintf("waiver W-1 does not expire within the next 90 days, but on %s", [day])

other_cases := {
	"no id": {"drop": ["waivers/0/id"], "deny": {"waiver unstated does not state its id"}},
	"blank reason": {"set": {"waivers/0/reason": "  "}, "deny": {"waiver W-1 does not state its reason"}},
	"ticket is no text": {"set": {"waivers/0/ticket": 7}, "deny": {"waiver W-1 does not state its ticket"}},
	"no owner": {
		"drop": ["waivers/0/owner"],
		"deny": {
			"waiver W-1 does not state its owner",
			"waiver W-1 is not approved by somebody other than its owner",
		},
	},
	"no approver": {
		"drop": ["waivers/0/approver"],
		"deny": {
			"waiver W-1 does not state its approver",
			"waiver W-1 is not approved by somebody other than its owner",
		},
	},
	"approved by its owner": {
		"set": {"waivers/0/approver": " Ann ", "waivers/0/problems": ["approver is the owner"]},
		"deny": {
			"waiver W-1 is not approved by somebody other than its owner",
			"waiver W-1: approver is the owner",
		},
	},
	"approved by its owner, unnoticed": {
		"set": {"waivers/0/approver": " Ann "},
		"deny": {"waiver W-1 is not approved by somebody other than its owner"},
	},
	"owner is no text": {
		"set": {"waivers/0/owner": 7},
		"deny": {
			"waiver W-1 does not state its owner",
			"waiver W-1 is not approved by somebody other than its owner",
		},
	},
	"no expiry": {
		"drop": ["waivers/0/expires"],
		"deny": {"waiver W-1 does not state its expires", late("unstated")},
	},
	"expired": {"set": {"waivers/0/expires": "2026-11-19"}, "deny": {late("2026-11-19")}},
	"expires now": {"set": {"waivers/0/expires": "2026-11-20T07:00:00Z"}, "deny": {late("2026-11-20T07:00:00Z")}},
	"expiry too far": {"set": {"waivers/0/expires": "2027-02-18T07:00:01Z"}, "deny": {late("2027-02-18T07:00:01Z")}},
	"expiry garbled": {"set": {"waivers/0/expires": "soon"}, "deny": {late("soon")}},
	"no subjects": {
		"set": {"waivers/0/subjects": []},
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"subjects missing": {
		"drop": ["waivers/0/subjects"],
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"subjects are no texts": {
		"set": {"waivers/0/subjects": [1]},
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"every subject": {
		"set": {"waivers/0/subjects": ["*"]},
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"no subjects, though any may be": {
		"set": {"waivers/0/subjects": []},
		"parameters": {"allow_any_subject": true},
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"subjects are no texts, though any may be": {
		"set": {"waivers/0/subjects": ["*", 1]},
		"parameters": {"allow_any_subject": true},
		"deny": {"waiver W-1 does not name the subjects that it is for"},
	},
	"problem": {"set": {"waivers/0/problems": ["id used twice"]}, "deny": {"waiver W-1: id used twice"}},
	"problem is no text": {
		"set": {"waivers/0/problems": [1]},
		"deny": {"waiver W-1: unstated", "waiver W-1 was not checked"},
	},
	"problems missing": {"drop": ["waivers/0/problems"], "deny": {"waiver W-1 was not checked"}},
	"waivers missing": {"drop": ["waivers"], "deny": set()},
	"waivers are no list": {"set": {"waivers": {"0": waiver}}, "deny": set()},
	"waiver lost": {"set": {"waivers": []}, "deny": set()},
	"count missing": {"drop": ["waiver_count"], "deny": set()},
}

cases := object.union(missing, other_cases)

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "waivers"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {{"subject": "pipeline:x", "message": message, "evidence": ["obs:waivers"]} | some message in messages}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "pipeline:x", "evidence": ["obs:waivers"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
	control.deny == set() with input as world.stranger(good, {"waivers": [{}], "waiver_count": 1})
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "waivers", cases.expired))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases.expired] {
		nobody := object.union(world.spoiled(good, "waivers", case), {"ids": {"pipeline": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"no waivers": {"set": {"waivers": [], "waiver_count": 0}},
	"expires today": {"set": {"waivers/0/expires": "2026-11-20"}},
	"expires in a moment": {"set": {"waivers/0/expires": "2026-11-20T07:00:00.000000001Z"}},
	"expires at the limit": {"set": {"waivers/0/expires": "2027-02-18T07:00:00Z"}},
	"expires within the hour": {"set": {"waivers/0/expires": "2026-11-20T08:30:00+01:00"}},
	"every subject where allowed": {
		"set": {"waivers/0/subjects": ["*"]},
		"parameters": {"allow_any_subject": true},
	},
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "waivers", case)
		control.deny == set() with input as world.spoiled(good, "waivers", case)
	}
}
