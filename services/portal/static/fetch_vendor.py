"""Brings the few browser files that the pages use from the npm registry into vendor/, with their licences and vendor.json.

Only for who changes a version or adds an icon: python services/portal/static/fetch_vendor.py. Needs npm, and fonttools with brotli for
the Arabic face. The result is committed, so that running Recapito needs Python packages alone.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

STATIC = Path(__file__).parent
VENDOR = STATIC / "vendor"
PACKAGES = {
    "@tabler/core": "1.6.1",
    "@tabler/icons": "3.51.0",
    "htmx.org": "4.0.1",
    "@fontsource-variable/inter": "5.3.0",
    "@fontsource-variable/noto-sans-arabic": "5.3.0",
}
FILES = {
    "tabler.min.css": ("@tabler/core", "dist/css/tabler.min.css"),
    "tabler.rtl.min.css": ("@tabler/core", "dist/css/tabler.rtl.min.css"),
    "tabler.min.js": ("@tabler/core", "dist/js/tabler.min.js"),
    "htmx.min.js": ("htmx.org", "dist/htmx.min.js"),
    "inter-latin.woff2": ("@fontsource-variable/inter", "files/inter-latin-wght-normal.woff2"),
}
ARABIC = ("@fontsource-variable/noto-sans-arabic", "files/noto-sans-arabic-arabic-wght-normal.woff2")
ARABIC_LETTERS = (
    "U+0600-0605,U+0608,U+060C-060D,U+061B-063A,U+0640-065F,U+0660-066D,U+0670,U+0679,U+067E,U+0686,U+0688,U+0691,U+0698,"
    "U+06A9,U+06AF,U+06BA,U+06BE,U+06C1-06C3,U+06CC,U+06D2-06D4,U+06F0-06F9,U+200C-200F"
)
ICONS = [
    "alert-circle",
    "alert-triangle",
    "arrow-down",
    "arrow-left",
    "arrow-right",
    "arrow-up",
    "ban",
    "bell",
    "bell-off",
    "briefcase",
    "building",
    "calendar",
    "check",
    "checklist",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "clock",
    "clock-exclamation",
    "copy",
    "credit-card",
    "crown",
    "device-desktop",
    "dots",
    "download",
    "edit",
    "external-link",
    "eye",
    "file-check",
    "file-invoice",
    "file-text",
    "file-type-pdf",
    "filter",
    "folder",
    "help-circle",
    "history",
    "home",
    "info-circle",
    "key",
    "language",
    "link",
    "list",
    "lock",
    "login",
    "logout",
    "mail",
    "mail-off",
    "mail-x",
    "menu-2",
    "minus",
    "moon",
    "paperclip",
    "plus",
    "printer",
    "refresh",
    "search",
    "send",
    "settings",
    "shield-check",
    "stethoscope",
    "sun",
    "template",
    "trash",
    "user",
    "user-check",
    "user-plus",
    "users",
    "x",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        packages = {name: _unpack(name, version, Path(folder)) for name, version in PACKAGES.items()}
        shutil.rmtree(VENDOR, ignore_errors=True)
        VENDOR.mkdir()
        for target, (package, source) in FILES.items():
            content = (packages[package] / source).read_bytes()
            (VENDOR / target).write_bytes(re.sub(rb"\s*(//|/\*)# sourceMappingURL=\S+( \*/)?\s*$", b"\n", content))
        _subset(packages[ARABIC[0]] / ARABIC[1], VENDOR / "noto-sans-arabic.woff2")
        (VENDOR / "icons.svg").write_text(_sprite(packages["@tabler/icons"] / "icons" / "outline"))
        _describe(packages)


def _unpack(package: str, version: str, folder: Path) -> Path:
    npm = shutil.which("npm") or sys.exit("npm is needed")
    written = subprocess.run(  # noqa: S603 - fixed arguments
        [npm, "pack", "--silent", "--ignore-scripts", f"{package}@{version}"], cwd=folder, check=True, capture_output=True, text=True
    )
    target = folder / package.replace("/", "_")
    with tarfile.open(folder / written.stdout.strip()) as archive:
        archive.extractall(target, filter="data")
    return target / "package"


def _subset(source: Path, target: Path) -> None:
    subset = [sys.executable, "-m", "fontTools.subset", str(source), f"--unicodes={ARABIC_LETTERS}", "--layout-features=*"]
    subprocess.run([*subset, "--flavor=woff2", f"--output-file={target}"], check=True)  # noqa: S603 - fixed arguments


def _sprite(outlines: Path) -> str:
    symbols = []
    for icon in sorted(ICONS):
        drawing = re.sub(r"<!--.*?-->", "", (outlines / f"{icon}.svg").read_text(), flags=re.DOTALL)
        paths = re.findall(r"<path [^>]*/>", drawing)
        symbols.append(f'<symbol id="i-{icon}" viewBox="0 0 24 24">{"".join(path.replace(" />", "/>") for path in paths)}</symbol>')
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(symbols) + "\n</svg>\n"


def _describe(packages: dict[str, Path]) -> None:
    described = []
    for name, folder in packages.items():
        package = json.loads((folder / "package.json").read_text())
        licence = next(iter(sorted(folder.glob("LICENSE*"))), None)
        licence_file = f"LICENCE.{name.strip('@').replace('/', '_')}.txt"
        # @tabler/core ships no licence file of its own; its package.json says MIT, as the text of @tabler/icons does.
        shutil.copy(licence or next(packages["@tabler/icons"].glob("LICENSE*")), VENDOR / licence_file)
        described.append({"name": name, "version": package["version"], "licence": package["license"], "licence_file": licence_file})
    hashes = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(VENDOR.iterdir())}
    (VENDOR / "vendor.json").write_text(json.dumps({"packages": described, "sha256": hashes}, indent=1) + "\n")


if __name__ == "__main__":
    main()
