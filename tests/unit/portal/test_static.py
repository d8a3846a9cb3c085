"""The browser files that are committed are those that vendor.json speaks of, and all that the pages name is there."""

from __future__ import annotations

import hashlib
import json
import re

from services.portal.views.assets import STATIC, Assets

VENDOR = STATIC / "vendor"
TEMPLATES = STATIC.parent / "templates"
VIEWS = STATIC.parent / "views"


def test_every_vendored_file_is_what_its_hash_says() -> None:
    described = json.loads((VENDOR / "vendor.json").read_text())["sha256"]
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VENDOR.iterdir() if path.name != "vendor.json"}
    assert found == described


def test_every_package_comes_with_its_licence() -> None:
    for package in json.loads((VENDOR / "vendor.json").read_text())["packages"]:
        assert package["licence"] in {"MIT", "0BSD", "BSD-0-Clause", "OFL-1.1"}, package["name"]
        assert len((VENDOR / package["licence_file"]).read_text()) > 500, package["name"]


def test_every_icon_that_a_page_names_is_in_the_sprite() -> None:
    sprite = set(re.findall(r'id="i-([\w-]+)"', (VENDOR / "icons.svg").read_text()))
    named = set()
    for path in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'\bicon\("([\w-]+)"', path.read_text()))
    assert len(named) > 10
    assert not named - sprite


def test_every_file_that_a_page_names_is_served() -> None:
    assets = Assets()
    for path in TEMPLATES.rglob("*.html"):
        for name in re.findall(r"asset\('([\w.-]+)'", path.read_text()):
            assert assets[name].address


def test_fonts_are_found_from_the_style_sheet() -> None:
    assets = Assets()
    css = assets["recapito.css"].content.decode()
    assert assets["inter-latin.woff2"].address in css
    assert assets["noto-sans-arabic.woff2"].address in css
    assert "./vendor" not in css


def test_no_style_sheet_or_script_of_ours_loads_from_outside() -> None:
    for name in ("recapito.css", "app.js", "tabler.min.css", "tabler.rtl.min.css"):
        text = Assets()[name].content.decode()
        assert not re.search(r"url\([\"']?(https?:)?//|@import|import\(", text), name


def test_templates_hold_no_inline_style_or_script() -> None:
    for path in TEMPLATES.rglob("*.html"):
        assert not re.search(r"\sstyle=|\son[a-z]+=[\"']|<style|<script(?![^>]*\ssrc=)|\|\s*safe\b|hx-on|\"js:", path.read_text()), path


def test_our_style_sheet_knows_no_left_and_right_but_for_mirrored_text() -> None:
    css = re.sub(r"/\*.*?\*/", "", (STATIC / "recapito.css").read_text(), flags=re.DOTALL)
    physical = [line for line in css.splitlines() if re.search(r"(margin|padding|border)-(left|right)|[{;]\s*(left|right)\s*:", line)]
    assert not physical


def test_pages_stay_small() -> None:
    assert len((STATIC / "app.js").read_bytes()) <= 6 * 1024
    assert len(Assets()["recapito.css"].compressed) <= 12 * 1024
