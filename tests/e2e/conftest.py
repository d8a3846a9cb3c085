"""The platform as a whole, once for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests import browser as browsers
from tests import stack as stacks
from tests.stack import Stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """`recapito demo`, embedded: its story has been told, `facts` is its demo.json."""
    folder: Path = tmp_path_factory.mktemp("embedded")
    with stacks.embedded(folder, "demo") as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A real browser without a screen; tests.browser.window opens a person's window in it."""
    with browsers.chromium() as browser:
        yield browser
