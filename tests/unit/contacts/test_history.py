"""Whatever writes what decides keeps its history: read from the code, because a forgotten state shows only years later."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import services.contacts.repository as repository

TABLES = {"contacts", "affiliations", "customers", "settings", "contact_groups"}
WRITES = {"insert", "update", "delete"}
KEEPS = {
    *("keep_contact", "keep_contacts", "keep_affiliations", "keep_customer", "keep_customers", "keep_settings"),
    *("end_affiliations", "end_contact"),
}
DECIDES_NOTHING = {"contacts.entered", "search.refresh_contacts", "fields.clear", "fields._take_out"}  # the last access; words; profile


def calls(function: ast.FunctionDef) -> Iterator[tuple[str, set[str]]]:
    """Give each call in a function: the name of what is called, and the names among its arguments."""
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            yield called, {argument.id for argument in node.args if isinstance(argument, ast.Name)}


def test_every_function_that_writes_what_decides_keeps_its_history() -> None:
    forgotten = []
    for path in Path(repository.__file__).parent.glob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef) and f"{path.stem}.{function.name}" not in DECIDES_NOTHING:
                found = list(calls(function))
                writes = any(called in WRITES and names & TABLES for called, names in found)
                if writes and not any(called in KEEPS for called, _ in found):
                    forgotten.append(f"{path.stem}.{function.name}")
    assert forgotten == []
