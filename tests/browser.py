"""A real Chromium for tests of the pages: it notes every breach of the content policy, and can be asked about accessibility and layout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, sync_playwright

AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text()
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DESKTOP = ViewportSize(width=1440, height=900)
PHONE = ViewportSize(width=390, height=844)
NARROWEST = ViewportSize(width=320, height=640)
_QUIET = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NOTE_VIOLATIONS = """document.addEventListener('securitypolicyviolation',
    (event) => console.error(`content policy: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`))"""
_AXE_RUN = "(tags) => axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']})"


@dataclass
class Window:
    """One person's browser. faults: what the console complained about, answers of 4xx apart."""

    context: BrowserContext
    page: Page
    base_url: str
    faults: list[str] = field(default_factory=list)

    def open(self, path: str) -> int:
        """Go to a page and return its status."""
        answer = self.page.goto(f"{self.base_url}{path}")
        assert answer is not None
        return answer.status

    @property
    def path(self) -> str:
        return self.page.url.removeprefix(self.base_url)

    def sign_in(self, email: str, password: str, front: str = "area") -> None:
        self.open(f"/{front}/sign-in")
        self.page.fill("#email", email)
        self.page.fill("#password", password)
        with self.page.expect_navigation():  # the click alone returns before the next page has its style sheets
            self.page.click("main button[type=submit]")

    def theme(self, name: str) -> None:
        self.context.add_cookies([{"name": "theme", "value": name, "url": self.base_url}])

    def resize(self, size: ViewportSize) -> None:
        self.page.set_viewport_size(size)

    def sideways(self) -> int:
        """Return by how many pixels the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def accessibility(self) -> list[str]:
        """Return what axe-core finds wrong, one line for each place."""
        self.page.evaluate(AXE)
        found: dict[str, Any] = self.page.evaluate(_AXE_RUN, TAGS)
        return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]

    def focused(self) -> str:
        """Return the words of what has the focus: its label, text or name; "" for the page itself."""
        words = "el.labels?.[0]?.innerText || el.innerText || el.getAttribute('aria-label') || el.name || ''"
        script = f"(el => el.matches('body, main') ? '' : ({words}).trim())"
        return str(self.page.evaluate(f"{script}(document.activeElement)"))

    def press_and_go(self, key: str) -> None:
        """Press a key that leads to another page, and wait for it."""
        with self.page.expect_navigation():
            self.page.keyboard.press(key)

    def tab_to(self, words: str, most: int = 60) -> None:
        """Press Tab until what has these words has the focus."""
        for _press in range(most):
            if words in self.focused():
                return
            self.page.keyboard.press("Tab")
        raise AssertionError(f"{words!r} cannot be reached by keyboard")


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, or the one in RECAPITO_CHROMIUM, without a screen."""
    program = os.environ.get("RECAPITO_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
    arguments = [*_QUIET, "--no-sandbox"] if os.geteuid() == 0 else _QUIET  # root has no sandbox
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Browser, base_url: str, *, size: ViewportSize = DESKTOP, locale: str = "it-IT", script: bool = True
) -> Iterator[Window]:
    """Open a browser of its own; nothing may have broken the content policy when it closes."""
    context = browser.new_context(viewport=size, locale=locale, java_script_enabled=script, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    context.add_init_script(_NOTE_VIOLATIONS)
    opened = Window(context, context.new_page(), base_url)

    def note(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and "the server responded with a status of 4" not in message.text:
            opened.faults.append(message.text)

    context.on("console", note)
    context.on("weberror", lambda error: opened.faults.append(str(error.error)))
    try:
        yield opened
        assert not opened.faults, opened.faults
    finally:
        context.close()
