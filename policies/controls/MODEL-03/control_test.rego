package probatum.controls.model_03_test

import rego.v1

import data.probatum.controls.model_03 as control
import data.probatum.lib.world

result := {
	"format": "oms", "verified": true, "reason": "", "signers": ["key:release"], "covers_all_files": true, "uncovered": [],
	"missing": [], "source": "model.sig",
}

settings := {"accepted_formats": ["oms", "dsse"], "allowed_signers": []}

good := world.of("MODEL-03", "model", {"model_signature": result}, settings)

cases := {
	"not verified": {
		"set": {"verified": false, "reason": "none found", "signers": []},
		"deny": {"no valid signature: none found"},
	},
	"verified missing": {"drop": ["verified"], "deny": set()},
	"nobody signed": {"set": {"signers": []}, "deny": {"signed by unstated, whom this control does not accept"}},
	"signers missing": {"drop": ["signers"], "deny": {"signed by unstated, whom this control does not accept"}},
	"signer is no string": {"set": {"signers": [1]}, "deny": {"signed by unstated, whom this control does not accept"}},
	"signer is a list": {"set": {"signers": [[]]}, "deny": {"signed by unstated, whom this control does not accept"}},
	"signer is not named": {"set": {"signers": [""]}, "deny": {"signed by , whom this control does not accept"}},
	"signer allowed, format not": {
		"parameters": {"allowed_signers": ["key:release"], "accepted_formats": ["sigstore"]},
		"deny": {"a signature of format oms is not accepted"},
	},
	"signer not allowed": {
		"parameters": {"allowed_signers": ["key:other"]},
		"deny": {"signed by key:release, whom this control does not accept"},
	},
	"format": {
		"parameters": {"accepted_formats": ["sigstore"]},
		"deny": {"a signature of format oms is not accepted"},
	},
	"format missing": {"drop": ["format"], "deny": {"a signature of format unstated is not accepted"}},
	"uncovered file": {
		"set": {"covers_all_files": false, "uncovered": ["a.bin"]},
		"deny": {"the signature does not cover every file of the model", "the signature does not cover a.bin"},
	},
	"uncovered files named only": {"set": {"uncovered": ["a.bin"]}, "deny": {"the signature does not cover a.bin"}},
	"cover missing": {
		"drop": ["covers_all_files"],
		"deny": {"the signature does not cover every file of the model"},
	},
	"signed file missing": {
		"set": {"missing": ["b.bin"]},
		"deny": {"what was signed is missing or was changed: b.bin"},
	},
	"missing files missing": {"drop": ["missing"], "deny": set()},
	"uncovered missing": {"drop": ["uncovered"], "deny": set()},
}

wrong contains name if {
	some name, case in cases
	spoiled := world.spoiled(good, object.get(case, "type", "model_signature"), case)
	not as_expected(case.deny) with input as spoiled
}

as_expected(messages) if {
	control.deny == {finding |
		some message in messages
		finding := {"subject": "model:x", "message": message, "evidence": ["obs:model_signature"]}
	}
	control.proof == set()
}

test_passes if {
	control.proof == {{"subject": "model:x", "evidence": ["obs:model_signature"]}} with input as good
	control.deny == set() with input as good
}

test_each_branch if wrong == set()

test_unusable_evidence_proves_nothing if {
	control.proof == set() with input as world.unusable(good)
	control.deny == set() with input as world.unusable(good)
}

test_bad_news_counts_when_unusable if {
	spoiled := world.unusable(world.spoiled(good, "model_signature", cases["not verified"]))
	count(control.deny) > 0 with input as spoiled
}

test_does_not_apply_without_subjects if {
	every case in [{}, cases["not verified"]] {
		nobody := object.union(world.spoiled(good, "model_signature", case), {"ids": {"model": []}})
		control.applies == set() with input as nobody
		control.deny == set() with input as nobody
		control.proof == set() with input as nobody
	}
}

test_named_signer_passes if {
	named := world.spoiled(good, "model_signature", {"parameters": {"allowed_signers": ["key:release"]}})
	count(control.proof) == 1 with input as named
}
