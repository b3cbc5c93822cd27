"""Imports that are known to run, load or reach something.

The list decides nothing: what is not on the allow-list is an issue anyway. It says which issues are ``critical``.

Sources: advisories of picklescan, fickling and modelscan; https://docs.python.org/3/library/pickle.html#restricting-globals.
"""

from __future__ import annotations

_MODULES = frozenset(
    {
        "_io", "_osx_support", "_pickle", "_posixsubprocess", "_socket", "_thread", "_winapi", "aiohttp",
        "antigravity", "asyncio", "bdb", "cProfile", "cloudpickle", "cmd", "code", "codeop", "commands",
        "concurrent", "ctypes", "_ctypes", "dill", "dis", "distutils", "doctest", "ensurepip", "fileinput",
        "ftplib", "glob", "http", "httplib", "idlelib", "imaplib", "imp", "importlib", "inspect", "io",
        "jsonpickle", "lib2to3", "linecache", "logging", "mailcap", "marshal", "mmap", "modulefinder", "msvcrt",
        "multiprocessing", "nntplib", "nt", "ntpath", "numba", "numexpr", "operator", "os", "pdb", "pickle",
        "pip", "pkg_resources", "pkgutil", "popen2", "poplib", "posix", "posixpath", "profile", "pty", "pydoc",
        "requests", "resource", "runpy", "sched", "select", "setuptools", "shelve", "shlex", "shutil", "signal",
        "site", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "symtable", "sys",
        "sysconfig", "tarfile", "telnetlib", "tempfile", "test", "this", "threading", "timeit", "trace",
        "urllib", "urllib2", "venv", "webbrowser", "winreg", "xmlrpc", "zipapp", "zipfile", "zipimport",
    }
)  # fmt: skip
_BUILTINS = frozenset(
    {
        "__import__", "apply", "breakpoint", "compile", "delattr", "eval", "exec", "execfile", "file",
        "getattr", "globals", "input", "locals", "open", "reload", "setattr", "type", "vars",
    }
)  # fmt: skip
_EXACT = frozenset(
    {
        "joblib.load", "joblib.numpy_pickle.load", "numpy.load", "numpy.lib.npyio.load", "numpy.fromfile",
        "numpy.core._ufunc_reconstruct", "numpy.core._internal._ufunc_reconstruct", "numpy._core._ufunc_reconstruct",
        "pandas.read_pickle", "pandas.eval", "pandas.io.pickle.read_pickle", "torch.load", "torch.save",
        "torch.serialization.load", "torch.hub.load", "torch.jit.load", "torch.utils.cpp_extension.load",
        "torch.storage._load_from_bytes", "keras.models.load_model", "tensorflow.io.write_file",
    }
)  # fmt: skip
_PREFIXES = (
    "numpy.distutils.", "numpy.f2py.", "numpy.testing.", "torch._inductor.", "torch.utils.collect_env.",
    "torch.utils.bottleneck.", "torch.fx.", "torch.distributed.", "torch.multiprocessing.", "torch.package.",
)  # fmt: skip


def is_dangerous(module: str, name: str) -> bool:
    """Whether an import that is not on the allow-list is known to be dangerous.

    A dotted name is: it walks from attribute to attribute, so any module leads to any other.
    """
    if module in ("builtins", "__builtin__"):
        return "." in name or name in _BUILTINS
    path = f"{module}.{name}"
    return "." in name or module.partition(".")[0] in _MODULES or path in _EXACT or path.startswith(_PREFIXES)
