package probatum.controls.gov_03_test

import rego.v1

import data.probatum.controls.gov_03 as control
import data.probatum.lib.world

release := {
	"name": "built-in", "version": "1.0.0", "source": "built-in", "digest": {"sha256": world.sha("a")}, "archive": null,
	"built_in": true, "pinned": true, "locked": false, "signed": false, "signers": [], "signature": "",
	"signature_problem": "", "replaces": [], "replaces_count": 0,
}

replaced := "MODEL-01@sha256:abc"

own := {
	"name": "acme", "version": "2", "source": "oci://registry.example/acme", "digest": {"sha256": world.sha("b")},
	"archive": {"sha256": world.sha("c")}, "built_in": false, "pinned": true, "locked": true, "signed": true,
	"signers": ["key:security"], "signature": "opa", "signature_problem": "", "replaces": [replaced],
	"replaces_count": 1,
}

settings := {
	"require_signature": true,
	"allowed_signers": [],
	"require_lock": true,
	"allowed_replacements": ["MODEL-01"],
}

good := world.of("GOV-03", "pipeline", {"policy_packs": {"packs": [release, own], "pack_count": 2}}, settings)

unidentified := "policies acme do not say what they hold"

loose := "policies acme are not fixed by a digest that this run was held to"

unsigned(why) := sprintf("policies acme are signed by nobody who may: %s", [why])

unagreed(what) := sprintf("policies acme replace controls without agreement: %s", [what])

cases := {
	"no digest": {"drop": ["packs/1/digest"], "deny": {unidentified}},
	"digest is no digest": {"set": {"packs/1/digest/sha256": "latest"}, "deny": {unidentified}},
	"digest is not hexadecimal": {"set": {"packs/1/digest/sha256": world.sha("x")}, "deny": {unidentified}},
	"built-in without digest": {
		"drop": ["packs/0/digest"],
		"deny": {
			"policies built-in do not say what they hold",
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
		},
	},
	"built-in replaces what is not counted": {
		"set": {"packs/0/replaces": [replaced]},
		"deny": {
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
			sprintf("policies built-in replace controls without agreement: %s", [replaced]),
		},
	},
	"digest is short": {"set": {"packs/1/digest/sha256": "abc"}, "deny": {unidentified}},
	"no source": {"drop": ["packs/1/source"], "deny": {unidentified}},
	"blank name": {"set": {"packs/1/name": " "}, "deny": {"policies   do not say what they hold"}},
	"not pinned": {"set": {"packs/1/pinned": false, "packs/1/locked": false}, "deny": {loose}},
	"pin is no truth": {"set": {"packs/1/pinned": "yes"}, "deny": {loose}},
	"pin missing": {"drop": ["packs/1/pinned"], "deny": {loose}},
	"not locked": {"set": {"packs/1/locked": false}, "deny": {loose}},
	"pin missing where a digest is enough": {
		"drop": ["packs/1/pinned"],
		"parameters": {"require_lock": false},
		"deny": {loose},
	},
	"not signed": {
		"set": {
			"packs/1/signed": false, "packs/1/signers": [], "packs/1/signature": "",
			"packs/1/signature_problem": "it has no signature",
		},
		"deny": {unsigned("it has no signature")},
	},
	"signed by no truth": {"set": {"packs/1/signed": 1}, "deny": {unsigned("key:security")}},
	"signed in no known form": {"set": {"packs/1/signature": "wax"}, "deny": {unsigned("key:security")}},
	"signature with a problem": {"set": {"packs/1/signature_problem": "stale"}, "deny": {unsigned("stale")}},
	"signature's problem missing": {"drop": ["packs/1/signature_problem"], "deny": {unsigned("key:security")}},
	"no signers": {"set": {"packs/1/signers": []}, "deny": {unsigned("unstated")}},
	"signers are no texts": {"set": {"packs/1/signers": [1]}, "deny": {unsigned("unstated")}},
	"signer not allowed": {
		"parameters": {"allowed_signers": ["key:other"]},
		"deny": {unsigned("key:security")},
	},
	"replacement not agreed": {"parameters": {"allowed_replacements": ["MODEL-02"]}, "deny": {unagreed(replaced)}},
	"replacements missing": {"drop": ["packs/1/replaces"], "deny": {unagreed("unstated")}},
	"replacements are no texts": {"set": {"packs/1/replaces": [1]}, "deny": {unagreed("unstated")}},
	"replacement lost": {"set": {"packs/1/replaces": []}, "deny": {unagreed("unstated")}},
	"replacements uncounted": {"drop": ["packs/1/replaces_count"], "deny": {unagreed(replaced)}},
	"built-in by name only": {
		"set": {"packs/0/built_in": false},
		"deny": {
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
		},
	},
	"built-in by claim only": {
		"set": {"packs/0/name": "mine"},
		"deny": {
			"policies mine are not fixed by a digest that this run was held to",
			"policies mine are signed by nobody who may: unstated",
		},
	},
	"built-in from elsewhere": {
		"set": {"packs/0/source": "https://x.example/x.tar.gz"},
		"deny": {
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
		},
	},
	"built-in replaces": {
		"set": {"packs/0/replaces": [replaced], "packs/0/replaces_count": 1},
		"deny": {
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
		},
	},
	"built-in miscounts what it replaces": {
		"set": {"packs/0/replaces_count": 1},
		"deny": {
			"policies built-in are not fixed by a digest that this run was held to",
			"policies built-in are signed by nobody who may: unstated",
			"policies built-in replace controls without agreement: unstated",
		},
	},
	"packs missing": {"drop": ["packs"], "deny": set()},
	"packs are no list": {"set": {"packs": {"0": release}}, "deny": set()},
	"no packs": {"set": {"packs": [], "pack_count": 0}, "deny": set()},
	"pack lost": {"set": {"packs": [release]}, "deny": set()},
	"count missing": {"drop": ["pack_count"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, "policy_packs", case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "pipeline:x", "message": message, "evidence": ["obs:policy_packs"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "pipeline:x", "evidence": ["obs:policy_packs"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
	control.deny == set() with input as world.stranger(good, {"packs": [{}], "pack_count": 1})
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "policy_packs", cases["not signed"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["not signed"]] {
		nobody := object.union(world.spoiled(good, "policy_packs", case), {"ids": {"pipeline": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

accepted := {
	"built-in alone": {"set": {"packs": [release], "pack_count": 1}},
	"allowed signer": {"parameters": {"allowed_signers": ["key:other", "key:security"]}},
	"one allowed signer of two": {
		"set": {"packs/1/signers": ["key:other", "key:security"]},
		"parameters": {"allowed_signers": ["key:security"]},
	},
	"pinned without lock file": {"set": {"packs/1/locked": false}, "parameters": {"require_lock": false}},
	"not signed where that is accepted": {
		"set": {"packs/1/signed": false, "packs/1/signers": [], "packs/1/signature": ""},
		"parameters": {"require_signature": false},
	},
	"replaces nothing": {"set": {"packs/1/replaces": [], "packs/1/replaces_count": 0}},
}

test_forms_of_signature if {
	every form in ["opa", "dsse", "sigstore", "detached"] {
		count(control.proof) == 1 with input as world.spoiled(good, "policy_packs", {"set": {"packs/1/signature": form}})
	}
}

test_accepted if {
	every case in accepted {
		count(control.proof) == 1 with input as world.spoiled(good, "policy_packs", case)
		control.deny == set() with input as world.spoiled(good, "policy_packs", case)
	}
}
