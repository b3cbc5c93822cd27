"""Signed documents in the pipeline: who signed what, by the trust policy.

Each verified document gives ``attested`` evidence, subjects and relations; each unverified one is recorded as such
with the reason, and nothing inside it is read, because nobody vouches for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import slsa_provenance
from ..evaluator.graph import Coverage, Observation, Skipped, Subject, Tier
from .base import Availability, Context, Item
from .signed import provenance
from .signed.documents import NO_TRUST, Document, Unread, paths_of, read_documents, why_none
from .signed.links import is_layout, is_link, links_result, products_of
from .signed.matching import speaks_of, spoken_of, subjects_with
from .signed.model_signature import signature_result, signs


class Attestations:
    """Collects provenance and signatures of models, in-toto links and layouts, and the list of all signed documents."""

    name = "attestations"
    version = "1"
    types: tuple[str, ...] = ("provenance", "model_signature", "in_toto_link", "attestation")
    kinds: tuple[str, ...] = ("model", "pipeline")
    network = False

    def available(self, context: Context) -> Availability:
        """Always ready; without a trust policy it verifies nothing, and says so."""
        if context.verifier is None:
            return Availability(True, "no trust policy: nothing can be verified", "name one with `trust:` or --trust")
        return Availability(True)

    def collect(self, context: Context) -> Iterator[Item]:
        """Find, verify and read every signed document.

        Raises:
            UsageError: the settings are wrong.
        """
        found = list(read_documents(context, paths_of(context)))
        documents = [item for item in found if isinstance(item, Document)]
        unread = [Skipped(item.path, item.reason) for item in found if isinstance(item, Unread)]
        for model in context.of_kind("model"):
            yield from self._provenance(context, model, documents, unread)
            yield self._signature(context, model, documents, unread)
        yield self._links(context, documents, unread)
        yield self._list(context, documents, unread)

    def _provenance(
        self, context: Context, model: Subject, documents: Sequence[Document], unread: list[Skipped]
    ) -> Iterator[Item]:
        """One observation for each verified provenance of a model, or one that says that there is none."""
        mine = [item for item in documents if _is_provenance(item) and speaks_of(context, item.statement, model)]
        for document in mine:
            read = slsa_provenance.read(document.statement)
            skipped = [*unread, *([Skipped(document.source, "malformed materials")] * bool(read.malformed))]
            result = provenance.provenance_result(context, document, read)
            yield self._observe(context, model.id, "provenance", result, [document], skipped)
            yield from provenance.provenance_items(context, model.id, document, read)
        if not mine:
            refused = [item for item in documents if not item.verified and _may_be_provenance(item)]
            result = {
                "predicate_type": None,
                "builder": None,
                "build_type": None,
                "materials": [],
                "signers": [],
                "verified": False,
                "reason": why_none(refused, unread),
                "source": refused[0].source if refused else "",
            }
            yield self._observe(context, model.id, "provenance", result, refused, unread)

    def _signature(
        self, context: Context, model: Subject, documents: Sequence[Document], unread: list[Skipped]
    ) -> Observation:
        result, used = signature_result(context, model, documents, unread)
        return self._observe(context, model.id, "model_signature", result, used, unread)

    def _links(self, context: Context, documents: Sequence[Document], unread: list[Skipped]) -> Observation:
        mine = [item for item in documents if is_link(item) or is_layout(item)]
        return self._observe(context, context.pipeline_id, "in_toto_link", links_result(context, mine), mine, unread)

    def _list(self, context: Context, documents: Sequence[Document], unread: list[Skipped]) -> Observation:
        result = {"documents": [_entry(context, item) for item in documents]}
        return self._observe(context, context.pipeline_id, "attestation", result, documents, unread)

    def _observe(
        self,
        context: Context,
        subject: str,
        type: str,
        result: Mapping[str, object],
        documents: Sequence[Document],
        unread: list[Skipped],
    ) -> Observation:
        """An observation; ``attested`` only when every document that it rests on is verified, and there is one."""
        attested = bool(documents) and all(item.verified for item in documents)
        files = {} if subject == context.pipeline_id else {item.path: item.sha256 for item in documents}
        return context.observe(
            self,
            subject,
            type,
            result,
            coverage=Coverage(len(documents) + len(unread), len(documents), tuple(unread)),
            tier=Tier.ATTESTED if attested else Tier.REPORTED,
            inputs=files,
        )


def _entry(context: Context, document: Document) -> dict[str, object]:
    verification = document.verification
    return {
        "source": document.source,
        "sha256": document.sha256,
        "kind": verification.kind,
        "predicate_type": verification.about or None,
        "verified": document.verified,
        "reason": verification.reason,
        "roles": list(verification.roles),
        "signers": list(verification.signers) if document.verified else [],
        "subjects": sorted(_subjects(context, document)) if document.verified else [],
    }


def _subjects(context: Context, document: Document) -> set[str]:
    """Ids of the subjects that a verified document is about, whatever its form."""
    found = set(spoken_of(context, document.statement))
    found |= {key for digest in products_of(document) for key in subjects_with(context, digest)}
    return found | {model.id for model in context.of_kind("model") if signs(context, model, document)}


def _is_provenance(document: Document) -> bool:
    """Verified, of a kind that is read, and by somebody whom the trust policy allows provenance, not another role."""
    return document.verification.about in slsa_provenance.TYPES and "provenance" in document.verification.roles


def _may_be_provenance(document: Document) -> bool:
    kind = document.verification.kind in ("dsse", "sigstore", "unknown") or document.verification is NO_TRUST
    return kind and not document.path.endswith(".sig")
