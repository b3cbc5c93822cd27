# METADATA
# title: Dependencies are pinned with hashes
# description: |
#   The lock file lists every dependency, transitive ones too, each at one version with at least one hash of its
#   distribution. A dependency from version control, a bare URL or a local path has no such hash, hence fails.
# custom:
#   id: SUPPLY-01
#   priority: critical
#   stages: [pre-commit, training]
#   subjects: [dependency_set]
#   evidence: [dependencies]
#   remediation: |
#     Lock with hashes: pip-compile --generate-hashes, uv lock, poetry lock or pipenv lock, and install from the lock
#     file (pip install --require-hashes). Publish what comes from version control or a path to an index, and lock
#     that.
#   parameters:
#     own_packages:
#       type: array
#       items: {type: string, pattern: "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"}
#       default: []
#       description: Normalised names of local packages (path or editable) that are the pipeline's own source.
# schemas:
#   - input: schema.input
package probatum.controls.supply_01

import rego.v1

import data.probatum.lib.shape

settings := input.parameters["SUPPLY-01"]

applies contains id if some id in input.ids.dependency_set

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].dependencies
	result := input.observations[obs].result
	result.complete_lock == true
	result.packages[0]
	count(result.packages) == result.package_count
	every dependency in result.packages {
		dependency.pinned == true
		dependency.hashed == true
		dependency.hashes >= 1
		dependency.hashes < "" # a number
		dependency.name > ""
		dependency.name < [] # a string
		dependency.version > ""
		dependency.version < [] # a string
		dependency.source in fixed_sources
	}
}

sound contains [id, obs] if {
	settings.own_packages != [] # probatum:survives drop: this spares the work where there are none
	some id in applies
	some obs in input.usable[id].dependencies
	result := input.observations[obs].result
	result.complete_lock == true
	result.packages[0]
	count(result.packages) == result.package_count
	every dependency in result.packages { locked(dependency) }
}

fixed_sources := {"index", "url"}

locked(dependency) if {
	pinned(dependency)
	hashed(dependency)
	dependency.name > ""
	dependency.name < [] # a string
	dependency.source in fixed_sources
}

# The pipeline's own source, which is a subject of its own.
locked(dependency) if {
	dependency.name in settings.own_packages
	dependency.source in {"path", "editable"}
}

pinned(dependency) if {
	dependency.pinned == true
	dependency.version > ""
	dependency.version < [] # a string
}

hashed(dependency) if {
	dependency.hashed == true
	dependency.hashes >= 1
	dependency.hashes < "" # a number
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].dependencies
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

unlocked contains {"subject": id, "obs": obs, "dependency": dependency, "name": name} if {
	some [id, obs] in suspect
	some dependency in shape.items(input.observations[obs].result.packages)
	not locked(dependency) # probatum:survives drop: this spares the work on packages that are denied nothing
	name := sprintf("%s (%s)", [shape.shown(dependency, "name"), shape.shown(dependency, "at")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in unlocked
	not pinned(entry.dependency)
	message := sprintf("%s is not pinned to one version", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in unlocked
	not hashed(entry.dependency)
	message := sprintf("%s has no hash", [entry.name])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in unlocked
	not shape.one_of(entry.dependency, "source", fixed_sources)
	message := sprintf("%s comes from %s, where no hash fixes its content", [
		entry.name,
		shape.shown(entry.dependency, "source"),
	])
}

deny contains {"subject": id, "message": message, "evidence": [obs]} if {
	some [id, obs] in suspect
	result := input.observations[obs].result
	result.complete_lock == false
	message := sprintf("%s is no lock file that lists every transitive dependency", [shape.shown(result, "format")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in unlocked
	not shape.states(entry.dependency, "name")
	message := sprintf("%s is not named", [entry.name])
}

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
