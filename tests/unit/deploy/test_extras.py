"""The image of a service holds what its extra in pyproject.toml names: it must name all that the service's code imports."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# Modules of one namespace that several distributions share, and what comes with a package that is named.
GIVEN = {"google", "grpc", "grpc_health", "grpc_reflection", "opentelemetry", "buf", "protobuf", "recapito", "jinja2", "babel", "idna"}


def imports(path: Path) -> Iterator[str]:
    """Return the modules that a file imports, but those for type checkers alone."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def own_file(module: str) -> Path | None:
    path = ROOT.joinpath(*module.split("."))
    found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return found if found.exists() else None


def foreign_modules(service: str) -> set[str]:
    """Return what the service's files and the files of ours that they import take from other distributions."""
    waiting, seen, foreign = [*(ROOT / "services" / service).rglob("*.py")], set[Path](), set[str]()
    while waiting:
        path = waiting.pop()
        if path in seen or "migrations" in path.parts:
            continue
        seen.add(path)
        for module in imports(path):
            if module.split(".")[0] not in {"libs", "services"}:
                foreign.add(module.split(".")[0])
            elif file := own_file(module):
                waiting.append(file)
    return foreign - set(sys.stdlib_module_names)


def named(extra: str) -> set[str]:
    """Return the distributions that an extra and the base name."""
    found = set()
    for requirement in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"][extra]]:
        if inner := re.fullmatch(r"recapito\[(\w+)\]", requirement):
            found |= named(inner[1])
        else:
            found.add(normal(re.split(r"[\[<>=]", requirement)[0]))
    return found


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("service", ["identity", "contacts", "documents", "notifications", "portal", "gateway"])
def test_an_extra_names_all_that_the_service_imports(service: str) -> None:
    distributions = packages_distributions()
    wanted = {module: {normal(name) for name in distributions.get(module, [module])} for module in foreign_modules(service) - GIVEN}
    missing = sorted(module for module, candidates in wanted.items() if not candidates & named(service))
    assert missing == []
