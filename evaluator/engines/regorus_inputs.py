"""Input documents as the embedded engine holds them, and queries under them."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Batch
from .regorus_modules import Native, Parsed, calmly

_REPLACED, _OBSERVED = "usable", "input.shared.observed"


class Inputs:
    """Hands inputs over, which costs as much as evaluating them: what batches share only once.

    The documents of a run differ in ``usable`` alone. One engine takes what they share and, beside it, ``usable`` of
    each, and ``with`` makes a document of both; where everything that was observed is usable, ``observed`` itself does.
    (Data would do for that too, but with new data the engine goes over all modules again, which takes longer than
    evaluating a small graph.) A batch that differs in more, or needs its rules queried one by one, gets an engine with
    its own document.

    Args:
        parsed: the modules.
        batches: the documents.
    """

    def __init__(self, parsed: Parsed, batches: Sequence[Batch]) -> None:
        self.parsed, self._batches = parsed, batches
        self._own: dict[int, Native] = {}
        self._alike = [number for number in range(len(batches)) if self._is_alike(number)]
        self._instead = {number: self._stand_in(number) for number in self._alike}

    def hand_over(self) -> None:
        """Give the engine every document, once all modules are read."""
        if self._alike:
            first = self._batches[0].document
            self._shared = self.parsed.engine.clone()
            usable = {
                str(number): self._batches[number].document[_REPLACED]
                for number in self._alike
                if self._instead[number] != _OBSERVED
            }
            shared = {key: value for key, value in first.items() if key != _REPLACED}
            self._shared.set_input({"shared": shared, _REPLACED: usable})
        for number in range(len(self._batches)):
            if number not in self._instead:
                self.engine(number)

    def engine(self, number: int) -> Native:
        """An engine whose input is that of one batch."""
        if number not in self._own:
            self._own[number] = self.parsed.engine.clone()
            self._own[number].set_input(self._batches[number].document)
        return self._own[number]

    def query(self, number: int, text: str) -> str:
        """The value of an expression under the input of one batch, as the JSON of OPA's query results.

        Raises:
            RuntimeError: the engine has something against the expression or what it uses.
        """
        if number in self._instead and number not in self._own:
            document = f'object.union(input.shared, {{"{_REPLACED}": {self._instead[number]}}})'
            engine, text = self._shared, f"{text} with input as {document}"
        else:
            engine = self.engine(number)
        found: str = calmly(engine.eval_query_as_json, text)
        return found

    def _is_alike(self, number: int) -> bool:
        one, other = self._batches[0].document, self._batches[number].document
        if one.keys() != other.keys() or _REPLACED not in one:
            return False
        return all(one[key] is other[key] for key in one if key != _REPLACED)

    def _stand_in(self, number: int) -> str:
        document = self._batches[number].document
        return _OBSERVED if document[_REPLACED] is document.get("observed") else f'input.{_REPLACED}["{number}"]'
