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

test_kinds_that_make_no_pod if {
	every kind in [
		"ClusterRole", "ClusterRoleBinding", "ConfigMap", "Endpoints", "EndpointSlice", "ExternalSecret",
		"HorizontalPodAutoscaler", "Ingress", "IngressClass", "LimitRange", "Namespace", "NetworkPolicy",
		"PersistentVolume", "PersistentVolumeClaim", "PodDisruptionBudget", "PriorityClass", "ResourceQuota", "Role",
		"RoleBinding", "RuntimeClass", "SealedSecret", "Secret", "SecretProviderClass", "Service", "ServiceAccount",
		"StorageClass",
	] {
		pods.podless_all([{"kind": kind}])
	}
}

test_kinds_that_make_pods if {
	every kind in ["CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "StatefulSet", "service", ""] {
		not pods.podless_all([{"kind": kind}])
	}
}
