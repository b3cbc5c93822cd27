# METADATA
# title: Packages come from approved indexes
# description: |
#   Every package of the lock file, and every index that pip, uv, poetry or pipenv is configured with, is approved; no
#   extra index is configured beside the primary one, because an installer that asks several takes the highest version
#   of a name from any of them (dependency confusion); and no host is trusted without TLS.
# custom:
#   id: SUPPLY-03
#   priority: high
#   stages: [pre-commit, training]
#   subjects: [dependency_set]
#   evidence: [dependencies]
#   remediation: |
#     Configure one index, a private one that proxies the public ones under your rules, as the primary index; remove
#     --extra-index-url, --find-links and --trusted-host; publish what comes from version control or a URL to that
#     index.
#   parameters:
#     approved_indexes:
#       type: array
#       items: {type: string, minLength: 1, not: {pattern: "^[hH][tT][tT][pP]://"}}
#       default: ["https://pypi.org/simple"]
#       description: Simple-API URLs, or paths for find-links, that may be used; a final slash does not matter.
#     default_index:
#       type: string
#       default: "https://pypi.org/simple"
#       description: Index that an installer uses where none is configured; set it where the machines have another.
#     allow_extra_indexes:
#       type: boolean
#       default: false
#       description: Whether approved indexes may be configured as extra ones; only safe where no name is private.
#     own_packages:
#       type: array
#       items: {type: string, pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"}
#       default: []
#       description: Normalised names of local packages (path or editable) that are the pipeline's own source.
# schemas:
#   - input: schema.input
package probatum.controls.supply_03

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["SUPPLY-03"]

# With and without a final slash.
approved contains concat("", [trim_right(url, "/"), end]) if {
	some url in settings.approved_indexes
	some end in ["", "/"]
}

acceptable contains [kind, url] if {
	some kind in ["primary", "find-links"]
	some url in approved
}

acceptable contains ["extra", url] if {
	settings.allow_extra_indexes == true
	some url in approved
}

applies contains id if some id in input.ids.dependency_set

# Where a package may come from whose index the lock file states, and where it leaves that to the configuration.
origins_where_approved := approved | {null}

# An installer takes what it is configured with, or else its own default. Not so for a uv.lock: it states every index.
origins(result) := approved if result.format == "uv.lock"

else := origins_where_approved if {
	every url in configured(result) { url in approved }
}

else := approved

configured(result) := {settings.default_index} if primaries(result) == set()

else := primaries(result)

primaries(result) := {index.url |
	some index in shape.items(result.indexes)
	index.kind == "primary"
}

permitted(dependency, accepted) if {
	dependency.source == "index"
	dependency.index in accepted
}

else if {
	dependency.name in settings.own_packages
	dependency.source in {"path", "editable"}
}

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].dependencies
	result := input.observations[obs].result
	result.trusted_hosts == []
	is_array(result.indexes)
	every index in result.indexes { [index.kind, index.url] in acceptable }
	result.format > ""
	result.format < [] # a string
	result.packages[0]
	count(result.packages) == result.package_count
	accepted := origins(result)
	every dependency in result.packages { permitted(dependency, accepted) }
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].dependencies
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	accepted := origins(result)
	some dependency in shape.items(result.packages)
	not permitted(dependency, accepted)
	message := sprintf("%s (%s) comes from %s, which is not approved", [
		shape.shown(dependency, "name"),
		shape.shown(dependency, "at"),
		origin(dependency, result),
	])
}

origin(dependency, result) := sprintf("index %s", [dependency.index]) if {
	dependency.source == "index"
	is_string(dependency.index)
}

else := sprintf("the configured index %s", [shape.joined(configured(result))]) if {
	dependency.source == "index"
	dependency.index == null
	result.format != "uv.lock"
}

else := "an index that is not stated" if {
	dependency.source == "index"
}

else := sprintf("%s %s", [dependency.source, dependency.url]) if {
	is_string(dependency.source)
	is_string(dependency.url)
}

else := shape.shown(dependency, "source")

accepted_index(index) if [index.kind, index.url] in acceptable

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	some index in shape.items(input.observations[obs].result.indexes)
	not accepted_index(index)
	message := sprintf("%s configures the %s index %s, which is not approved", [
		shape.shown(index, "at"),
		shape.shown(index, "kind"),
		shape.shown(index, "url"),
	])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	shape.filled(result.trusted_hosts)
	message := sprintf("TLS is not checked for %s", [shape.listed(result, "trusted_hosts")])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
