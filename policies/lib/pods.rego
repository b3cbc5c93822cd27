# METADATA
# title: Pods of a workload
# description: |
#   Whether a workload's manifests were understood so far that what they say of pods is all that there is to say.
#   See collectors/workload.schema.json.
package probatum.lib.pods

import rego.v1

# Kinds of the Kubernetes API that never make a pod, v1.31. Any other kind that the collector does not know might.
podless := {
	"ClusterRole", "ClusterRoleBinding", "ConfigMap", "Endpoints", "EndpointSlice", "ExternalSecret",
	"HorizontalPodAutoscaler", "Ingress", "IngressClass", "LimitRange", "Namespace", "NetworkPolicy",
	"PersistentVolume", "PersistentVolumeClaim", "PodDisruptionBudget", "PriorityClass", "ResourceQuota", "Role",
	"RoleBinding", "RuntimeClass", "SealedSecret", "Secret", "SecretProviderClass", "Service", "ServiceAccount",
	"StorageClass",
}

# METADATA
# title: No object is of a kind that might make a pod
podless_all(objects) if {
	is_array(objects)
	every entry in objects { entry.kind in podless }
}
