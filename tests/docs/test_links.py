"""The pages: no link leads nowhere, and every page can be reached from the first one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOT_PAGES = [ROOT / name for name in ("README.md", "SECURITY.md", "CONTRIBUTING.md", "benchmarks/README.md")]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
_LINK = re.compile(r"(?<!!)\[[^\]\[]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"```.*?```|`[^`\n]*`|^    .*$", re.DOTALL | re.MULTILINE)


def links(page: Path) -> list[Path]:
    """The files that a page's links lead to; addresses on the web, and places on the page itself, are left out."""
    found = _LINK.findall(_CODE.sub("", page.read_text()))
    return [(page.parent / link.partition("#")[0]).resolve() for link in found if not re.match(r"[a-z]+:|#", link)]


@pytest.mark.parametrize("page", [*ROOT_PAGES, *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_no_link_leads_nowhere(page: Path) -> None:
    assert [str(target) for target in links(page) if not target.exists()] == []


def test_every_page_is_reached_from_the_first() -> None:
    seen, waiting = set[Path](), [ROOT / "docs" / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.suffix == ".md" and page not in seen and page.exists():
            seen.add(page)
            waiting += links(page)
    assert [str(page.relative_to(ROOT)) for page in PAGES if page not in seen] == []
