"""Putting a timestamp into a verdict package that is complete."""

from __future__ import annotations

from pathlib import Path

from ...errors import UsageError
from ...files import read_limited
from ..package.files import LIMITS
from ..package.names import TIMESTAMP, VERDICT, find_signed
from ..package.put import as_folder, put
from .timestamp import check_url, request_timestamp


def add_timestamp(package: Path, url: str) -> Path:
    """Ask an authority for a timestamp over a package's signed verdict, and put it into the package.

    Args:
        package: a verdict package, folder or ZIP file; what is in it is not verified here.
        url: of the authority.

    Returns:
        The file that was written.

    Raises:
        UsageError: there is no signed verdict, it has a timestamp already, or the address is none.
        TrustError: the authority gives no timestamp, the verdict is there in two forms, or it is no safe archive.
    """
    check_url(url)
    try:
        with as_folder(package) as folder:
            names = {entry.name for entry in folder.iterdir()}
            name, path = find_signed(VERDICT, names), package / TIMESTAMP
            if name is None:
                raise UsageError(f"{package} holds no signed verdict", remedy="give a verdict package")
            verdict = read_limited(folder / name, LIMITS.max_bytes)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"cannot read {package}", why=why, remedy="give a verdict package") from error
    if TIMESTAMP in names:
        why = "an earlier time proves more than a later one"
        raise UsageError(f"{path} is there already", why=why, remedy="remove it if the verdict was signed anew")
    put(package, {TIMESTAMP: request_timestamp(url, verdict)})
    return path
