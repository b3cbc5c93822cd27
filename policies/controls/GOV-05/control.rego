# METADATA
# title: The earlier gates were passed
# description: |
#   Each gate that a model or dataset comes through leaves a signed verdict. Those of the gates before this one are
#   there, say PASSED, are recent, are of this pipeline, and are about exactly the content that is to pass now. A gate
#   that failed for this content, after it last passed, fails it here too, whichever checklist was asked; so does a
#   failed run of every control. Whether a verdict is signed by somebody who may sign verdicts is decided before: others
#   are in the coverage of the evidence, which is then partial. Which gate a signer may speak for is asked here: without
#   'stage_signers', whoever has the role 'verdict' may speak for each of them.
# custom:
#   id: GOV-05
#   priority: critical
#   stages: [deployment, monitoring]
#   subjects: [model, dataset]
#   evidence: [verdict]
#   remediation: |
#     Run the earlier gate on this content ('probatum gate --stage training --out verdicts/training') and hand its
#     verdict package on: name it in the setting 'paths' of the collector 'verdicts', and give its signer the role
#     'verdict' in the trust policy. Content that was changed after its gate has to pass the gate again.
#   parameters:
#     kinds:
#       type: array
#       minItems: 1
#       items: {enum: [model, dataset]}
#       default: [model, dataset]
#       description: Kinds of subject that must have come through the earlier gates.
#     deployment_requires:
#       type: array
#       minItems: 1
#       items: {enum: [pre-commit, training]}
#       default: [training]
#       description: Gates that come before deployment; also asked for where no stage is named.
#     monitoring_requires:
#       type: array
#       minItems: 1
#       items: {enum: [pre-commit, training, deployment]}
#       default: [training, deployment]
#       description: Gates that come before monitoring.
#     max_verdict_age_days:
#       type: number
#       exclusiveMinimum: 0
#       unit: days
#       default: 90
#       description: How old a verdict of an earlier gate may be.
#     allowed_checklists:
#       type: array
#       items: {type: string, minLength: 1}
#       default: []
#       description: Ids of the checklists whose verdicts count; empty means every one that an allowed signer used.
#     stage_signers:
#       type: object
#       additionalProperties: false
#       properties:
#         pre-commit: {type: array, minItems: 1, items: {type: string, pattern: '^(key|identity|certificate):.'}}
#         training: {type: array, minItems: 1, items: {type: string, pattern: '^(key|identity|certificate):.'}}
#         deployment: {type: array, minItems: 1, items: {type: string, pattern: '^(key|identity|certificate):.'}}
#       default: {}
#       description: Gate to the signers, named as in the trust policy (key:training-gate), one of whom must have signed
#         its verdict; a gate that is not named takes each with the role verdict, so that one gate's key passes another.
# schemas:
#   - input: schema.input
package probatum.controls.gov_05

import rego.v1

import data.probatum.lib.moment
import data.probatum.lib.shape

settings := input.parameters["GOV-05"]

applies contains id if {
	some kind in settings.kinds
	some id in input.ids[kind]
}

required contains stage if {
	input.stage == "monitoring"
	some stage in settings.monitoring_requires
}

required contains stage if {
	input.stage != "monitoring"
	some stage in settings.deployment_requires
}

known_stages := {"pre-commit", "training", "deployment", "monitoring", null}

# A verdict without a stage is of every control: as good news it is of no gate, as bad news of each.
asked := required | {null}

readable(verdict) if {
	verdict.result in {"PASSED", "FAILED"}
	is_boolean(verdict.same_content)
	verdict.stage in known_stages
	shape.stated(verdict.pipeline)
	shape.stated(verdict.checklist)
	shape.filled(verdict.signers)
	shape.texts(verdict.signers)
	moment.ns(verdict.time) <= input.now_ns
}

counts(verdict) if {
	verdict.result == "PASSED"
	verdict.same_content == true
	verdict.pipeline == input.pipeline.name
	accepted(verdict.checklist)
	every stage in stages_of(verdict) { may_speak(verdict.signers, stage) }
}

accepted(_) if settings.allowed_checklists == []

accepted(checklist) if checklist in settings.allowed_checklists

# A run of every control speaks for each gate that is asked for.
stages_of(verdict) := {verdict.stage} if is_string(verdict.stage)

else := required

may_speak(signers, stage) if {
	some signer in signers
	signer in settings.stage_signers[stage]
}

may_speak(_, stage) if object.get(settings.stage_signers, stage, []) == []

passed_after(verdicts, failed) if {
	some verdict in verdicts
	verdict in counting
	verdict.stage == failed.stage
	moment.ns(verdict.time) > moment.ns(failed.time)
}

told contains {"subject": id, "obs": obs, "verdicts": verdicts} if {
	some id in applies
	some obs in input.observed[id].verdict
	verdicts := input.observations[obs].result.verdicts
	is_array(verdicts)
}

# Each verdict is judged once, however many subjects it is about: a call takes the embedded engine longer than a lookup.
distinct contains verdict if {
	some entry in told
	some verdict in entry.verdicts
}

legible contains verdict if {
	some verdict in distinct
	readable(verdict)
}

counting contains verdict if {
	some verdict in legible
	counts(verdict)
}

recent contains verdict if {
	some verdict in counting
	input.now_ns - moment.ns(verdict.time) <= settings.max_verdict_age_days * moment.day
}

bad_news contains verdict if {
	some verdict in distinct
	verdict.result == "FAILED"
	verdict.same_content == true
	verdict.stage in asked
}

failures contains {"subject": entry.subject, "obs": entry.obs, "verdict": verdict} if {
	some entry in told
	verdicts := entry.verdicts
	some verdict in verdicts
	verdict in bad_news
	not passed_after(verdicts, verdict)
}

failing contains entry.obs if some entry in failures

sound contains [id, obs] if {
	required != set()
	some id in applies
	some obs in input.usable[id].verdict
	result := input.observations[obs].result
	shape.counted(result.verdicts, result.verdict_count)
	every verdict in result.verdicts { verdict in legible }
	required - {verdict.stage | some verdict in result.verdicts; verdict in recent} == set()
	not failing[obs]
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in told
	some verdict in entry.verdicts
	not verdict in legible
	message := sprintf("the verdict %s cannot be read", [shape.shown(verdict, "source")])
}

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in failures
	message := sprintf("%s failed for this content on %s", [
		gate(entry.verdict),
		shape.shown(entry.verdict, "time"),
	])
}

gate(verdict) := sprintf("the gate %s", [verdict.stage]) if is_string(verdict.stage)

else := "a run of every control"

deny contains {"subject": entry.subject, "message": message, "evidence": [entry.obs]} if {
	some entry in told
	not [entry.subject, entry.obs] in sound # probatum:survives drop: this spares the work on what is denied nothing
	some stage in (required - {verdict.stage | some verdict in entry.verdicts; verdict in recent})
	message := sprintf("no signed verdict of the last %v days%s says that this content passed the gate %s", [
		settings.max_verdict_age_days,
		by(stage),
		stage,
	])
}

by(stage) := sprintf(" by %s", [shape.joined(settings.stage_signers[stage])]) if settings.stage_signers[stage]

else := ""

proof contains {"subject": id, "evidence": [obs]} if some [id, obs] in sound
