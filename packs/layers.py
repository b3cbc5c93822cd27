"""Packs laid on each other: every name has one owner, and what takes another's place says so.

A later pack adds controls, checklists, modules and parameters. It changes nothing of an earlier one in silence:

- the same path with the same bytes is the same thing, and is there once;
- the same path, control, checklist or package with other content is refused;
- a control with ``custom.replaces: ID@sha256:<digest of the file that it replaces>`` takes the place of that control,
  and of nothing else: when the earlier control changes, the digest no longer fits, and somebody has to look again. It
  must still concern every kind of subject and every stage that the earlier one did, at no lower priority;
- no package of one pack lies inside a package of another, because a rule of the outer one could define the inner one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from .. import strict_yaml
from ..errors import PolicyError, UsageError
from ..evaluator.metadata import Control
from ..evaluator.packages import encloses
from ..evaluator.policies import PolicySet, is_control

_PRIORITIES = ("critical", "high", "medium", "low")
_BESIDE = "a copy of the built-in policies is used alone, with --no-built-in"


@dataclass(frozen=True)
class Stacked:
    """Packs laid on each other.

    Args:
        policies: everything that decides, as one set.
        replaces: name of a pack to the ``ID@sha256:…`` of the controls that it replaced.
    """

    policies: PolicySet
    replaces: Mapping[str, tuple[str, ...]]


def stack(packs: Sequence[tuple[str, PolicySet]]) -> Stacked:
    """Lay packs on each other.

    Args:
        packs: name and policies of each, the lowest first.

    Raises:
        PolicyError: a pack is malformed, two packs define one thing, or a replacement does not fit what it replaces.
    """
    pile = _Pile()
    replaces = {name: pile.add(name, policies) for name, policies in packs}
    policies = packs[0][1] if len(packs) == 1 else PolicySet(dict(sorted(pile.sources.items())))
    _ = policies.packages, policies.controls, policies.parameters  # checked as a whole, too
    return Stacked(policies, replaces)


@dataclass
class _Pile:
    """The packs so far.

    Args:
        sources: path to content.
        owners: path to the pack that it came from.
        packages: path of each module to its package.
        controls: by id.
    """

    sources: dict[str, bytes] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    controls: dict[str, Control] = field(default_factory=dict)

    def add(self, name: str, policies: PolicySet) -> tuple[str, ...]:
        """Lay one more pack on top; the controls that it replaces."""
        _check_checklists(name, policies)
        own = policies.controls if any(map(is_control, policies.sources)) else {}
        replaced = tuple(control.replaces for control in own.values() if self._replace(name, control))
        fresh = [path for path in policies.sources if self._is_new(name, path, policies.sources[path])]
        for path in fresh:
            if path in policies.packages:
                self._check_package(name, path, policies.packages[path])
        for path in fresh:
            self.sources[path], self.owners[path] = policies.sources[path], name
            if path in policies.packages:
                self.packages[path] = policies.packages[path]
        self.controls |= own
        return replaced

    def _replace(self, name: str, control: Control) -> bool:
        """Make room for a control that replaces an earlier one; False when it replaces nothing."""
        earlier = self.controls.get(control.id)
        if not control.replaces:
            return False
        if earlier is not None and earlier.sha256 == control.sha256:
            return False  # the same file again, from another pack
        wanted, _, digest = control.replaces.partition("@sha256:")
        if wanted != control.id:
            raise _refused(name, f"{control.id} says that it replaces {wanted}", "a control replaces its own id only")
        if earlier is None:
            why = f"{control.id} replaces a control that no earlier pack has"
            raise _refused(name, why, "take out 'replaces', or add that pack")
        if earlier.sha256 != digest:
            raise _refused(
                name,
                f"{control.id} replaces sha256:{digest}, and {self.owners[earlier.path]} has sha256:{earlier.sha256}",
                "the control has changed since: compare the two, then state the new digest",
            )
        _check_keeps(name, earlier, control)
        self._drop(f"controls/{control.id}/")
        return True

    def _drop(self, folder: str) -> None:
        for path in [path for path in self.sources if path.startswith(folder)]:
            del self.sources[path], self.owners[path]
            self.packages.pop(path, None)

    def _is_new(self, name: str, path: str, data: bytes) -> bool:
        if path not in self.sources:
            return True
        if self.sources[path] == data:
            return False
        owner = self.owners[path]
        if is_control(path):
            identity = path.split("/")[1]
            pinned = f"{identity}@sha256:{self.controls[identity].sha256}"
            why = f"it defines {identity}, and so does {owner}"
            raise _refused(name, why, f"give it another id, or state 'replaces: {pinned}'; {_BESIDE}")
        raise _refused(name, f"it has another {path} than {owner}", f"rename the file; {_BESIDE}")

    def _check_package(self, name: str, path: str, package: str) -> None:
        for other, known in self.packages.items():
            if self.owners[other] != name and (encloses(known, package) or encloses(package, known)):
                raise _refused(
                    name,
                    f"the package {package} of {path} meets {known} of {self.owners[other]} ({other})",
                    f"choose a package outside it, such as {name_of_package(name)}.{package.rpartition('.')[2]}",
                )


def name_of_package(name: str) -> str:
    """A package that a pack of this name could use."""
    return "".join(letter if letter.isalnum() else "_" for letter in name.lower())


def _check_keeps(name: str, earlier: Control, control: Control) -> None:
    """A replacement may be stricter; it may not leave out kinds of subject or stages, or weigh less."""
    lost: Iterable[str] = sorted({*earlier.kinds} - {*control.kinds}) + sorted({*earlier.stages} - {*control.stages})
    if lost:
        raise _refused(
            name, f"its {control.id} leaves out {', '.join(lost)} of the one that it replaces", "keep what it covered"
        )
    if _PRIORITIES.index(control.priority) > _PRIORITIES.index(earlier.priority):
        raise _refused(
            name,
            f"its {control.id} has the priority {control.priority}, and replaces one of {earlier.priority}",
            "keep the priority, or raise it",
        )


def _check_checklists(name: str, policies: PolicySet) -> None:
    """A checklist's id, which verdicts are named after, is its file's name; so ids are unique because paths are."""
    for stem, data in policies.checklists.items():
        try:
            value = strict_yaml.load(data, source=f"checklists/{stem}.yaml").value
        except UsageError as error:
            raise PolicyError(f"{name}: {error.what}", why=error.why, remedy=error.remedy) from error
        found = value.get("id") if isinstance(value, dict) else None
        if found != stem:
            raise _refused(name, f"checklists/{stem}.yaml states the id {found!r}", "let file and id be the same")


def _refused(name: str, why: str, remedy: str) -> PolicyError:
    return PolicyError(f"the policies {name} cannot be used here", why=why, remedy=remedy)
