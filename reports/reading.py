"""An assessment document read for showing: what failed and why, in one shape for every format.

The document is the predicate of the assessment statement (DESIGN section 6). It is read leniently, because a report
must show whatever an assessment says, also one of a later version; nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .plain import plain

OUTCOMES = ("fail", "inconclusive", "waived", "pass", "not_applicable")
"""Every outcome, worst first: the order in which results are shown."""

Document = Mapping[str, Any]


@dataclass(frozen=True)
class Cause:
    """One reason for an outcome.

    Args:
        code: ``finding``, or the code of a reason for an inconclusive outcome, such as ``missing``.
        message: what is wrong, as the assessment says it; untrusted text.
        remedy: what to do about it; may be empty.
        evidence: ids of the observations that show it.
    """

    code: str
    message: str
    remedy: str
    evidence: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """The outcome of one control for one subject.

    Args:
        control: the control's part of the document.
        subject: id of the subject.
        outcome: one of ``OUTCOMES``.
        causes: why it is not a plain pass; empty for one.
        waiver: the waiver that was applied, or None.
    """

    control: Document
    subject: str
    outcome: str
    causes: tuple[Cause, ...]
    waiver: Document | None


def items(document: Document, key: str) -> list[Document]:
    """The objects of a list field; empty when the field is missing or null."""
    value = document.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []


def controls(document: Document) -> list[Document]:
    """The controls in the order of their ids."""
    return sorted(items(document, "controls"), key=lambda control: plain(control.get("id")))


def worst_first(document: Document) -> list[Document]:
    """The controls by outcome, the worst first, then by id."""
    return sorted(controls(document), key=lambda control: rank(str(control.get("outcome"))))


def entries(control: Document) -> list[Entry]:
    """What a control says of each of its subjects, worst outcome first, then by subject.

    A control that could not be evaluated at all and so names no subject gives one entry for the whole pipeline.
    """
    found = [_entry(control, subject) for subject in items(control, "subjects")]
    if not found and control.get("outcome") != "not_applicable":
        cause = Cause("error", str(control.get("error") or "no subject was judged"), _remedy(control, {}), ())
        found = [Entry(control, "pipeline", str(control.get("outcome") or "inconclusive"), (cause,), None)]
    return sorted(found, key=lambda entry: (rank(entry.outcome), entry.subject))


def all_entries(document: Document) -> Iterator[Entry]:
    """The entries of every control, in the controls' order."""
    for control in controls(document):
        yield from entries(control)


def rank(outcome: str) -> int:
    """Position among ``OUTCOMES``; a word that is none of them counts as the worst."""
    return OUTCOMES.index(outcome) if outcome in OUTCOMES else 0


def label(outcome: object) -> str:
    """An outcome in words, such as ``not applicable``."""
    return plain(outcome).replace("_", " ")


def row_outcome(row: Document) -> str:
    """A checklist row's outcome; ``not_covered`` for a row without any control, so that nobody takes it for met."""
    return str(row.get("outcome")) if row.get("controls") else "not_covered"


def counted(document: Document) -> str:
    """The counts of controls by outcome on one line, such as ``1 fail, 14 pass``."""
    counts = document.get("counts") or {}
    return ", ".join(f"{counts[name]} {label(name)}" for name in OUTCOMES if counts.get(name)) or "no control"


def conclusion(document: Document) -> str:
    """The result in one sentence, with what decided it."""
    result = str(document.get("result"))
    counts = document.get("counts") or {}
    failed, unknown = counts.get("fail", 0), counts.get("inconclusive", 0)
    engine = [reason.get("message") for reason in document.get("reasons") or [] if reason.get("code") == "engine_error"]
    because = {
        "fail": f"{_several(failed, 'control')} failed",
        "inconclusive": f"{_several(unknown, 'control')} could not be judged"
        if unknown
        else "the run as a whole cannot be relied on",
        "pass": f"{_several(counts.get('pass', 0), 'control')} passed",
    }.get(result, "")
    if engine and result == "inconclusive":
        because = f"{because}: {plain(engine[0])}"
    return f"{result.upper()}: {because}" if because else plain(result).upper()


