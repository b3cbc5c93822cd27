"""Text: JSON, XML, Python, or just text."""

from __future__ import annotations

import ast
import codecs
import json
import re

from .source import Source, blocks
from .visit import Shape, Visit

_LARGEST_DOCUMENT = 64 << 20
_LARGEST_PYTHON = 1 << 20
_STATEMENT = re.compile(rb"(\s*(#[^\n]*)?\n)*(import \w|from [\w.]+ import |(async )?def \w+\(|class \w+[:(]|@\w)")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_RUNS = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_CALLS = frozenset({"eval", "exec", "compile", "open", "print", "getattr", "__import__", "breakpoint", "input"})


def examine_text(source: Source, visit: Visit) -> Shape | None:
    """Decide what kind of text a content is.

    Returns:
        None when it is no text in UTF-8.
    """
    if not _is_text(source, visit):
        return None
    head = source.read_at(0, 4096).removeprefix(_BYTE_ORDER_MARK)
    start = head.lstrip()[:1]
    if start in (b"{", b"["):
        shape = _json(source)
        if shape is not None:
            return shape
    if start == b"<" and re.match(rb"<(\?xml|!--|[A-Za-z])", head.lstrip()):
        return _xml(source, head, visit)
    if _is_python(source, head):
        visit.gap("Python source is not examined")
        return Shape("python", "yes")
    return Shape("text", "no")


def _is_text(source: Source, visit: Visit) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for block in blocks(source):
            visit.budget.check_time()
            if _CONTROL.search(decoder.decode(block)):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _json(source: Source) -> Shape | None:
    if source.size > _LARGEST_DOCUMENT:
        return None
    try:
        json.loads(source.read_at(0, source.size).removeprefix(_BYTE_ORDER_MARK))
    except (ValueError, RecursionError):
        return None
    return Shape("json", "no")


def _xml(source: Source, head: bytes, visit: Visit) -> Shape:
    if b"<PMML" in head:
        return Shape("pmml", "no")
    if b"<!ENTITY" in source.read_at(0, 1 << 20):
        visit.problem("the XML declares entities, which readers may expand without end or fetch")
    lowered = head.lower()
    if b"<html" in lowered or b"<svg" in lowered or b"<script" in lowered:
        visit.gap("scripts in a document for browsers are not examined")
        return Shape("html", "possible")
    return Shape("xml", "no")


def _is_python(source: Source, head: bytes) -> bool:
    # Python of another version does not parse here, and a large file is not parsed: then its first statement decides.
    if source.size > _LARGEST_PYTHON:
        return _STATEMENT.match(head) is not None
    try:
        tree = ast.parse(source.read_at(0, source.size))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return _STATEMENT.match(head) is not None
    return any(isinstance(node, _RUNS) or _calls_builtin(node) for node in ast.walk(tree))


def _calls_builtin(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _CALLS
