from __future__ import annotations

import pickle

import pytest
from forged_models import clean, walk

from probatum.collectors.pickles.allow_list import AllowList
from probatum.collectors.pickles.dangerous import is_dangerous
from probatum.errors import UsageError


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("collections", "OrderedDict"), ("numpy", "dtype"), ("numpy._core.multiarray", "_reconstruct"),
        ("sklearn.linear_model._logistic", "LogisticRegression"), ("torch._utils", "_rebuild_tensor_v2"),
        ("__builtin__", "set"), ("copy_reg", "_reconstructor"), ("__builtin__", "unicode"),
    ],
)  # fmt: skip
def test_known_imports_are_allowed(module: str, name: str) -> None:
    assert AllowList().severity(module, name) is None


@pytest.mark.parametrize(
    ("module", "name", "severity"),
    [
        ("os", "system", "critical"), ("posix", "system", "critical"), ("builtins", "eval", "critical"),
        ("__builtin__", "execfile", "critical"), ("commands", "getoutput", "critical"), ("numpy", "load", "critical"),
        ("numpy", "memmap", "high"), ("numpy", "os", "high"), ("numpy", "ndarray.tofile", "critical"),
        ("sklearn.linear_model._logistic", "np", "high"), ("sklearn.datasets._base", "load_files", "high"),
        ("my", "Model", "high"), ("functools", "partial", "high"), ("builtins", "print", "high"), ("", "", "high"),
        ("collections.OrderedDict", "fromkeys", "high"), ("Collections", "OrderedDict", "high"), ("torch", "load",
        "critical"),
        ("numpy.core._internal", "_ufunc_reconstruct", "critical"), ("torch.fx.graph_module", "reduce_graph_module",
        "critical"),
    ],
)  # fmt: skip
def test_everything_else_is_not(module: str, name: str, severity: str) -> None:
    assert AllowList().severity(module, name) == severity


def test_nothing_allowed_is_known_to_be_dangerous() -> None:
    pairs = AllowList()._pairs
    assert len(pairs) > 500
    assert not [pair for pair in pairs if is_dangerous(*pair)]


def test_no_allowed_name_is_dotted_or_a_pattern() -> None:
    assert all(name.isidentifier() for _, name in AllowList()._pairs)


def test_loading_bytes_is_guarded_not_allowed() -> None:
    allow = AllowList()
    assert allow.guarded("torch.storage", "_load_from_bytes")
    assert allow.severity("torch.storage", "_load_from_bytes") is not None


def test_an_extension_allows_exactly_one_import() -> None:
    data = pickle.dumps(pickle.PickleError("x"), 2).replace(b"cpickle\nPickleError", b"cmine.sub\nModel")
    assert not clean(data)
    assert not clean(data, allow=("mine.sub.Other",))
    assert clean(data, allow=("mine.sub.Model", "builtins.Exception"))


def test_a_dotted_name_is_allowed_only_when_named_so() -> None:
    data = b"\x80\x04cmine\nOuter.Inner\n)\x81."
    assert not clean(data, allow=("mine.Outer.Inner",))
    assert clean(data, allow=("mine:Outer.Inner",))


def test_an_extension_changes_the_digest() -> None:
    assert AllowList().digest != AllowList(("mine.Model",)).digest
    assert AllowList().digest == AllowList().digest
    assert len(AllowList().digest) == 64


def test_extensions_are_sorted_and_distinct() -> None:
    assert AllowList.extended(["b.B", "a.A", "b.B"]).extended_with == ("a.A", "b.B")


@pytest.mark.parametrize(
    "name",
    ["os.system", "builtins.eval", "mine.*", "mine", "", "mine..Model", "mine.Model ", 5, None, "os:path.join",
    "subprocess.Popen",
     "logging:os.system", "a:b:c", "mine.Model\n", "1a.B"],
)  # fmt: skip
def test_patterns_and_dangerous_imports_cannot_be_allowed(name: object) -> None:
    with pytest.raises(UsageError) as error:
        AllowList.extended([name])
    assert error.value.why
    assert error.value.remedy


def test_a_name_inside_another_class_is_told_apart() -> None:
    _, findings = walk(b"\x80\x04cmine\nOuter.Inner\n)\x81.")
    assert [issue.imported for issue in findings.issues] == ["mine.Outer.Inner"]
