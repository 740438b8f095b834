"""Links of the docs: those into the project lead somewhere, those out of it are well formed. Offline."""

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from support.markdown import anchors, links, pages

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", pages(ROOT), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page):
    broken = [link for link in links(page.read_text(encoding="utf-8")) if not leads_somewhere(page, link)]
    assert not broken


def leads_somewhere(page: Path, link: str) -> bool:
    parts = urlsplit(link)
    if parts.scheme:
        return parts.scheme in ("http", "https") and "." in parts.netloc
    target = (page.parent / parts.path).resolve() if parts.path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    return not parts.fragment or parts.fragment in anchors(target.read_text(encoding="utf-8"))


def test_every_page_of_docs_is_in_the_index(root):
    index = root / "docs" / "index.md"
    listed = {urlsplit(link).path for link in links(index.read_text(encoding="utf-8"))}
    assert not {page.name for page in (root / "docs").glob("*.md")} - listed - {index.name}


@pytest.mark.parametrize(
    ("link", "leads"),
    [
        ("#one-1", True),
        ("#a-dice-of-081-and-more", True),
        ("#two", False),
        ("#not-a-heading", False),
        ("test_links.py", True),
        ("nowhere.md", False),
        ("../../../..", False),
        ("https://dvc.org/doc", True),
        ("https://dvc", False),
        ("htp://dvc.org", False),
    ],
)
def test_where_a_link_leads(tmp_path, link, leads):
    text = "# One\n\n## One\n\n## A `Dice` of [0.81](x.md), and more\n\n```\n# not a heading\n```\n"
    page = Path(__file__).with_name("page.md") if not link.startswith("#") else tmp_path / "page.md"
    if link.startswith("#"):
        page.write_text(text)
        assert (link[1:] in anchors(text)) == leads
    else:
        assert leads_somewhere(page, link) == leads
