"""Which verdicts are about a software package, and do they hold if it turns out bad?

What judged it is an audit that knew an advisory about it. Every other ground on which it was let pass counts for
nothing: an audit that knew none, or, where nobody audited it, the evidence that names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ...evaluator.graph import Observation
from .kept_package import Kept
from .named_software import AUDITED, LISTED, Named, advisories_in, left_open, named_software
from .question import Question, Reliance, cited
from .software import Software, same_name, same_version


def about_package(asked: Software) -> Question:
    """Which verdicts are about a software package?

    Args:
        asked: what is asked about, of one version or of any.
    """

    def ask(kept: Kept) -> Reliance:
        found = [item for item in named_software(kept.graph) if same_name(asked, item.software)]
        found = [item for item in found if not item.loose] or found
        sure = [item for item in found if same_version(asked, item.software)]
        unsure = [item for item in found if same_version(asked, item.software) is None]
        told = [f"{item.software} {item.where} is of a version that is not told" for item in unsure]
        unclear = list(dict.fromkeys((*told, *left_open(kept.graph, asked.ecosystem))))
        if not sure:
            return Reliance(unclear="; ".join(unclear))
        lists = [item for item in sure if item.type == LISTED]
        back = frozenset(_taken_back(kept, asked, sure, lists))
        facts = {
            "versions": sorted({" ".join(item.software.versions) or "any version" for item in sure}),
            "advisories": sorted(_advisories(kept.graph.observations.values(), asked)),
            "dependency_sets": sorted({item.subject for item in lists}),
            "not_told": unclear,
        }
        how = dict.fromkeys(f"{item.software} {item.where}" for item in sure)
        return Reliance((*how, *cited(kept, back)), back, found=facts)

    return ask


def _taken_back(kept: Kept, asked: Software, sure: Sequence[Named], lists: Sequence[Named]) -> Iterator[str]:
    """The evidence that let it pass and did not judge it."""
    for item in lists:
        audits = {
            key: audit
            for key, audit in kept.graph.observations.items()
            if (audit.type, audit.subject) == (AUDITED, item.subject)
        }
        yield from (key for key, audit in audits.items() if not _advisories([audit], asked))
        if not audits:
            yield item.observation
    for item in sure:
        elsewhere = any(same_version(item.software, other.software) for other in lists)
        if not item.observation:
            yield from (key for key, about in kept.graph.observations.items() if about.subject == item.subject)
        elif item.type not in (LISTED, AUDITED) and not elsewhere:
            yield item.observation


def _advisories(audits: Iterable[Observation], asked: Software) -> set[str]:
    """The advisories about it that audits knew."""
    return {
        advisory
        for audit in audits
        if audit.type == AUDITED
        for software, advisory in advisories_in(audit.result)
        if same_name(asked, software) and same_version(asked, software) is not False
    }
