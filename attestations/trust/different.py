"""How many different signers there are, as far as can be told; where it cannot, two count as one.

Two signatures are one person's if they share a public key, an identity (issuer and subject), or a name of the trust
policy that stands for exactly one (a key, the holder of certificates), directly or by way
of a third: a key and a certificate over it; an identity that signs twice, with a new key each time, under two patterns
that both match; one holder of two certificates. And each name counts for one person: a pattern that two people match is
one signer. So nobody reaches a threshold alone, by whatever number of names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .policy import TrustPolicy
from .signing_time import SignatureFacts

_UNTOLD = "somebody whom nobody named"


def different_signers(policy: TrustPolicy, signed: Mapping[str, Sequence[SignatureFacts]]) -> int:
    """Count the signers of a document, each once.

    Args:
        policy: the trust policy.
        signed: what is known of each signature, by the signer's name.
    """
    people: list[tuple[set[object], set[str]]] = []
    for name, signatures in signed.items():
        for known in signatures:
            marks, names = set(_marks(policy, name, known)), {name}
            others = []
            for person in people:
                if person[0] & marks:
                    marks, names = marks | person[0], names | person[1]
                else:
                    others.append(person)
            people = [*others, (marks, names)]
    return _each_by_a_name([names for _, names in people])


def _marks(policy: TrustPolicy, name: str, known: SignatureFacts) -> Iterator[object]:
    """What tells who signed."""
    kind, _, short = name.partition(":")
    key = policy.keys.get(short) if kind == "key" else known.key
    issuer, subject = known.identity.get("issuer"), known.identity.get("subject")
    if key is not None:
        yield key
    if issuer and subject:
        yield issuer, subject
    if kind != "identity":
        yield name
    if kind in ("certificate", "identity") and key is None and not subject:
        yield _UNTOLD


def _each_by_a_name(people: Sequence[set[str]]) -> int:
    """For how many people there is a name each: the size of a largest matching (Kuhn, 1955)."""
    held: dict[str, int] = {}

    def place(person: int, tried: set[str]) -> bool:
        for name in sorted(people[person] - tried):
            tried.add(name)
            if name not in held or place(held[name], tried):
                held[name] = person
                return True
        return False

    return sum(place(person, set()) for person in range(len(people)))
