# METADATA
# title: Dependencies have no known vulnerabilities
# description: |
#   A complete audit found no vulnerability at or above the threshold, and none of any severity whose fix is older
#   than the grace period. A vulnerability whose severity is unknown counts as above the threshold; a fix whose age is
#   unknown counts as old. What lies below the threshold and has no fix, or a fresh one, is tolerated: it gives no
#   finding and can be read in the audit that the proof cites. Only an advisory that is marked withdrawn is left out.
#   An audit against a local database proves something only while the database is fresh.
# custom:
#   id: SUPPLY-02
#   priority: critical
#   stages: [pre-commit, training, deployment]
#   subjects: [dependency_set]
#   evidence: [dependency_audit]
#   remediation: |
#     Upgrade the package to a fixed version and lock again. Where there is no fix, replace the package, or grant a
#     waiver that says why the vulnerability cannot be reached here. Refresh the local advisory database.
#   parameters:
#     severity_threshold:
#       type: number
#       minimum: 0
#       maximum: 10
#       unit: CVSS base score
#       default: 7.0
#       description: CVSS base score from which a vulnerability fails at once.
#     fix_grace_days:
#       type: number
#       minimum: 0
#       unit: days
#       default: 30
#       description: Days after publication within which a fix for a lesser vulnerability must be applied.
#     max_database_age_days:
#       type: [number, "null"]
#       minimum: 0
#       unit: days
#       default: 14
#       description: Days from its newest advisory for which a local database proves something; null for ever.
#     max_malformed_advisories:
#       type: integer
#       minimum: 0
#       unit: advisories
#       default: 0
#       description: Advisories of a local database that could not be read and are accepted all the same.
# schemas:
#   - input: schema.input
package probatum.controls.supply_02

import rego.v1

import data.probatum.lib.moment
import data.probatum.lib.shape

settings := input.parameters["SUPPLY-02"]

grace_ends := input.now_ns - (settings.fix_grace_days * moment.day)

applies contains id if some id in input.ids.dependency_set

tolerable(vulnerability) if vulnerability.withdrawn == true

else if {
	vulnerability.withdrawn == false
	vulnerability.fix_versions == []
	minor(vulnerability)
}

else if {
	vulnerability.withdrawn == false
	vulnerability.fix_versions[0] > ""
	vulnerability.fix_versions[0] < [] # a string
	vulnerability.published in recent
	minor(vulnerability)
}

minor(vulnerability) if {
	vulnerability.severity >= 0
	vulnerability.severity < settings.severity_threshold
}

# Each distinct time is read once, however many vulnerabilities share it. What may be missing is bound in the body: the
# embedded engine gives up a whole set where the head of its rule has no value.
published contains text if {
	some id in applies # probatum:survives drop: a time is judged by itself, whoever states it
	some obs in input.observed[id].dependency_audit # probatum:survives drop: the same
	vulnerability := input.observations[obs].result.vulnerabilities[_]
	vulnerability.fix_versions[0] # probatum:survives drop: this spares the reading of times that nobody asks for
	text := vulnerability.published
}

recent contains text if {
	some text in published
	time_ns := moment.ns(text)
	time_ns >= grace_ends
	time_ns <= input.now_ns
}

# A service that is asked over the network is as fresh as the observation; a local database has an age of its own. Each
# distinct database is judged once, however many lock files were audited against it.
databases contains judged if {
	some id in applies # probatum:survives drop: a database is judged by itself, whoever was audited against it
	some obs in input.usable[id].dependency_audit # probatum:survives drop, usable: the same
	result := input.observations[obs].result
	judged := [result.service, result.database]
}

fresh contains [service, null] if some service in {"osv", "pypi"}

fresh contains ["local", database] if {
	some ["local", database] in databases
	shape.hex(database.digest)
	shape.positive(database.advisories)
	shape.natural(database.malformed)
	database.malformed <= settings.max_malformed_advisories
	young(database)
}

young(_) if settings.max_database_age_days == null

young(database) if {
	is_number(settings.max_database_age_days)
	input.now_ns - moment.ns(database.newest) <= settings.max_database_age_days * moment.day
}

sound contains [id, obs] if {
	some id in applies
	some obs in input.usable[id].dependency_audit
	result := input.observations[obs].result
	result.audited >= 1
	result.audited < "" # a number
	[result.service, result.database] in fresh
	is_array(result.vulnerabilities)
	count(result.vulnerabilities) == result.vulnerability_count
	every vulnerability in result.vulnerabilities { tolerable(vulnerability) }
}

suspect contains [id, obs] if {
	some id in applies
	some obs in input.observed[id].dependency_audit
	not [id, obs] in sound # probatum:survives drop: this spares the work on what is sound, which is denied nothing
}

pressing contains {"subject": id, "obs": obs, "vulnerability": vulnerability, "name": name} if {
	some [id, obs] in suspect
	some vulnerability in shape.items(input.observations[obs].result.vulnerabilities)
	not tolerable(vulnerability)
	name := sprintf("%s %s: %s", [
		shape.shown(vulnerability, "package"),
		shape.shown(vulnerability, "version"),
		shape.shown(vulnerability, "id"),
	])
}

score(vulnerability) := sprintf("CVSS %v", [vulnerability.severity]) if is_number(vulnerability.severity)

else := "severity unknown"

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in pressing
	not minor(entry.vulnerability)
	message := sprintf("%s (%s)%s", [entry.name, score(entry.vulnerability), fix(entry.vulnerability)])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in pressing
	minor(entry.vulnerability)
	message := sprintf("%s (%s) was not fixed within the grace period of %v days%s", [
		entry.name,
		score(entry.vulnerability),
		settings.fix_grace_days,
		fix(entry.vulnerability),
	])
}

fix(vulnerability) := sprintf("; fixed in %s", [shape.listed(vulnerability, "fix_versions")]) if {
	shape.filled(vulnerability.fix_versions)
}

else := ""

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
