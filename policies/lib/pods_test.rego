package probatum.lib.pods_test

import rego.v1

import data.probatum.lib.pods

test_podless_all if {
	pods.podless_all([])
	pods.podless_all([{"kind": "Service"}, {"kind": "ConfigMap"}])
}

test_not_podless_all if {
	odd := [
		{}, "x", null, 0, {"kind": "Service"}, [{"kind": "Service"}, {"kind": "Rollout"}],
		[{"name": "x"}], ["Service"], [null],
	]
	every objects in odd { not pods.podless_all(objects) }
}
