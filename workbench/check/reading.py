"""Reads a pack file by file, so that one bad file hides nothing that is wrong with the others."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ...errors import PolicyError
from ...evaluator.bundle import read_bundle
from ...evaluator.engines.confined import Excess, run_steps
from ...evaluator.engines.confined_child import Step
from ...evaluator.engines.limits import Limits
from ...evaluator.policies import is_control
from ...evaluator.policy_files import FOLDERS, check_letters, is_source, read_file
from ...evaluator.rego.syntax import Module, parse
from .problem import Problem, Rule

UNREADABLE = Rule(
    "pack/unreadable",
    "Every file of a pack is a regular file of UTF-8 text within the limits",
    "a pack with such a file is refused as a whole",
    exemptible=False,
)
STRAY = Rule(
    "pack/stray-module",
    "Every module lies where a pack has its modules",
    "it is no part of the pack: nothing evaluates it",
    exemptible=False,
)
SYNTAX = Rule("syntax/error", "Every module is valid Rego v1", "its controls cannot be evaluated", exemptible=False)

INVOLVED = Rule(
    "pack/too-involved",
    "What a rule rests on can be followed",
    "nothing more could be checked of the pack",
    exemptible=False,
)

RULES = (UNREADABLE, STRAY, SYNTAX, INVOLVED)

_PLACE = re.compile(r":(\d+)(?::(\d+))?: ?(.*)", re.DOTALL)
_PARSING = Limits(seconds=5.0)
_PLAIN_DEPTH = 9
_OPENING, _CLOSING = "([{", ")]}"


@dataclass
class Files:
    """What was read.

    Args:
        root: how the pack is called in front of a path; empty for a path alone.
        below: only files whose path begins so are checked.
        texts: path in the pack to text.
        modules: path to module.
        problems: of files that could not be read or parsed.
    """

    root: str
    below: str = ""
    texts: dict[str, str] = field(default_factory=dict)
    modules: dict[str, Module] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def shown(self, path: str) -> str:
        """What to call a file of the pack."""
        return f"{self.root}/{path}" if self.root else path

    def asked(self, path: str) -> bool:
        """The file is to be checked, not only to be there."""
        return path.startswith(self.below)

    def add(self, path: str, data: bytes) -> None:
        """Take a file into the pack, as far as it can be read."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            self.refuse(UNREADABLE.of_file(
                self.shown(path), f"{path} is not UTF-8", line=line, why=str(error), remedy="save it as UTF-8"
            ), path)  # fmt: skip
            return
        self.texts[path] = text
        if path.endswith(".rego"):
            self._parse(path, text)

    def refuse(self, problem: Problem, path: str) -> None:
        """Note a problem, when the file is among those that are asked for."""
        if self.asked(path):
            self.problems.append(problem)

    def _parse(self, path: str, text: str) -> None:
        shown = self.shown(path)
        try:
            if _depth(text) > _PLAIN_DEPTH:  # the parser's time doubles with each level: see whether it ends
                _try(shown, text)
            self.modules[path] = parse(shown, text)
        except PolicyError as error:
            self.refuse(located(SYNTAX, shown, error), path)


def read_pack(path: Path) -> Files:
    """Read a folder, a bundle, or the folder of one control.

    Raises:
        PolicyError: there is nothing of the kind.
    """
    if path.name.endswith((".tar.gz", ".tgz")):
        files = Files(str(path))
        for name, data in read_bundle(path).sources.items():
            files.add(name, data)
        return files
    if path.name == "control.rego":
        path = path.parent
    if not path.is_dir():
        raise PolicyError(f"{path} is no folder or bundle of policies", remedy="give a folder with controls/ in it")
    if (path / "control.rego").is_symlink() or (path / "control.rego").exists():
        return _control_folder(path)
    if not any((path / name).is_dir() for name in FOLDERS):
        raise PolicyError(
            f"{path} is no folder of policies", why="it has no controls/", remedy="give a folder with controls/ in it"
        )
    return _folder(path, Files(str(path)))


