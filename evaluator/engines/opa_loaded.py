"""The modules of a run as an OPA server holds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from .base import RULES
from .modules import package_of
from .moving import UnmovableError
from .namespaces import Namespace
from .opa_uploads import Uploads

_GATHERING, _QUESTION = "gathering.rego", "question.rego"


@dataclass(frozen=True)
class Loaded:
    """Modules that are on a server.

    Args:
        modules: path to text, as their author wrote them.
        space: where they are.
        packages: which can be asked.
        texts: path to text, as the server has it.
        problems: package to what is wrong with a module of it.
    """

    modules: Mapping[str, str]
    space: Namespace
    packages: frozenset[str]
    texts: Mapping[str, str]
    problems: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, modules: Mapping[str, str], packages: Collection[str]) -> Loaded:
        """Modules moved into a namespace of their own, but for those that cannot be moved."""
        space, texts, problems = Namespace.of(modules), {}, {}
        for path, text in modules.items():
            try:
                texts[path] = space.rewritten(text)
            except UnmovableError as error:
                problems[package_of(text) or path] = f"{path}: {error}"
        texts[_GATHERING] = space.gathering(sorted(packages), RULES)
        texts[_QUESTION] = space.question()
        return cls(dict(modules), space, frozenset(packages), texts, problems)

    def put(self, uploads: Uploads) -> Loaded:
        """Upload one by one; what comes back lacks what the server refused, and says so.

        One package can make the module that gathers all of them unsound, as when its rule is a function; then each
        package has a module of its own for that.
        """
        texts = dict(self.texts)
        refused = uploads.put(texts)
        owners = {path: package_of(text) or path for path, text in self.modules.items()}
        if _GATHERING in refused:
            apart = {_gathering_of(name): self.space.gathering([name], RULES) for name in sorted(self.packages)}
            refused.pop(_QUESTION, None)
            refused.update(uploads.put({**apart, _QUESTION: texts[_QUESTION]}))
            texts.update(apart)
            owners.update({_gathering_of(name): name for name in self.packages})
        found = {owners[path]: f"{path}: {why}" for path, why in refused.items() if path in owners}
        kept = {path: text for path, text in texts.items() if path not in refused}
        return Loaded(self.modules, self.space, self.packages, kept, {**found, **self.problems})

    def serves(self, modules: Mapping[str, str], packages: Collection[str]) -> bool:
        """Whether nothing has to be loaded for a question."""
        return self.packages.issuperset(packages) and self.modules == modules


def _gathering_of(package: str) -> str:
    return f"gathering/{package}.rego"
