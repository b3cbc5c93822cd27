# METADATA
# title: Inputs for tests of controls
# description: Small worlds in which a control passes, and ways to spoil them; no part of any policy.
package probatum.lib.world

import rego.v1

# 2026-11-20T07:00:00Z
now := 1795158000000000000

sha(digit) := concat("", [digit | some _ in numbers.range(1, 64)])

# METADATA
# title: One subject with one usable observation of each type
of(control, kind, evidence, settings) := {
	"pipeline": {"name": "x"},
	"now_ns": now,
	"stage": null,
	"parameters": {control: settings},
	"subjects": {id: {"kind": kind, "name": "x", "location": "x", "digest": {"sha256": sha("a")}}},
	"ids": {kind: [id]},
	"observations": {obs: {"type": type, "subject": id, "status": "complete", "result": result} |
		some type, result in evidence
		obs := sprintf("obs:%s", [type])
	},
	"observed": {id: ids},
	"usable": {id: ids},
	"out": {},
	"in": {},
} if {
	id := sprintf("%s:x", [kind])
	ids := {type: [sprintf("obs:%s", [type])] | some type, _ in evidence}
}

# METADATA
# title: The same world, where evidence cannot be used
unusable(world) := object.union(object.remove(world, ["usable"]), {"usable": {}})

# METADATA
# title: The same world without one type of evidence
without(world, id, type) := json.patch(world, [
	{"op": "remove", "path": sprintf("/observed/%s/%s", [id, type])},
	{"op": "remove", "path": sprintf("/usable/%s/%s", [id, type])},
])

# METADATA
# title: The same world, with an observation beside it that is about nobody and of no type that is known
stranger(world, result) := object.union(world, {"observations": {"obs:stranger": {
	"status": "complete",
	"result": result,
}}})

# METADATA
# title: The same world with its result spoiled
# description: case.set maps paths in the result to values, case.drop lists paths to remove, case.parameters overrides.
spoiled(world, type, case) := object.union(json.patch(world, array.concat(sets, drops)), {"parameters": overrides}) if {
	root := sprintf("/observations/obs:%s/result/", [type])
	sets := [{"op": "replace", "path": concat("", [root, path]), "value": value} |
		some path, value in object.get(case, "set", {})
	]
	drops := [{"op": "remove", "path": concat("", [root, path])} | some path in object.get(case, "drop", [])]
	overrides := {control: object.get(case, "parameters", {}) | some control, _ in world.parameters}
}
