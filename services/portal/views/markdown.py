"""Markdown that operators write, as HTML: no HTML of their own, no pictures, no dangerous links."""

from __future__ import annotations

from markdown_it import MarkdownIt
from markupsafe import Markup

_reader = MarkdownIt("commonmark", {"html": False}).disable(["image", "html_block", "html_inline"])
_OUTERMOST = 3  # the page has an h1, its card an h2


def render(text: str) -> Markup:
    """Return the text as HTML; its headings start below those of the page."""
    tokens = _reader.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(6, int(token.tag[1]) + _OUTERMOST - 1)}"
    return Markup(_reader.renderer.render(tokens, _reader.options, {}))  # noqa: S704 - the reader escapes every text and knows no HTML