def _control_folder(path: Path) -> Files:
    """One control: with the pack around it when it lies in one, else by itself."""
    root = path.absolute().parent.parent
    if path.absolute().parent.name == "controls":
        shown = os.path.relpath(root) if not path.is_absolute() else str(root)
        return _folder(root, Files("" if shown == "." else shown, f"controls/{path.absolute().name}/"))
    files = Files(str(path))
    for item in sorted(path.glob("*.rego")):
        if not item.name.endswith("_test.rego"):
            _take(files, item.name, item)
    return files


def _folder(folder: Path, files: Files) -> Files:
    for name, path in _listed(folder):
        if is_source(name):
            _take(files, name, path)
        elif path.is_symlink() and path.is_dir():
            why = "links are not followed"
            files.refuse(UNREADABLE.of_file(files.shown(name), f"{name} is a link to a folder", why=why), name)
        elif name.endswith(".rego") and not name.endswith("_test.rego"):
            files.refuse(_stray(files.shown(name), name), name)
    return files


def _listed(folder: Path) -> Iterator[tuple[str, Path]]:
    for path in sorted(folder.glob("*.rego")):
        yield path.name, path
    for top in FOLDERS:
        for root, folders, names in os.walk(folder / top):
            folders.sort()
            links = [name for name in folders if Path(root, name).is_symlink()]
            for name in sorted((*names, *links)):
                path = Path(root, name)
                yield path.relative_to(folder).as_posix(), path


def _take(files: Files, name: str, path: Path) -> None:
    try:
        files.add(name, read_file(path))
    except PolicyError as error:
        files.refuse(UNREADABLE.of_file(files.shown(name), error.what, why=error.why, remedy=error.remedy), name)


def _stray(shown: str, name: str) -> Problem:
    try:
        check_letters(name)
    except PolicyError as error:
        return UNREADABLE.of_file(shown, error.what, why=error.why, remedy=error.remedy)
    remedy = "put a control at controls/<ID>/control.rego, and what controls share below lib/"
    return STRAY.of_file(shown, f"{name} lies outside controls/ and lib/, or has an odd name", remedy=remedy)


def located(rule: Rule, path: str, error: PolicyError) -> Problem:
    """A problem from an error, with line and column where ``what`` or ``why`` begin with ``path`` and them."""
    what, why, place = error.what.removeprefix(f"{path}: "), error.why, {"line": 1, "column": 1}
    if error.what.startswith(path) and (found := _PLACE.match(error.what.removeprefix(path))):
        what, place = found.group(3), _place(found)
    elif error.why.startswith(path) and (found := _PLACE.match(error.why.removeprefix(path))):
        why, place = found.group(3), _place(found)
    return rule.of_file(path, what, why=why, remedy=error.remedy, **place)


def _place(found: re.Match[str]) -> dict[str, int]:
    return {"line": int(found.group(1)), "column": int(found.group(2) or 1)}


def stray_controls(texts: Mapping[str, str]) -> list[str]:
    """Modules in a folder of ``controls/`` that has no ``control.rego``."""
    homes = {path.rpartition("/")[0] for path in texts if is_control(path)}
    return [
        path
        for path in texts
        if path.startswith("controls/") and path.endswith(".rego") and "/".join(path.split("/")[:2]) not in homes
    ]


def _depth(text: str) -> int:
    """How deep brackets nest; those in strings and comments count, which only makes it more careful."""
    deepest = depth = 0
    for letter in text:
        if letter in _OPENING:
            depth += 1
            deepest = max(deepest, depth)
        elif letter in _CLOSING:
            depth = max(depth - 1, 0)
    return deepest


def _try(path: str, text: str) -> None:
    """Parse in a child that ends.

    Raises:
        PolicyError: it does not end in time.
    """
    for _, answer in run_steps([Step(partial(_parse_only, path, text))], _PARSING):
        if isinstance(answer, Excess):
            why = "each level of brackets may double the time of the embedded engine's parser"
            what = f"it cannot be parsed within {_PARSING.seconds:g} s and {_PARSING.memory_mib} MiB"
            raise PolicyError(f"{path}:1:1: {what}", why=why, remedy="let brackets nest less")


def _parse_only(path: str, text: str) -> bytes:
    try:
        parse(path, text)
    except PolicyError:
        return b"wrong"  # told when it is parsed for good
    return b"right"