def title(document: Document) -> str:
    """What was assessed, by which checklist, for which stage and when, on one line."""
    pipeline, checklist = document.get("pipeline") or {}, document.get("checklist") or {}
    parts = [
        plain(pipeline.get("name") or "pipeline"),
        f"checklist {plain(checklist.get('id'))} {plain(checklist.get('version'))}".rstrip(),
        f"stage {plain(document.get('stage'))}" if document.get("stage") else "every stage",
        plain(document.get("evaluated_at")),
    ]
    return " · ".join(part for part in parts if part)


def said_by(origin: Document) -> str:
    """Which machine said how much, and who vouches for it, on one line.

    Args:
        origin: an entry of the assessment's ``origins``.
    """
    machine = f" (machine {plain(origin.get('machine'))})" if origin.get("machine") else ""
    signers, roles = _names(origin.get("signers")), _names(origin.get("roles"))
    if origin.get("verified") is True and signers:
        at = f" at {plain(origin.get('signed_at'))}" if origin.get("signed_at") else ""
        who = f"signed by {signers} as {roles or 'evidence'}{at}"
    else:
        who = "signed by nobody who may"
    tiers, standings = _tally(origin.get("tiers")), _tally(origin.get("standings"))
    return f"{plain(origin.get('document'))}{machine}: {who}; observations: {tiers}; standing: {standings}"


def _names(values: object) -> str:
    return ", ".join(sorted(plain(value) for value in values)) if isinstance(values, (list, tuple)) else ""


def _tally(counts: object) -> str:
    found = sorted(counts.items()) if isinstance(counts, Mapping) else []
    return ", ".join(f"{plain(number)} {label(name)}" for name, number in found) or "none"


def waived_by(waiver: Document) -> str:
    """Who excepted what until when, on one line."""
    return (
        f"waiver {plain(waiver.get('id'))}: {plain(waiver.get('reason'))} (owner {plain(waiver.get('owner'))}, "
        f"approved by {plain(waiver.get('approver'))}, {plain(waiver.get('ticket'))}, "
        f"until {plain(waiver.get('expires'))}{_signed(waiver)})"
    )


def _signed(waiver: Document) -> str:
    if waiver.get("refused"):
        return f", REFUSED: {plain(waiver.get('refused'))}"
    signers = _names(waiver.get("signers"))
    return f", signed by {signers}" if signers else ""


def _entry(control: Document, subject: Document) -> Entry:
    causes = [
        Cause("finding", str(item.get("message") or ""), _remedy(control, item), _evidence(item))
        for item in items(subject, "findings")
    ]
    causes += [
        Cause(str(item.get("code") or "reason"), _reason(item), _remedy(control, item), _evidence(item))
        for item in items(subject, "reasons")
    ]
    outcome, waiver = str(subject.get("outcome") or "inconclusive"), subject.get("waiver")
    if not causes and outcome in {"fail", "inconclusive"}:
        message = control.get("error") or "the assessment gives no reason"
        causes = [Cause("error", str(message), _remedy(control, {}), ())]
    return Entry(
        control,
        str(subject.get("subject") or "?"),
        outcome,
        tuple(sorted(causes, key=lambda cause: (cause.code != "finding", cause.code, cause.message, cause.evidence))),
        waiver if isinstance(waiver, Mapping) else None,
    )


def _reason(item: Document) -> str:
    kind, message = str(item.get("type") or ""), str(item.get("message") or "")
    if kind and kind not in message:
        message = f"{kind}: {message}" if message else kind
    return message or str(item.get("code") or "no reason is given")


def _remedy(control: Document, item: Document) -> str:
    return str(item.get("remediation") or control.get("remediation") or "")


def _evidence(item: Document) -> tuple[str, ...]:
    value = item.get("evidence")
    return tuple(sorted(str(one) for one in value)) if isinstance(value, (list, tuple)) else ()


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
