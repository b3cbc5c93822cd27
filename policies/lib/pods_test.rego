package probatum.lib.pods_test

import rego.v1

import data.probatum.lib.pods

test_all_seen if {
	pods.all_seen({"pods": [{}], "unknown_objects": []})
	pods.all_seen({"pods": [{}], "unknown_objects": [{"kind": "Service"}, {"kind": "ConfigMap"}]})
}

test_not_all_seen if {
	odd := [
		{}, {"pods": [{}]}, {"unknown_objects": []}, {"pods": [], "unknown_objects": []},
		{"pods": "x", "unknown_objects": []}, {"pods": [{}], "unknown_objects": {}},
		{"pods": [{}], "unknown_objects": "x"}, {"pods": [{}], "unknown_objects": null},
		{"pods": [{}], "unknown_objects": [{"kind": "Service"}, {"kind": "Rollout"}]},
		{"pods": [{}], "unknown_objects": [{"name": "x"}]}, {"pods": [{}], "unknown_objects": ["Service"]},
	]
	every result in odd { not pods.all_seen(result) }
}
