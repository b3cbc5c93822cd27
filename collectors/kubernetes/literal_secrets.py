"""Whether a literal value is a secret: by its own form, or by the name that it is given.

The value itself is never part of an answer. A reference (``$(NAME)``, ``${{ secrets.X }}``, ``vault:path``) is not a
literal. Token forms are those that their issuers document; PEM is RFC 7468, JWT RFC 7519, a password in a URL RFC 3986
section 3.2.1.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

_FORMS = {
    "an AWS access key id": r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
    "a GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})",
    "a GitLab token": r"\bgl(?:pat|rt|dt|cbt|ptt|ft|soat)-[A-Za-z0-9_-]{20,}",
    "a Slack token": r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
    "a Slack webhook": r"hooks\.slack\.com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]+",
    "a Google API key": r"\bAIza[A-Za-z0-9_-]{35}",
    "an OpenAI or Anthropic key": r"\bsk-(?:ant-|proj-|svcacct-)?[A-Za-z0-9_-]{20,}",
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}",
    "an npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "a PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{40,}",
    "a Stripe key": r"\b[rs]k_live_[A-Za-z0-9]{20,}",
    "a SendGrid key": r"\bSG\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}",
    "a Docker Hub token": r"\bdckr_pat_[A-Za-z0-9_-]{20,}",
    "a Databricks token": r"\bdapi[0-9a-f]{32}\b",
    "an Azure storage key": r"AccountKey=[A-Za-z0-9+/]{40,}={0,2}",
    "a private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY(?: BLOCK)?-----",
    "a JSON web token": r"\beyJ[A-Za-z0-9_-]{8,400}\.eyJ[A-Za-z0-9_-]{8,8000}\.[A-Za-z0-9_-]{8}",
    "an authorization header": r"(?i)\bauthorization['\"]?\s*:\s*['\"]?(?:bearer|basic|token)\s+[A-Za-z0-9+/=._-]{8,}",
}
_FORM = [(reason, re.compile(pattern)) for reason, pattern in _FORMS.items()]
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{0,20}://[^\s/?#:@'\"]{0,256}:([^\s/?#@'\"]{1,1024})@")
_REFERENCE = re.compile(
    r"\s*(?:\$\([A-Za-z0-9_.-]+\)|\$\{\{[^{}]*\}\}|\$\{[A-Za-z_][A-Za-z0-9_.]*\}|\$[A-Za-z_][A-Za-z0-9_]*|\{\{[^{}]*\}\}"
    r"|(?:vault|ref\+[a-z]+|op|awssm|gcpsm|arn:aws:secretsmanager|secretref)[:+][^\s]+)\s*"
)
_EXPRESSION = re.compile(r"\$\{\{[^{}]*\}\}|\$\([A-Za-z0-9_.-]+\)|\$\{[A-Za-z_][A-Za-z0-9_.]*\}")
_FALLBACK = re.compile(r"\$\{\{[^{}]*(?:\|\||&&)\s*'[^'{}]+'[^{}]*\}\}")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_SECRET_WORDS = {
    "password", "passwd", "pwd", "pass", "passphrase", "secret", "secrets", "token", "credential", "credentials",
    "apikey", "accesskey", "privatekey", "secretkey", "pat", "dsn",
}  # fmt: skip
_SECRET_PAIRS = {
    ("api", "key"), ("access", "key"), ("private", "key"), ("signing", "key"), ("encryption", "key"),
    ("account", "key"), ("auth", "key"), ("master", "key"), ("ssh", "key"), ("service", "key"),
    ("connection", "string"), ("license", "key"), ("deploy", "key"),
}  # fmt: skip
_DESCRIBES = {
    "file", "path", "dir", "name", "ref", "enabled", "ttl", "expiry", "expires", "expiration", "length", "type",
    "header",
    "url", "uri", "endpoint", "version", "limit", "count", "provider", "mode", "policy", "field", "prefix", "location",
    "store", "backend", "annotation", "label", "issuer", "audience", "namespace", "id", "size", "timeout",
}  # fmt: skip
_NUMBERS = re.compile(r"[0-9.]{1,5}|true|false|yes|no|on|off|none|null|enabled|disabled", re.IGNORECASE)
_NOT_RANDOM = {"sha", "digest", "checksum", "hash", "commit", "revision", "rev", "uuid", "guid", "image", "md", "class"}
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{24,512}")
_MAX_MEAN_WORD = 2.5  # characters; names in camel case have longer words, random text changes its kind more often
_MIN_ENTROPY = 4.0  # bits per character; English words joined stay below, 24 random base64 characters above


def secret_in(value: str) -> str | None:
    """Why a text holds a secret, judged by the forms of known tokens alone; None when it holds none.

    Args:
        value: any text; a command line, a file, one setting.
    """
    for reason, pattern in _FORM:
        if pattern.search(value):
            return reason
    for match in _URL.finditer(value):
        if not _REFERENCE.fullmatch(match.group(1)) and not match.group(1).startswith(("$", "<")):
            return "a URL with a password"
    return None


def secret_reason(name: str, value: str) -> str | None:
    """Why a named setting is a secret; None when it is not.

    Args:
        name: of the variable, key or option.
        value: its literal value.
    """
    if named_secret(name) and _FALLBACK.search(value):
        return "an expression falls back to a literal secret"
    if is_reference(value):
        return None
    if form := secret_in(value):
        return form
    if _EXPRESSION.search(value):
        return None  # it is put together at run time, so neither its name nor its look says that this part is a secret
    if named_secret(name) and not _NUMBERS.fullmatch(value.strip()):
        return "its name says that it is a secret"
    return "it looks random, as keys do" if _random(name, value.strip()) else None


def is_reference(value: str) -> bool:
    """Whether a text is empty or only refers to a value that is kept elsewhere."""
    return not _EXPRESSION.sub("", value).strip() or _REFERENCE.fullmatch(value) is not None


def named_secret(name: str) -> bool:
    """Whether a name is one that secrets are given: ``DB_PASSWORD``, ``apiKey``; not ``TOKEN_FILE``, ``MAX_TOKENS``."""
    words = [word.lower() for word in _WORDS.findall(name)]
    singles = [place for place, word in enumerate(words, 1) if word in _SECRET_WORDS]
    pairs = [place for place, pair in enumerate(pairwise(words), 2) if pair in _SECRET_PAIRS]
    last = max([*singles, *pairs], default=0)
    return last > 0 and _DESCRIBES.isdisjoint(words[last:])


_OPTION = re.compile(
    r"(?:^|[\s'\";&|(])(--?[A-Za-z][\w-]*|[A-Za-z_][A-Za-z0-9_]*)(?:=|\s+)"
    r"(\"[^\"]*\"|'[^']*'|[^\s'\";&|)]+)"
)
_USER_OPTION = re.compile(r"\s(?:-u|--user)[\s=]{0,9}['\"]?[^\s:'\"]{1,256}:(?![$<{])[^\s'\"]")
_SHELL_VALUE = re.compile(r"\$\(.*|\$.*|<.*|`.*")


def command_secrets(text: str) -> Iterator[tuple[str, str]]:
    """Secrets in a command line or shell script.

    Args:
        text: the command line, its arguments joined by spaces, or a script.

    Yields:
        The option or variable (or ``command``) and the reason.
    """
    if reason := secret_in(text):
        yield "command", reason
    if "curl" in text and _USER_OPTION.search(text):
        yield "--user", "curl is given a user and password"
    for name, value in _assignments(text):
        plain = value.strip("'\"")
        if not plain or _NUMBERS.fullmatch(plain) or _dynamic(plain, name.startswith("-")):
            continue
        if named_secret(name.lstrip("-")):
            yield name, "its name says that it is a secret"


def _assignments(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    while match := _OPTION.search(text, place):
        name, value = match.groups()
        place = match.end(1)
        assigned = text[match.end(1)] == "="
        if assigned or name.startswith("-"):
            yield name, value


def _dynamic(value: str, is_option: bool) -> bool:
    if _SHELL_VALUE.fullmatch(value):
        return True
    return is_option and value.startswith(("-", "/", "./", "@"))


def _random(name: str, value: str) -> bool:
    if not _RANDOM.fullmatch(value) or _NOT_RANDOM & {word.lower() for word in _WORDS.findall(name)}:
        return False
    kinds = (any(c.islower() for c in value), any(c.isupper() for c in value), any(c.isdigit() for c in value))
    if not all(kinds) or value.count("/") > len(value) // 8 or value.count("-") > 3:
        return False
    if len(value) > _MAX_MEAN_WORD * len(_WORDS.findall(value)):
        return False
    counts = Counter(value)
    entropy = -sum(count / len(value) * math.log2(count / len(value)) for count in counts.values())
    return entropy >= _MIN_ENTROPY
