"""Input documents as the embedded engine holds them, and queries under them."""

from __future__ import annotations

from collections.abc import Sequence

from .base import Batch
from .regorus_modules import Native, Parsed, calmly

_REPLACED, _DATA, _OBSERVED = "usable", "probatum_usable", "input.observed"


class Inputs:
    """Hands inputs over, which costs as much as evaluating them: what batches share only once.

    The documents of a run differ in ``usable`` alone. One engine takes what they share, and ``usable`` of each as data
    that ``with`` puts in its place; where everything that was observed is usable, ``observed`` itself does. A batch
    that differs in more, or needs its rules queried one by one, gets an engine with its own document.

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
            self._shared.set_input({key: value for key, value in first.items() if key != _REPLACED})
            usable = {str(number): self._batches[number].document[_REPLACED] for number in self._alike}
            handed = {key: value for key, value in usable.items() if self._instead[int(key)] != _OBSERVED}
            self._shared.add_data({_DATA: handed})
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
            engine, text = self._shared, f"{text} with input.{_REPLACED} as {self._instead[number]}"
        else:
            engine = self.engine(number)
        return calmly(engine.eval_query_as_json, text)

    def _is_alike(self, number: int) -> bool:
        one, other = self._batches[0].document, self._batches[number].document
        if one.keys() != other.keys() or _REPLACED not in one:
            return False
        return all(one[key] is other[key] for key in one if key != _REPLACED)

    def _stand_in(self, number: int) -> str:
        document = self._batches[number].document
        return _OBSERVED if document[_REPLACED] is document.get("observed") else f'data.{_DATA}["{number}"]'
