# METADATA
# title: GPUs are isolated between tenants
# description: |
#   Each tenant of the GPU has a MIG slice or the whole device to itself; neither MPS nor time slicing shares it; its
#   memory is protected by ECC, which is also what stops bit flips made by a neighbour (Rowhammer on GPU memory);
#   where it is required, confidential computing is on and attested.
# custom:
#   id: TRAIN-03
#   priority: high
#   stages: [training]
#   subjects: [gpu]
#   evidence: [gpu_isolation, gpu_sharing]
#   remediation: |
#     Partition the device with MIG and request nvidia.com/mig-* resources, or give the whole device to one tenant
#     (compute mode EXCLUSIVE_PROCESS, or state the tenants of each GPU in the settings of the collector); remove time
#     slicing and MPS from the device plugin's configuration; turn ECC on.
#   parameters:
#     require_ecc:
#       type: boolean
#       default: true
#       description: Whether ECC must be on.
#     require_confidential_computing:
#       type: boolean
#       default: false
#       description: Whether confidential computing must be on and attested.
# schemas:
#   - input: schema.input
package probatum.controls.train_03

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["TRAIN-03"]

applies contains id if some id in input.ids.gpu

isolated(device) if {
	device.mps == false
	separated(device)
	protected(device)
	confidential(device)
}

# A slice for each tenant, now and after the next reset.
separated(device) if {
	device.mig_mode == "enabled"
	device.mig_pending == "enabled"
	device.mig_instances[0]
	every instance in device.mig_instances { numbered(instance) }
	enough_slices(device)
	no_slice_shared(device)
}

# The whole device for one tenant.
else if {
	device.mig_mode in {"disabled", "unsupported"}
	device.tenants >= 0
	device.tenants <= 1
}

# The driver lets one process at a time have the device.
else if {
	device.mig_mode in {"disabled", "unsupported"}
	device.compute_mode == "exclusive_process"
}

enough_slices(device) if {
	device.tenants >= 0
	device.tenants <= count({instance.gi | some instance in device.mig_instances})
}

# Nobody knows how many tenants there are; without time slicing and MPS a slice still serves one container at a time.
else if {
	device.tenants == null
	device.tenants_source == "unknown"
}

# Memory is isolated between GPU instances, not between compute instances of one, hence the count by GPU instance.
no_slice_shared(device) if {
	is_array(device.processes)
	every process in device.processes {
		numbered(process)
		tenant_stated(process)
	}
	slices := {process.gi | some process in device.processes}
	users := {[process.gi, process.tenant] | some process in device.processes}
	count(users) == count(slices)
}

tenant_stated(process) if process.tenant == null

else if {
	process.tenant > ""
	process.tenant < [] # a string
}

numbered(part) if {
	part.gi >= 0
	part.gi < "" # a number
}

protected(device) if device.ecc == "enabled"

else if settings.require_ecc == false

confidential(device) if settings.require_confidential_computing == false

else if {
	device.confidential_computing == "on"
	device.cc_attested == true
}

sound contains [id, obs] if {
	some id in applies # probatum:survives drop: a proof asks for what is not shared, too, and that for whom it applies
	some obs in input.usable[id].gpu_isolation
	result := input.observations[obs].result
	result.devices[0]
	count(result.devices) == result.attached
	every device in result.devices { isolated(device) }
}

unshared contains [id, obs] if {
	some id in applies # probatum:survives drop: a proof asks for what is sound, too, and that for whom it applies
	some obs in input.observed[id].gpu_sharing # probatum:survives drop, usable: a proof asks for usable evidence itself
	result := input.observations[obs].result
	result.shared == false
	result.time_slicing == []
	result.mps == []
	is_array(result.requests)
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].gpu_isolation
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

shared contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].gpu_sharing
	not [id, obs] in unshared # probatum:survives drop: this spares the work on what is denied nothing
}

exposed contains {"subject": id, "obs": obs, "device": device, "name": shape.shown(device, "uuid")} if {
	some [id, obs] in suspect
	some device in shape.items(input.observations[obs].result.devices)
	not isolated(device) # probatum:survives drop: this spares the work on devices that are denied nothing
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in exposed
	not entry.device.mps == false
	message := sprintf("%s: MPS shares one context between processes", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in exposed
	not separated(entry.device)
	message := sprintf("%s: tenants have neither a MIG slice nor the whole device to themselves", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in exposed
	not protected(entry.device)
	message := sprintf("%s: ECC is not on", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in exposed
	not confidential(entry.device)
	message := sprintf("%s: confidential computing is not on and attested", [entry.name])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in shared
	some way in ["time_slicing", "mps"]
	some entry in shape.items(input.observations[obs].result[way])
	message := sprintf("%s shares the GPU between containers (%s)", [shape.shown(entry, "file"), way])
}

deny contains {"subject": id, "message": "the configuration shares the GPU between containers", "evidence": [obs]} if {
	some [id, obs] in shared
	input.observations[obs].result.shared == true
}

proof contains {"subject": id, "evidence": [obs, sharing]} if {
	some [id, obs] in sound
	some sharing in input.usable[id].gpu_sharing
	[id, sharing] in unshared
}
